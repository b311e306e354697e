"""No test talks to anything but the loopback address, nor to the keyring of the person who runs it."""

from __future__ import annotations

import os
import socket

import pytest

# Before anything looks for a keyring, and for the processes that tests start.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

_connect = socket.socket.connect


def _only_loopback(self, address):
    if self.family in {socket.AF_INET, socket.AF_INET6} and not str(address[0]).startswith(
        ("127.", "::1", "localhost")
    ):
        raise AssertionError(f"a test wants to talk to {address[0]}")
    return _connect(self, address)


@pytest.fixture(autouse=True, scope="session")
def _no_network():
    socket.socket.connect = _only_loopback
    yield
    socket.socket.connect = _connect
