from __future__ import annotations

import pytest
from watching_world import World


@pytest.fixture(params=["sync", "async"])
def world(request, tmp_path_factory, monkeypatch):
    monkeypatch.setenv("KOPPLING_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    return World(request.param)
