"""What is said of a network that fails."""

from __future__ import annotations

import os
import re
import socket
import ssl
from typing import Final

from koppling.effects import NoAnswer

_LONGEST: Final = 40  # characters of a server's own that are quoted
_ERRNO = re.compile(r"\[Errno (\d+)\]")


def cut(error: BaseException | None, *, sent: bool) -> NoAnswer:
    """Return what is said of a connection that broke off."""
    return NoAnswer("cut", f"the connection broke off{_why(error)}", sent=sent)


def late(*, sent: bool) -> NoAnswer:
    """Return what is said of a wait that was too long."""
    return NoAnswer("timeout", "no answer in time", sent=sent)


def crowded() -> NoAnswer:
    """Return what is said where all connections are in use for too long."""
    return NoAnswer("timeout", "no free connection in time", sent=False)


def not_connected(error: BaseException) -> NoAnswer:
    """Return what is said of a connection that never was."""
    if isinstance(error, TimeoutError):
        return NoAnswer("connect", "no connection in time", sent=False)
    if isinstance(error, UnicodeError):
        return NoAnswer("protocol", f"could not be sent: the address names no host: {error}", sent=False)
    return NoAnswer("connect", f"could not connect{_why(error)}", sent=False)


def quoted(text: str) -> str:
    """Return what a server said as a message quotes it: whole or not at all, for a part of a secret is not masked."""
    return repr(text) if len(text) <= _LONGEST else f"{len(text)} characters"


def _why(error: BaseException | None) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f": the server's certificate is not trusted: {error.verify_message.rstrip('.')}"
    if isinstance(error, ssl.SSLError):
        return f": TLS: {(error.reason or str(error)).replace('_', ' ').lower()}"
    if isinstance(error, socket.gaierror):
        return f": {error.strerror}"
    if isinstance(error, OSError) and error.errno:
        return f": {os.strerror(error.errno)}"
    text = str(error or "").strip().rstrip(".")
    if found := _ERRNO.search(text):  # asyncio tells of several addresses in one text
        return f": {os.strerror(int(found[1]))}"
    return f": {text}" if text else ""
