"""A server of strict vendors, a second one that must never hear of it, and the two worlds that call."""

from __future__ import annotations

import os

import pytest
from strict.server import Loopback
from strict.town import VENDORS
from worlds import Async, Sync, Ticks


@pytest.fixture(autouse=True)
def _nothing_of_this_machine(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("KOPPLING_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def _servers():
    with Loopback(VENDORS) as one, Loopback(VENDORS) as other:
        yield one, other


@pytest.fixture
def server(_servers):
    with _servers[0].afresh() as found:
        yield found


@pytest.fixture
def stranger(_servers):
    """Another origin: the same vendors on another port."""
    with _servers[1].afresh() as found:
        yield found


@pytest.fixture
def ticks():
    return Ticks()


@pytest.fixture(params=[Sync, Async], ids=["sync", "async"])
def world(request, server, ticks):
    return request.param(server, ticks)
