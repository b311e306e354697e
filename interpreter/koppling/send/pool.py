"""The connections to one origin."""

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
    """What can be kept: a connection."""

    def quiet(self) -> bool:
        """Tell whether nothing has come, neither bytes nor the end: whether the connection can still be used."""

    def close(self) -> None:
        """Close it."""


class Slots(Protocol):
    """A semaphore: how many more connections there may be."""

    def release(self) -> None:
        """Give one back."""


L = TypeVar("L", bound=Kept)
S = TypeVar("S", bound=Slots)


class Pool(Generic[L, S]):
    """The connections of one way: how many are in use, and those that wait for their next request.

    These are a stack: the one used last is the likeliest to live. Threads may share it.
    """

    def __init__(self, route: Route, slots: S) -> None:
        self.route, self.slots = route, slots
        self._idle: list[tuple[float, L]] = []

    def take(self) -> L | None:
        """Return the connection used last of those that can still be used; close the others."""
        try:
            while True:
                since, line = self._idle.pop()
                if monotonic() - since <= LONGEST_IDLE and line.quiet():
                    return line
                line.close()
        except IndexError:
            return None

    def give_back(self, line: L | None, *, usable: bool) -> None:
        """Let another have the place of a connection; keep it where it can be used again, else close it."""
        if line is not None:
            if usable and len(self._idle) < MOST_IDLE:
                self._idle.append((monotonic(), line))
            else:
                line.close()
        self.slots.release()

    def close(self) -> None:
        """Close the idle ones."""
        while self._idle:
            self._idle.pop()[1].close()
