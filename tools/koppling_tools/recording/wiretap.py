"""A sender that lets a call through and keeps what went over the wire."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from koppling.effects import Bounds, Reply, TooLarge
from koppling.model import Request
from koppling.send import Sender
from koppling.send.message import compose
from koppling.send.route import route_to, split
from koppling_tools.console.mistakes import GivenWrong

LARGEST: Final = 1 << 20
"""Bytes of a request or an answer: a file of examples holds no more."""

# The business of one connection, or of the coding of one body (RFC 9110, 7.6.1), and what belongs to one browser.
_NOT_OURS: Final = frozenset(
    {"connection", "content-encoding", "content-length", "keep-alive", "proxy-authenticate", "proxy-connection"}
    | {"set-cookie", "set-cookie2", "te", "trailer", "transfer-encoding", "upgrade"}
)


@dataclass(frozen=True, slots=True)
class Heard:
    """One request and its answer, both as bytes; header names in lower case."""

    method: str
    url: str
    sent_headers: list[tuple[str, str]]
    sent: bytes
    status: int
    headers: dict[str, str]
    data: bytes
    cookies: list[str] = field(default_factory=list)


class Wiretap(Sender):
    """The sender that a Client makes for itself, listening.

    The call is shown what is kept: an answer whole, and without the headers that no example holds.
    """

    def __init__(self) -> None:
        super().__init__(bounds=Bounds(LARGEST, LARGEST))
        self.heard: list[Heard] = []

    def send(self, request: Request, *, stream: bool) -> Reply:
        """Send, and keep; a stream is read to its end first.

        Raises:
            GivenWrong: it is more than an example holds.
        """
        del stream
        origin, target = split(request.url)
        message = compose(request, route_to(origin), origin, target)
        sent = _at_most(message.pieces(), "the request")
        try:
            reply = super().send(request, stream=False)
        except TooLarge:
            raise _too_much("the answer") from None
        data = reply.body or b""
        headers = {name: value for name, value in reply.headers.items() if name not in _NOT_OURS}
        cookies = [reply.headers[name] for name in ("set-cookie", "set-cookie2") if name in reply.headers]
        self.heard.append(
            Heard(request.method, request.url, message.headers, sent, reply.status, headers, data, cookies)
        )
        return Reply(reply.status, headers, data)


def _at_most(chunks: Iterable[bytes], what: str) -> bytes:
    found = bytearray()
    for chunk in chunks:
        found += chunk
        if len(found) > LARGEST:
            raise _too_much(what)
    return bytes(found)


def _too_much(what: str) -> GivenWrong:
    return GivenWrong(f"{what} has more than {LARGEST >> 20} MiB, and an example holds less; record a smaller call")
