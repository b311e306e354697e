"""What a person who waits sees: requests and bytes, counted on their way."""

from __future__ import annotations

from typing import Final, Literal

from koppling.effects import Reply
from koppling.model import Request
from koppling.send import Sender
from koppling_tools.console.terminal import Waiting
from koppling_tools.running.printing import size

_WORTH_SAYING: Final = 100_000  # bytes


class Counted(Sender):
    """The sender that a Client makes for itself, with a line that says how far it has come.

    Args:
        waiting: the line.
        what: what several requests of one call are: "page" of a search, else "request".
    """

    def __init__(self, waiting: Waiting, what: str) -> None:
        super().__init__(watch=self._count)
        self._waiting = waiting
        self._what = what
        self._requests = 0
        self._bytes = {"sent": 0, "received": 0}
        self._first = waiting.note

    def send(self, request: Request, *, stream: bool) -> Reply:
        """Send, counting."""
        self._requests += 1
        self._tell()
        return super().send(request, stream=stream)

    def _count(self, way: Literal["sent", "received"], count: int) -> None:
        self._bytes[way] += count
        self._tell()

    def _tell(self) -> None:
        said = [self._first]
        if self._requests > 1:
            said.append(f"{self._what} {self._requests}")
        said += [f"{size(count)} {way}" for way, count in self._bytes.items() if count >= _WORTH_SAYING]
        self._waiting.note = " · ".join(said)
