"""A transport that lets a call through and keeps what went over the wire."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import httpx

from koppling.send import Sender
from koppling_tools.failure import GivenWrong

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


class Wiretap(httpx.BaseTransport):
    """The transport that a Client makes for itself, listening.

    The call is shown what is kept: an answer whole, and without the headers that no example holds.
    """

    def __init__(self) -> None:
        self._sender = Sender()
        self.heard: list[Heard] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send on, and keep.

        Raises:
            GivenWrong: it is more than an example holds.
        """
        sent = _at_most(request.stream, "the request")
        request.stream = httpx.ByteStream(sent)
        response = self._sender._transport(str(request.url)).handle_request(request)  # noqa: SLF001  (the very same one)
        try:
            data = _at_most(response.iter_bytes(), "the answer")
        finally:
            response.close()
        headers = {name.lower(): value for name, value in response.headers.items() if name.lower() not in _NOT_OURS}
        cookies = response.headers.get_list("set-cookie")
        self.heard.append(
            Heard(
                request.method,
                str(request.url),
                [(name.lower(), value) for name, value in request.headers.multi_items()],
                sent,
                response.status_code,
                headers,
                data,
                cookies,
            )
        )
        return httpx.Response(response.status_code, headers=headers, stream=httpx.ByteStream(data))

    def close(self) -> None:
        """Close the connections."""
        self._sender.close()


def _at_most(chunks: object, what: str) -> bytes:
    found = bytearray()
    for chunk in chunks:  # type: ignore[attr-defined]
        found += chunk
        if len(found) > LARGEST:
            raise GivenWrong(
                f"{what} has more than {LARGEST >> 20} MiB, and an example holds less; record a smaller call"
            )
    return bytes(found)
