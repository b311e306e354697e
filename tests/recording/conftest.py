"""A vendor that echoes what it was sent, and the command that records what it said."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from listening_vendor import KEY, Server

from koppling_tools.cli import main

HERE = Path(__file__).parent
DAY = "2026-11-23"


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    yield one
    one.close()


@dataclass(frozen=True)
class Outcome:
    """How the command ended, what it wrote, and the example that it kept."""

    status: int
    out: str
    err: str
    path: Path

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")


@pytest.fixture
def place(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a copy of the specs, and the server's address in the environment."""
    for name in list(os.environ):
        if name.startswith(("KOPPLING_", "VAULT_", "GATE_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("KOPPLING_CACHE", "")
    monkeypatch.setenv("KOPPLING_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("VAULT_URL", server.url)
    monkeypatch.setenv("VAULT_API_KEY", KEY)
    monkeypatch.setenv("GATE_URL", server.url)
    shutil.copytree(HERE / "spec", tmp_path / "spec")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def record(place: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    def run(module: str, *words: str, case: str = "real") -> Outcome:
        connector, name = module.split(".")
        status = main(["test", "--record", module, "--case", case, "--as-of", DAY, *words])
        said = capsys.readouterr()
        return Outcome(status, said.out, said.err, place / f"spec/{connector}/examples/{name}.v1/{case}.yaml")

    return run


@pytest.fixture
def replayed(capsys: pytest.CaptureFixture[str]) -> Callable[[Path], tuple[int, str]]:
    """Run `koppling test` on an example, as CI will, years later."""

    def run(path: Path) -> tuple[int, str]:
        status = main(["test", str(path), "--specs", "spec", "--as-of", "2031-01-01"])
        return status, capsys.readouterr().out

    return run
