"""One request to one answer, whoever does the reading and writing."""

from __future__ import annotations

import socket
from _thread import allocate_lock
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any, Final, Generic, Protocol, TypeVar

from koppling.effects import Bounds, NoAnswer, Reply, TooLarge
from koppling.model import Request
from koppling.send import dialled
from koppling.send.coding import decoder
from koppling.send.message import IDEMPOTENT, Message, compose
from koppling.send.pool import Pool, Slots
from koppling.send.route import Origin, Route, route_to, split
from koppling.send.tunnel import through
from koppling.send.wire import Head, Wire
from koppling.send.words import not_connected
from koppling.statuses import SUCCESS

_LAST_PIECES: Final = 4
MOST_OF_AN_ERROR: Final = 1 << 20  # bytes of the body of an answer that is no success


class Line(Protocol):
    """A connection. Its reading and writing raise NoAnswer where the network fails, or patience ends.

    `used` says whether it carried a request before, `written` whether anything of this one has left.
    """

    wire: Wire
    patience: Patience
    used: bool
    written: bool

    async def read(self) -> bytes:
        """Return what comes next, b"" at the end."""

    async def write(self, data: bytes) -> bytes | None:
        """Write it all, behind what was left; or return what comes from the other side before that is done."""

    def ready(self) -> bytes | None:
        """Return what has come already, b"" at the end, None where nothing has."""

    def quiet(self) -> bool:
        """Tell whether nothing has come, neither bytes nor the end: whether the connection can still be used."""

    def close(self) -> None:
        """Close it, without waiting for the other side; a request that is not over is broken off."""


L = TypeVar("L", bound=Line)
S = TypeVar("S", bound=Slots)


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
        """Return what is had with all that comes before there is a connection to the origin."""
        return Patience({"connect": self.connect, "read": self.connect, "total": self.left(self.connect)})


class Body:
    """What is still to come of an answer, decoded. `line` is None once nothing is."""

    __slots__ = ("_decoder", "_pieces", "line", "pool")

    def __init__(self, line: Any, pool: Pool[Any, Any], head: Head) -> None:
        self.line, self.pool = line, pool
        self._decoder = decoder(head.headers.get("content-encoding"))
        self._pieces: Iterator[bytes] = iter(())

    def ready(self, wire: Wire) -> bytes | None:
        """Return the next bytes, none at the end; None where more must be heard first.

        Raises:
            NoAnswer: it broke off, or is not coded as it says.
        """
        if self._decoder is None:
            return wire.body()
        while True:
            for piece in self._pieces:
                return piece
            data = wire.body()
            if not data:
                if data is not None:
                    self._decoder.end()
                return data
            self._pieces = self._decoder.feed(data)


class Sending(ABC, Generic[L, S]):
    """Sends, each request on a connection of its own while it needs one.

    What is written here is written once, for event loops and for threads. Those who inherit say how one waits: as tasks
    do, or by blocking, so that a coroutine comes to its end without ever being suspended.
    """

    def __init__(self, bounds: Bounds, *, public_only: bool) -> None:
        self._bounds, self._public_only = bounds, public_only
        self._pools: dict[str, Pool[L, S]] = {}
        self._home: object = None  # where the connections of these pools can be used
        self._moving = allocate_lock()

    async def send(self, request: Request, *, stream: bool) -> Reply:
        """Send and return the answer's head; the body too, unless it is to be streamed and is a success.

        Raises:
            NoAnswer: there is no answer, or none that can be read.
            TooLarge: the body of a success exceeds its bound.
        """
        patience = Patience(request.timeout)
        origin, target = split(request.url)
        pool = self._pool(origin)
        message = compose(request, pool.route, origin, target)
        await self._enter(pool.slots, patience.left(patience.pool))
        line: L | None = None
        try:
            line = pool.take()
            if line is None:
                line = await self._dial(pool.route, patience)
            else:
                line.used, line.written, line.patience = True, False, patience
            try:
                head = await line.wire.ask(message, line)
            except NoAnswer as failure:
                if not _missed(line, message, failure):
                    raise
                line.close()
                line = None
                line = await self._dial(pool.route, patience)
                head = await line.wire.ask(message, line)
            body = Body(line, pool, head)
            reply = Reply(head.status, head.headers, None, body, self._bounds)
            success = head.status in SUCCESS
            if stream and success:
                return reply
            reply.body = await _whole(reply, body, line, success=success)
        except BaseException:
            pool.give_back(line, usable=False)
            raise
        body.line = None
        pool.give_back(line, usable=settled(line))
        return reply

    async def read(self, reply: Reply) -> bytes:
        """Return the next bytes of a streamed body, none at its end.

        Raises:
            NoAnswer: it broke off, or cannot be read.
        """
        body: Body = reply.handle
        line, body.line = body.line, None  # should it fail
        if line is None:
            return b""
        try:
            while (data := body.ready(line.wire)) is None:
                line.wire.hear(await line.read())
        except BaseException:
            body.pool.give_back(line, usable=False)
            raise
        if data:
            body.line = line
        else:
            body.pool.give_back(line, usable=settled(line))
        return data

    def let_go(self, reply: Reply) -> None:
        """Let go of a streamed body, read or not."""
        body: Body = reply.handle
        line, body.line = body.line, None
        if line is not None:
            body.pool.give_back(line, usable=settled(line))

    def close_idle(self) -> None:
        """Close the connections that are idle, which is all of them unless a call is still being lived."""
        for pool in list(self._pools.values()):
            pool.close()

    def _pool(self, origin: str) -> Pool[L, S]:
        """Return the connections to an origin.

        Raises:
            NoAnswer: it is no address that can be sent to, or the proxy's is none.
        """
        here = self._here()
        if here != self._home:
            with self._moving:
                if here != self._home:
                    self._pools, self._home = {}, here
        return self._pools.get(origin) or self._pools.setdefault(origin, Pool(route_to(origin), self._slots()))

    async def _dial(self, route: Route, patience: Patience) -> L:
        """Return a new connection.

        Raises:
            NoAnswer: there is none.
        """
        if self._public_only:
            dialled.see_no_proxy(route)
        first = route.origin if route.proxy is None else route.proxy.origin
        line: L | None = None
        try:
            found = await self._addresses(first, patience.left(patience.connect))
            if self._public_only:
                found = dialled.public_among(first.host, found)
            hurry = patience.connecting()
            line = await self._opened(first, found, hurry)
            if route.proxy is not None and not route.forwards:
                await through(route.proxy, route.origin, line)
                if route.origin.tls:
                    await self._secure(line, route.origin)
        except BaseException as error:
            if line is not None:
                line.close()
            if isinstance(error, OSError | ValueError):
                raise not_connected(error) from error
            raise
        line.written, line.patience = False, patience
        return line

    async def _opened(self, origin: Origin, found: list[Any], patience: Patience) -> L:
        """Return a connection to the first of these addresses that takes one."""
        failed: OSError | None = None
        for number, address in enumerate(found):
            # One address that swallows everything must not use up the time of the others.
            seconds = patience.left(patience.connect) / (len(found) - number)
            try:
                opened = await self._connected(address, seconds)
            except OSError as error:
                failed = error
            else:
                return await self._line(opened, origin, patience)
        raise failed or OSError("the name has no address")

    # ---- what waits, each in its world ----

    @abstractmethod
    def _here(self) -> object:
        """Return what tells where a connection that is opened now can be used."""

    @abstractmethod
    def _slots(self) -> S:
        """Return a semaphore for the connections of a pool."""

    @abstractmethod
    async def _enter(self, slots: S, seconds: float) -> None:
        """Wait until there may be one more.

        Raises:
            NoAnswer: that takes too long.
        """

    @abstractmethod
    async def _addresses(self, origin: Origin, seconds: float) -> list[Any]:
        """Return what `getaddrinfo` knows of an origin."""

    @abstractmethod
    async def _connected(self, address: Any, seconds: float) -> socket.socket:
        """Return a socket that is connected to one of those."""

    @abstractmethod
    async def _line(self, opened: socket.socket, origin: Origin, patience: Patience) -> L:
        """Return a connection over a socket, over TLS where the origin is."""

    @abstractmethod
    async def _secure(self, line: L, origin: Origin) -> None:
        """Speak TLS on a connection from now on."""


def settled(line: Line) -> bool:
    """Read what has come already of an answer that nobody reads on; tell whether the connection can be used again."""
    wire = line.wire
    if wire.renew():
        return True
    with suppress(NoAnswer):
        for _ in range(_LAST_PIECES):
            while (data := wire.body()) is None:
                if (there := line.ready()) is None:
                    return False
                wire.hear(there)
            if not data:
                return wire.renew()
    return False


def _missed(line: Line, message: Message, failure: NoAnswer) -> bool:
    """Tell whether a kept connection had been closed before the request reached it, so that it may be sent again.

    That is RFC 9110, 9.2.2: an idempotent request, or one that never left.
    """
    missed = line.used and not line.wire.heard and failure.reason == "cut" and message.replayable
    return missed and (message.method in IDEMPOTENT or not line.written)


async def _whole(reply: Reply, body: Body, line: Line, *, success: bool) -> bytes:
    """Return a whole body; of an answer that is no success, as its status has said, what can be had of it."""
    left = reply.bounds.body if success else MOST_OF_AN_ERROR
    announced = reply.headers.get("content-length", "")
    if success and announced.isdecimal() and int(announced) > left:
        raise TooLarge(reply)
    pieces: list[bytes] = []
    try:
        while (piece := body.ready(line.wire)) != b"":
            if piece is None:
                line.wire.hear(await line.read())
                continue
            pieces.append(piece)
            left -= len(piece)
            if left < 0 and success:
                raise TooLarge(reply)
            if left < 0:
                break
    except NoAnswer as failure:
        if success:
            failure.partial = b"".join(pieces) or None
            raise
    return b"".join(pieces)
