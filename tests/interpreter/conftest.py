"""Fixtures of the interpreter's tests; the vendor that they talk to stands in acme.py."""

from __future__ import annotations

import pytest
from acme import Vendor


@pytest.fixture
def vendor():
    return Vendor()


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("KOPPLING_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    for name in ("ACME_API_KEY", "ACME_BASE_URL", "ACME_RETRIES"):
        monkeypatch.delenv(name, raising=False)
