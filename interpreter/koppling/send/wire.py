"""HTTP/1.1 on one connection, as bytes out and bytes in (RFC 9112). No socket here.

It is written by hand because a general state machine for it costs more than all the rest of a call; the tests hold
it against one. It is strict: of an answer whose end cannot be told for certain, nothing is believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Protocol

from koppling.effects import NoAnswer
from koppling.files import CHUNK
from koppling.send.message import Message
from koppling.send.words import quoted
from koppling.statuses import SUCCESS

MOST_HEAD: Final = 128 << 10  # bytes of an answer's status line and header fields, and of its trailer
MOST_LINE: Final = 4 << 10  # bytes of a line between two chunks
MOST_INTERIM: Final = 100  # answers 1xx before the real one

_NAME: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_ASKED: Final = re.compile(rf"{_NAME} [!-~]+ HTTP/1\.1\r\n(?:{_NAME}: [\t -~]*\r\n)+\r\n")
_STATUS: Final = re.compile(r"HTTP/1\.([0-9]) ([1-9][0-9]{2})(?: [^\x00\r\n]*)?")
_FIELDS: Final = re.compile(rf"(?:{_NAME}:[^\x00\r\n]*\n)*+")
_FOLD: Final = re.compile(r"(?<=[^\n])\n[ \t]+")
_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n\0]*)?\r\n")
_SIZE_BEHIND: Final = re.compile(rb"\r\n" + _SIZE.pattern)


class _Framing(Enum):
    """How the end of a body is told (RFC 9112, 6.3)."""

    LENGTH = auto()
    CHUNKS = auto()
    TRAILER = auto()
    CLOSE = auto()
    OVER = auto()


@dataclass(slots=True)
class Head:
    """The head of an answer, names in lower case, the values of fields that came twice in one."""

    status: int
    headers: dict[str, str]


class Line(Protocol):
    """What carries the bytes. It raises NoAnswer where the network fails."""

    async def read(self) -> bytes:
        """Return what comes next, b"" at the end."""

    async def write(self, data: bytes) -> bytes | None:
        """Write it all, behind what was left; or return what comes from the other side before that is done."""


class Wire:
    """One connection's protocol, over any number of requests, one after the other."""

    __slots__ = ("_at", "_buffer", "_closed", "_framing", "_kept", "_left", "_size", "heard", "told")

    def __init__(self) -> None:
        self.heard = False  # whether anything of the current answer has come
        self._buffer, self._at = b"", 0  # what has come, and how far it is read
        self._closed = False  # whether the server has said its last
        self.told = True  # whether the request was handed over whole
        self._kept = True  # whether the connection may carry another one
        self._framing = _Framing.OVER
        self._left = 0  # bytes to come, of the body or of the chunk
        self._size = _SIZE

    async def ask(self, message: Message, line: Line) -> Head:
        """Write a message and return the head of the answer, which may come before all is written.

        Raises:
            NoAnswer: there is none, or it is no HTTP.
        """
        self.heard = self.told = False
        failed: NoAnswer | None = None
        try:
            for out in _outgoing(message):
                early = await line.write(out)
                while early is not None:
                    self.hear(early)
                    if (head := self._answer(message.method)) is not None:
                        return head
                    early = await line.write(b"")
            self.told = True
        except NoAnswer as failure:
            # A server that has had enough may close its end while it is still being written to. What it said stands.
            if failure.reason != "cut":
                raise
            failed = failure
        while not self.heard or (head := self._answer(message.method)) is None:
            try:
                data = await line.read()
            except NoAnswer as failure:
                raise failed or failure from None
            if not data and failed is not None:
                raise failed
            self.hear(data)
        return head

    def renew(self) -> bool:
        """Tell whether the exchange is over, with nothing left behind, and the connection can carry another one."""
        over = self._framing is _Framing.OVER or (self._framing is _Framing.LENGTH and not self._left)
        return over and self.told and self._kept and not self._closed and self._at == len(self._buffer)

    def hear(self, data: bytes) -> None:
        """Take in what has come, b"" at the end.

        Raises:
            NoAnswer: that was all, and nothing.
        """
        if data:
            self.heard = True
            self._buffer = self._buffer[self._at :] + data if self._at < len(self._buffer) else data
            self._at = 0
            return
        self._closed = True
        if not self.heard:
            raise NoAnswer("cut", "the server closed the connection without an answer", sent=True)

    # ---- heads ----

    def _answer(self, method: str) -> Head | None:
        """Return the head of the answer, once it is there; interim ones are passed over."""
        for _ in range(MOST_INTERIM):
            end, begins = _end_of_head(self._buffer, self._at)
            if end < 0:
                if len(self._buffer) - self._at > MOST_HEAD:
                    raise _garbled(f"its head is longer than {MOST_HEAD} bytes")
                if self._closed:
                    raise NoAnswer("cut", "the connection broke off within the answer's head", sent=True)
                return None
            version, head = _read(self._buffer[self._at : end])
            self._at = begins
            if head.status >= 200:  # noqa: PLR2004  (a status)
                self._frame(method, version, head)
                return head
            if head.status == 101:  # noqa: PLR2004  (a status)
                raise _garbled("it switches to a protocol that nobody asked for")
        raise _garbled("it never goes beyond interim ones")

    def _frame(self, method: str, version: str, head: Head) -> None:
        headers, status = head.headers, head.status
        length, coding = headers.get("content-length"), headers.get("transfer-encoding")
        self._kept = version != "0" and (length is None or coding is None)
        if "connection" in headers:
            self._kept = self._kept and "close" not in {one.strip() for one in headers["connection"].lower().split(",")}
        bodyless = method == "HEAD" or status in {204, 304} or (method == "CONNECT" and status in SUCCESS)
        count = 0
        if length is not None:
            count = _length(length)
            headers["content-length"] = str(count)
        if coding is not None and coding.lower() != "chunked":
            raise _garbled(f"its transfer encoding is {quoted(coding)}")
        if bodyless:
            # What is announced where nothing may come will come, and cannot be told from the next answer.
            self._kept = self._kept and (status != 204 or (coding is None and not count))  # noqa: PLR2004  (a status)
            self._framing = _Framing.OVER
        elif coding is not None:
            self._framing, self._left, self._size = _Framing.CHUNKS, 0, _SIZE
        elif length is not None:
            self._framing, self._left = _Framing.LENGTH, count
        else:
            self._framing, self._kept = _Framing.CLOSE, False

    # ---- bodies ----

    def body(self) -> bytes | None:
        """Return what there is of the body, none at its end; None where more must be heard first.

        Raises:
            NoAnswer: it broke off, or cannot be told from what follows.
        """
        data = self._there()
        if data is None and self._closed:
            raise NoAnswer("cut", "the connection broke off within the body", sent=True)
        return data

    def _there(self) -> bytes | None:
        match self._framing:
            case _Framing.LENGTH:
                return self._counted() if self._left else b""
            case _Framing.CHUNKS | _Framing.TRAILER:
                return self._chunks()
            case _Framing.CLOSE:
                return self._rest() or (b"" if self._closed else None)
            case _Framing.OVER:
                return b""

    def _rest(self) -> bytes:
        data = self._buffer[self._at :] if self._at else self._buffer
        self._buffer, self._at = b"", 0
        return data

    def _counted(self) -> bytes | None:
        """Return what there is of so many bytes."""
        there = len(self._buffer) - self._at
        if there <= self._left:
            self._left -= there
            return self._rest() or None
        data = self._buffer[self._at : self._at + self._left]
        self._at += self._left
        self._left = 0
        return data

    def _chunks(self) -> bytes | None:
        """Return all that there is, of however many chunks."""
        pieces: list[bytes] = []
        while self._left or self._next_chunk():
            piece = self._counted()
            if piece is None:
                break
            pieces.append(piece)
        if pieces:
            return b"".join(pieces)
        return b"" if self._framing is _Framing.OVER else None

    def _next_chunk(self) -> bool:
        """Read on to the bytes of the next chunk; tell whether they are there to be read."""
        if self._framing is _Framing.CHUNKS:
            found = self._size.match(self._buffer, self._at)
            if found is None:
                line = self._buffer[self._at : self._at + MOST_LINE]
                if len(line) == MOST_LINE or line.find(b"\n", 2) >= 0 or not _could_be(line, self._size):
                    raise _garbled("between its chunks stands what is no chunk's size")
                return False
            self._at = found.end()
            self._size, self._left = _SIZE_BEHIND, int(found[1], 16)
            if self._left:
                return True
            self._framing = _Framing.TRAILER
        if self._framing is _Framing.TRAILER:
            self._trailer()
        return False

    def _trailer(self) -> None:
        """Read on behind the trailer, in which nobody is interested."""
        if self._buffer.startswith(b"\r\n", self._at):
            self._at += 2
            self._framing = _Framing.OVER
        elif (end := self._buffer.find(b"\r\n\r\n", self._at)) >= 0:
            self._at = end + 4
            self._framing = _Framing.OVER
        elif len(self._buffer) - self._at > MOST_HEAD:
            raise _garbled(f"its trailer is longer than {MOST_HEAD} bytes")


def _outgoing(message: Message) -> Iterator[bytes]:
    """Yield a message; what is small goes in one piece."""
    fields = "".join([f"{name}: {value}\r\n" for name, value in message.headers])
    head = f"{message.method} {message.target} HTTP/1.1\r\n{fields}\r\n"
    if not _ASKED.fullmatch(head) or head.count("\n") != len(message.headers) + 2:
        raise NoAnswer("protocol", "could not be sent: a header holds what no header can", sent=False)
    out, chunked = head.encode("ascii"), ("transfer-encoding", "chunked") in message.headers
    for piece in message.pieces():
        if len(out) + len(piece) > CHUNK:
            yield out
            out = b""
        part = b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece
        out = out + part if out else part
    if chunked:
        out += b"0\r\n\r\n"
    if out:
        yield out


def _end_of_head(data: bytes, at: int) -> tuple[int, int]:
    """Return where a head ends, with the end of its last line, and where what follows begins; -1 where it does not."""
    end = data.find(b"\n\r\n", at)
    bare = data.find(b"\n\n", at, len(data) if end < 0 else end)
    if bare >= 0:
        return bare + 1, bare + 2
    return (end + 1, end + 3) if end >= 0 else (-1, -1)


def _read(raw: bytes) -> tuple[str, Head]:
    """Return the minor version and the head."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    status, _, fields = text.replace("\r\n", "\n").partition("\n")
    start = _STATUS.fullmatch(status)
    if start is None:
        raise _garbled("it does not begin with a status")
    if "\n " in fields or "\n\t" in fields:  # lines that were folded (RFC 9112, 5.2)
        fields = _FOLD.sub(" ", fields)
    if not _FIELDS.fullmatch(fields):
        raise _garbled("a line of its head is no header field")
    headers: dict[str, str] = {}
    for field in fields.split("\n")[:-1]:
        name, _, value = field.partition(":")
        name, value = name.lower(), value.strip(" \t")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return start[1], Head(int(start[2]), headers)


def _length(text: str) -> int:
    """Return a Content-Length, which may have come several times over."""
    found = {one.strip() for one in text.split(",")} if "," in text else {text}
    value = found.pop()
    if found or not (value.isascii() and value.isdecimal()) or len(value) > 18:  # noqa: PLR2004  (digits of a 64-bit number)
        raise _garbled(f"its length is {quoted(text)}")
    return int(value)


def _could_be(line: bytes, size: re.Pattern[bytes]) -> bool:
    """Tell whether more bytes could still make a chunk's size of these."""
    if size is _SIZE_BEHIND:
        if not b"\r\n".startswith(line[:2]):
            return False
        line = line[2:]
    return re.fullmatch(rb"[0-9A-Fa-f]{0,15}[ \t]*(?:;[^\r\n\0]*)?\r?", line) is not None and line != b"\r"


def _garbled(why: str) -> NoAnswer:
    return NoAnswer("protocol", f"the answer is no HTTP that can be read: {why}", sent=True)
