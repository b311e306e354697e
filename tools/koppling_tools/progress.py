"""What a person who waits sees: requests and bytes, counted on their way through the transport."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import httpx

from koppling.send import Sender
from koppling_tools.printing import size
from koppling_tools.terminal import Waiting

_WORTH_SAYING: Final = 100_000  # bytes


class Counted(httpx.BaseTransport):
    """The transport that a Client makes for itself, with a line that says how far it has come.

    Args:
        waiting: the line.
        what: what several requests of one call are: "page" of a search, else "request".
    """

    def __init__(self, waiting: Waiting, what: str) -> None:
        self._sender = Sender()
        self._waiting = waiting
        self._what = what
        self._requests = 0
        self._bytes = {"sent": 0, "received": 0}
        self._first = waiting.note

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send on, counting."""
        self._requests += 1
        self._tell()
        request.stream = _Stream(request.stream, lambda count: self._count("sent", count))
        response = self._sender._transport(str(request.url)).handle_request(request)  # noqa: SLF001  (the very same one)
        response.stream = _Stream(response.stream, lambda count: self._count("received", count))
        return response

    def close(self) -> None:
        """Close the connections."""
        self._sender.close()

    def _count(self, way: str, count: int) -> None:
        self._bytes[way] += count
        self._tell()

    def _tell(self) -> None:
        said = [self._first]
        if self._requests > 1:
            said.append(f"{self._what} {self._requests}")
        said += [f"{size(count)} {way}" for way, count in self._bytes.items() if count >= _WORTH_SAYING]
        self._waiting.note = " · ".join(said)


class _Stream(httpx.SyncByteStream):
    def __init__(self, inner: Any, count: Any) -> None:
        self._inner, self._count = inner, count

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._inner:
            self._count(len(chunk))
            yield chunk

    def close(self) -> None:
        self._inner.close()
