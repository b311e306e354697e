"""One request to one answer, whoever does the reading and writing."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from time import monotonic
from typing import Any, Final, Protocol

from koppling.effects import Bounds, NoAnswer, Reply, TooLarge
from koppling.model import Request
from koppling.send.coding import decoder
from koppling.send.message import IDEMPOTENT, Message, compose
from koppling.send.route import Route, Routes, split
from koppling.send.wire import Head, Talk, Wire

_LAST_PIECES: Final = 4
MOST_OF_AN_ERROR: Final = 1 << 20  # bytes of the body of an answer that is no success


class Line(Protocol):
    """A connection as this file sees it.

    `used` says whether it carried a request before, `written` whether anything of this one has left.
    """

    wire: Wire
    used: bool
    written: bool

    def ready(self) -> bytes | None:
        """Return what has come already, b"" at the end, None where nothing has."""


class Dial:
    """What a flow yields to be given a connection: any, or, with `anew`, one that was never used."""

    __slots__ = ("anew", "route")

    def __init__(self, route: Route, *, anew: bool) -> None:
        self.route, self.anew = route, anew


Flow = Generator[bytes | Dial | None, Any, Reply]


class Patience:
    """How long each wait of one request may take.

    Args:
        seconds: by `connect`, `read`, `write`, `pool`; `total` is what is left for all of them.
    """

    __slots__ = ("_end", "connect", "pool", "read", "write")

    def __init__(self, seconds: Mapping[str, float]) -> None:
        self.connect = seconds.get("connect", 5.0)
        self.read = seconds.get("read", 60.0)
        self.write = seconds.get("write", self.read)
        self.pool = seconds.get("pool", self.read)
        total = seconds.get("total")
        self._end = None if total is None else monotonic() + total

    def left(self, seconds: float) -> float:
        """Return these seconds, or what is left where that is less."""
        return seconds if self._end is None else max(0.0, min(seconds, self._end - monotonic()))

    def connecting(self) -> Patience:
        """Return the same for what is said before there is a connection to the origin."""
        made = Patience(dict.fromkeys(("connect", "read", "write", "pool"), self.connect))
        made._end = self._end
        return made


class Body:
    """What is still to come of an answer, decoded. `line` is None once nothing is."""

    __slots__ = ("_decoder", "_pieces", "line", "patience")

    def __init__(self, line: Any, head: Head, patience: Patience) -> None:
        self.line, self.patience = line, patience
        self._decoder = decoder(head.headers.get("content-encoding"))
        self._pieces: Iterator[bytes] = iter(())

    def more(self, line: Line) -> Talk[bytes]:
        """Return the next bytes, none at the end.

        Raises:
            NoAnswer: it broke off, or is not coded as it says.
        """
        if self._decoder is None:
            return (yield from line.wire.more())
        while True:
            for piece in self._pieces:
                return piece
            data = yield from line.wire.more()
            if not data:
                self._decoder.end()
                return b""
            self._pieces = self._decoder.feed(data)


def sending(request: Request, routes: Routes, bounds: Bounds, patience: Patience, *, stream: bool) -> Flow:
    """Send, and return the answer's head; the body too, unless it is to be streamed and is a success.

    Raises:
        NoAnswer: there is no answer, or none that can be read.
        TooLarge: the body of a success exceeds its bound.
    """
    origin, target = split(request.url)
    route = routes.to(origin)
    message = compose(request, route, origin, target)
    line: Line = yield Dial(route, anew=False)
    try:
        head = yield from line.wire.ask(message)
    except NoAnswer as failure:
        if not _missed(line, message, failure):
            raise
        line = yield Dial(route, anew=True)
        head = yield from line.wire.ask(message)
    body = Body(line, head, patience)
    success = 200 <= head.status < 300  # noqa: PLR2004
    if stream and success:
        return Reply(head.status, head.headers, None, body, bounds)
    reply = Reply(head.status, head.headers, b"", body, bounds)
    reply.body = yield from (_whole(reply, body) if success else _beginning(body))
    return reply


def settled(line: Line) -> bool:
    """Read what has come already of an answer that nobody reads on; tell whether the connection can be used again."""
    wire = line.wire
    if wire.renew():
        return True
    for _ in range(_LAST_PIECES):
        talk = wire.more()
        try:
            next(talk)
            while (data := line.ready()) is not None:
                talk.send(data)
        except StopIteration as done:
            if not done.value:
                return wire.renew()
        except NoAnswer:
            return False
        else:
            return False
    return False


def _missed(line: Line, message: Message, failure: NoAnswer) -> bool:
    """Tell whether a kept connection had been closed before the request reached it, so that it may be sent again.

    That is RFC 9110, 9.2.2: an idempotent request, or one that never left.
    """
    missed = line.used and not line.wire.heard and failure.reason == "cut" and message.replayable
    return missed and (message.method in IDEMPOTENT or not line.written)


def _whole(reply: Reply, body: Body) -> Talk[bytes]:
    most, pieces, size = reply.bounds.body, [], 0
    announced = reply.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > most:
        raise TooLarge(reply)
    try:
        while chunk := (yield from body.more(body.line)):
            pieces.append(chunk)
            size += len(chunk)
            if size > most:
                raise TooLarge(reply)
    except NoAnswer as failure:
        failure.partial = b"".join(pieces) or None
        raise
    return b"".join(pieces)


def _beginning(body: Body) -> Talk[bytes]:
    """Return what can be had of a body: the status has said already that this is no success."""
    pieces, size = [], 0
    try:
        while size < MOST_OF_AN_ERROR and (chunk := (yield from body.more(body.line))):
            pieces.append(chunk)
            size += len(chunk)
    except NoAnswer:
        pass
    return b"".join(pieces)
