from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from editor_client import Editor

SPEC = Path(__file__).parent / "spec"


@pytest.fixture(scope="session")
def server():
    editor = Editor("--as-of", "2026-11-23")
    yield editor
    editor.leave()


@pytest.fixture
def specs(tmp_path):
    """A folder of specs of its own for each test."""
    return Path(shutil.copytree(SPEC, tmp_path / "spec"))


@pytest.fixture
def editor(server, specs):
    """The editor, with nothing open before and after."""
    server.forget()
    yield server
    for path in specs.rglob("*.yaml"):
        server.close(path)


@pytest.fixture
def home(specs):
    return specs / "acme"
