"""The connector of the fault suite serves here too."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def specs():
    return Path(__file__).parents[1] / "faults" / "spec"
