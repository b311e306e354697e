"""Where new specs go in a test: an empty folder, and what the commands say there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from koppling_tools.cli import main

Said = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KOPPLING_SPECS", raising=False)
    return tmp_path


@pytest.fixture
def said(here: Path, capsys: pytest.CaptureFixture[str]) -> Said:
    def run(*arguments: str) -> tuple[int, list[str], str]:
        status = main(list(arguments))
        shown = capsys.readouterr()
        return status, shown.out.splitlines(), " ".join(shown.err.split())

    return run


@pytest.fixture
def holds(said: Said) -> Callable[[], None]:
    """Check that all that was written is valid, in its form, and passes its own examples, as a person would."""

    def check() -> None:
        status, out, err = said("validate", "--format", "text")
        assert (status, out) == (0, []), (out, err)
        assert "0 errors, 0 warnings" in err
        status, out, err = said("test")
        assert status == 0, (out, err)
        status, out, err = said("fmt", "--check")
        assert status == 0, (out, err)

    return check
