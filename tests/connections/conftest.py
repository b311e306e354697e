"""A folder of connections of each test's own, and a keyring that is none of the system's."""

from __future__ import annotations

import keyring
import pytest
from memory_keyring import Keyring


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("KOPPLING_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("KOPPLING_CACHE", str(tmp_path / "cache"))
    return tmp_path / "config"


@pytest.fixture
def vault(monkeypatch):
    found = Keyring()
    monkeypatch.setattr(keyring.core, "_keyring_backend", found)
    return found
