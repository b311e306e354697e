"""The example connector of this folder, and its replay behind a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from koppling.catalog import Catalog
from koppling_tools.sandbox.start import Sandbox, start

HERE = Path(__file__).parent
DAY = "2026-11-23"


@pytest.fixture(autouse=True)
def nothing_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read no cache, no variable and no proxy of whoever runs the tests."""
    monkeypatch.setenv("KOPPLING_CACHE", "")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("KOPPLING_SPECS", raising=False)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in this folder: paths in messages are relative to it."""
    monkeypatch.chdir(HERE)
    return HERE


@pytest.fixture
def catalog(here: Path) -> Catalog:
    return Catalog([here / "spec"])


@pytest.fixture
def sandbox(catalog: Catalog) -> Iterator[Sandbox]:
    with start("acme", catalog=catalog, mode="replay") as found:
        yield found


@pytest.fixture
def vendor(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """A plain HTTP client of the replay, with a key that no example has."""
    with httpx.Client(base_url=sandbox.url, headers={"Authorization": "Bearer anything"}, trust_env=False) as client:
        yield client
