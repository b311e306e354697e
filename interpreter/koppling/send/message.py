"""A Request as it goes over the wire: header fields, and a body in pieces, made anew for each attempt."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Final

from koppling.body import Content, Multipart, Part, Raw
from koppling.effects import NoAnswer
from koppling.files import CHUNK, File
from koppling.model import Request
from koppling.send.route import Route

IDEMPOTENT: Final = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"})  # RFC 9110, 9.2.2

# A bodyless request with one of these says so (RFC 9110, 8.6).
_CARRYING: Final = frozenset({"POST", "PUT", "PATCH"})
_QUOTED: Final = {'"': "%22", "\\": "\\\\", **{chr(code): f"%{code:02X}" for code in range(0x20)}}
_QUOTING: Final = str.maketrans(_QUOTED)  # as browsers do: https://html.spec.whatwg.org/#multipart-form-data


@dataclass(slots=True)
class Message:
    """What is written to a connection. `pieces` makes the body, from its beginning."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    pieces: Callable[[], Iterable[bytes]]
    replayable: bool


def compose(request: Request, route: Route, origin: str, target: str) -> Message:
    """Return a request as a message.

    Args:
        request: what to send.
        route: the way it goes.
        origin: the first part of its address.
        target: the second one.

    Raises:
        NoAnswer: it cannot be sent.
        OSError: a file of it cannot be read.
    """
    authority = route.origin.authority
    headers = [] if "host" in request.headers else [("host", authority)]
    headers += request.headers.items()
    if "accept-encoding" not in request.headers:
        headers.append(("accept-encoding", "gzip, deflate"))
    if route.forwards and route.proxy is not None:
        target = f"{origin}{target}"
        if route.proxy.authorization is not None:
            headers.append(("proxy-authorization", route.proxy.authorization))
    pieces: Callable[[], Iterable[bytes]] = tuple
    replayable, size = True, None
    match request.body:
        case None:
            size = 0 if request.method in _CARRYING else -1
        case Content(data):
            size = len(data)
            pieces = partial(_cut, data)
        case Raw(file):
            replayable, size = file.replayable, file.size
            pieces = partial(_read, file, size)
        case Multipart(parts):
            boundary = os.urandom(16).hex()
            replayable = request.body.replayable
            headers = [one for one in headers if one[0] != "content-type"]
            headers.append(("content-type", f"multipart/form-data; boundary={boundary}"))
            written = [_Written(part, boundary) for part in parts]
            end = f"--{boundary}--\r\n".encode()
            size = _total(written, end)
            pieces = partial(chain, *written, (end,))
    if size is None:
        headers.append(("transfer-encoding", "chunked"))
    elif size >= 0:
        headers.append(("content-length", str(size)))
    return Message(request.method, target, headers, pieces, replayable)


class _Written:
    """One part of a multipart body: its head, its content, a line's end. RFC 7578."""

    def __init__(self, part: Part, boundary: str) -> None:
        content = part.content
        said = f'--{boundary}\r\nContent-Disposition: form-data; name="{part.name.translate(_QUOTING)}"'
        if part.file_name is not None:
            said += f'; filename="{part.file_name.translate(_QUOTING)}"'
        media_type = part.media_type or (content.media_type if isinstance(content, File) else None)
        if media_type:
            said += f"\r\nContent-Type: {media_type}"
        self._head, self._content = f"{said}\r\n\r\n".encode(), content
        self._length = len(content) if isinstance(content, bytes) else content.size

    @property
    def size(self) -> int | None:
        return None if self._length is None else len(self._head) + self._length + 2

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        yield from _cut(self._content) if isinstance(self._content, bytes) else _read(self._content, self._length)
        yield b"\r\n"


def _total(written: list[_Written], end: bytes) -> int | None:
    total = len(end)
    for one in written:
        if one.size is None:
            return None
        total += one.size
    return total


def _cut(data: bytes) -> Iterable[bytes]:
    if len(data) <= CHUNK:
        return (data,) if data else ()
    return (data[start : start + CHUNK] for start in range(0, len(data), CHUNK))


def _read(file: File, size: int | None) -> Iterator[bytes]:
    """Yield a file's bytes: as many as were announced, whatever became of it since."""
    left = size
    for chunk in file.chunks():
        piece = chunk if left is None else chunk[:left]
        if piece:
            yield piece
        if left is not None:
            left -= len(piece)
            if not left:
                return
    if left:
        raise NoAnswer("protocol", f"could not be sent: {file.name!r} became shorter while it was read", sent=True)
