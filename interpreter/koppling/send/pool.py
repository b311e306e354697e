"""Connections that wait for their next request."""

from __future__ import annotations

import struct
from time import monotonic
from typing import Final, Generic, Protocol, TypeVar

from koppling.send.route import Route

MOST_AT_ONCE: Final = 1000  # connections to one origin that are in use; who comes after waits
MOST_IDLE: Final = 100
BROKEN_OFF: Final = struct.pack("ii", 1, 0)  # SO_LINGER: closed with a reset, nothing is sent any more
LONGEST_IDLE: Final = 15.0  # seconds; a server that closes sooner is noticed before use


class Kept(Protocol):
    """What can be kept: a connection that knows its way."""

    @property
    def route(self) -> Route:
        """Where it leads."""


L = TypeVar("L", bound=Kept)


class Idle(Generic[L]):
    """Idle connections, a stack for each way: the one used last is the likeliest to live."""

    def __init__(self) -> None:
        self._stacks: dict[Route, list[tuple[float, L]]] = {}

    def take(self, route: Route) -> tuple[L | None, list[L]]:
        """Return the connection used last, if there is one, and those that have waited too long, to be closed."""
        stack = self._stacks.get(route)
        if not stack:
            return None, []
        since, line = stack.pop()
        if monotonic() - since <= LONGEST_IDLE:
            return line, []
        old = [line, *(one for _, one in stack)]  # those below have waited longer still
        stack.clear()
        return None, old

    def put(self, line: L) -> L | None:
        """Keep a connection; return one to be closed where there are too many."""
        stack = self._stacks.setdefault(line.route, [])
        stack.append((monotonic(), line))
        return stack.pop(0)[1] if len(stack) > MOST_IDLE else None

    def take_all(self) -> list[L]:
        """Return all of them, to be closed."""
        found = [line for stack in self._stacks.values() for _, line in stack]
        self._stacks.clear()
        return found
