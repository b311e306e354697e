"""Connections for the tasks of an event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Generator
from contextlib import suppress
from typing import Any, Final, TypeVar

from koppling.effects import Bounds, NoAnswer, Reply
from koppling.model import Request
from koppling.send import dialled
from koppling.send.pool import BROKEN_OFF, MOST_AT_ONCE, Idle
from koppling.send.route import Origin, Route, Routes
from koppling.send.sending import Body, Dial, Patience, sending, settled
from koppling.send.tls import context
from koppling.send.tunnel import through
from koppling.send.waiting import readable
from koppling.send.wire import Wire
from koppling.send.words import crowded, cut, late, not_connected

T = TypeVar("T")

_FULL: Final = 256 << 10  # bytes that have come and nobody has read: no more is taken in


class Line(asyncio.Protocol):
    """A connection: an asyncio transport, and what has come."""

    def __init__(self, route: Route) -> None:
        self.route, self.wire = route, Wire()
        self.used = self.written = False
        self._loop = asyncio.get_running_loop()
        self._transport: Any = None
        self._got: list[bytes] = []
        self._size, self._rest = 0, b""
        self._full = self._over = False  # whether no more can be written just now; whether nothing comes any more
        self._failed: BaseException | None = None
        self._waiter: asyncio.Future[bool] | None = None

    # ---- what the transport tells ----

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Keep what comes until somebody reads it."""
        self._got.append(data)
        self._size += len(data)
        if self._size > _FULL:
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """Note that nothing comes any more; the transport closes itself."""
        self._over = True
        self._wake()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Note that it is over, and why."""
        if exc is not None:
            self._rescue()
        self._over, self._failed, self._full = True, exc, False
        self._wake()

    def _rescue(self) -> None:
        """Read what came before a write failed: it may be the answer, which asyncio would throw away."""
        if self._transport.get_extra_info("ssl_object") is None:
            there = self._transport.get_extra_info("socket")
            with suppress(OSError), socket.fromfd(there.fileno(), there.family, there.type) as still_open:
                while data := still_open.recv(_FULL):
                    self._got.append(data)

    def pause_writing(self) -> None:
        """Note that the transport holds enough."""
        self._full = True

    def resume_writing(self) -> None:
        """Note that it can take more."""
        self._full = False
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(True)

    # ---- what the sender asks ----

    def take_over(self, transport: asyncio.BaseTransport) -> None:
        """Speak through this transport from now on."""
        self._transport = transport

    @property
    def transport(self) -> Any:
        """What it speaks through."""
        return self._transport

    async def read(self, patience: Patience) -> bytes:
        """Return what comes next, b"" at the end.

        Raises:
            NoAnswer: nothing comes, or it broke off.
        """
        while not self._got:
            if self._over:
                if self._failed is not None:
                    raise cut(self._failed, sent=True)
                return b""
            if not await self._wait(patience.left(patience.read)):
                raise late(sent=True)
        return self._take()

    async def write(self, data: bytes, patience: Patience) -> bytes | None:
        """Write it all; or return what comes from the other side before that is done. The transport keeps the rest.

        Raises:
            NoAnswer: nobody takes it, or it broke off.
        """
        if self.written:
            await self._listen()
            if self._got:
                self._rest += data
                return self._take()
        data, self._rest = self._rest + data, b""
        if self._over or self._transport.is_closing():
            raise cut(self._failed, sent=self.written)
        if data:
            self._transport.write(data)
            self.written = True
        while self._full:
            if self._got:
                return self._take()
            if not await self._wait(patience.left(patience.write)):
                raise late(sent=True)
        if self._failed is not None and not self._got:
            raise cut(self._failed, sent=True)
        return None

    async def _listen(self) -> None:
        """Let the loop read what has come: an upload that never has to wait would hear nothing."""
        await asyncio.sleep(0)
        if not self._got and readable(self._transport.get_extra_info("socket")):
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    def ready(self) -> bytes | None:
        """Return what has come already, b"" at the end, None where nothing has.

        Raises:
            NoAnswer: it broke off.
        """
        if self._got:
            return self._take()
        if self._failed is not None:
            raise cut(self._failed, sent=True)
        return b"" if self._over else None

    def quiet(self) -> bool:
        """Tell whether nothing has come, neither bytes nor the end: whether the connection can still be used."""
        return not (self._got or self._over or bool(self._transport.is_closing()))

    def close(self) -> None:
        """Close it, without waiting for the other side; a request that is not over is broken off."""
        if self._transport is None or self._loop.is_closed():
            return
        if not self.wire.told and not self._transport.is_closing():
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, BROKEN_OFF)
        self._transport.abort()

    def _take(self) -> bytes:
        data = self._got[0] if len(self._got) == 1 else b"".join(self._got)
        self._got.clear()
        if self._size > _FULL:
            self._transport.resume_reading()
        self._size = 0
        return data

    async def _wait(self, seconds: float) -> bool:
        """Wait until something happens; tell whether it did in time."""
        waiter = self._waiter = self._loop.create_future()
        timer = self._loop.call_later(seconds, _give_up, waiter)
        try:
            return bool(await waiter)
        finally:
            timer.cancel()
            self._waiter = None


class Tasks:
    """Sends for the tasks of one event loop, each on a connection of its own while it needs one."""

    def __init__(self, bounds: Bounds, *, public_only: bool) -> None:
        self._bounds, self._public_only = bounds, public_only
        self._routes, self._idle = Routes(), Idle[Line]()
        self._slots: dict[Route, asyncio.Semaphore] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    async def send(self, request: Request, *, stream: bool) -> Reply:
        """Send and return the answer's head; the body too, unless it is to be streamed and is a success.

        Raises:
            NoAnswer: whatever the network did instead.
            TooLarge: the body exceeds its bound.
        """
        patience = Patience(request.timeout)
        flow = sending(request, self._routes, self._bounds, patience, stream=stream)
        reply, line = await self._live(flow, patience)
        if reply.body is not None and line is not None:
            self._done(line)
        return reply

    async def read(self, reply: Reply) -> bytes:
        """Return the next bytes of a streamed body, none at its end.

        Raises:
            NoAnswer: whatever the network did instead.
        """
        body: Body = reply.handle
        line, body.line = body.line, None  # should it fail
        if line is None:
            return b""
        data, _ = await self._live(body.more(line), body.patience, line)
        if data:
            body.line = line
        else:
            self._done(line)
        return data

    async def release(self, reply: Reply) -> None:
        """Let go of a streamed body, read or not."""
        body: Body = reply.handle
        line, body.line = body.line, None
        if line is not None:
            self._done(line)

    def abandon(self, reply: Reply) -> None:
        """Cut off a streamed body that nobody will read or release; whoever collects it may be another thread."""
        body: Body = reply.handle
        line, body.line = body.line, None
        if line is not None and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._let_go, line)

    async def close(self) -> None:
        """Close the connections that are idle, which is all of them unless a call is still being lived."""
        for line in self._idle.take_all():
            line.close()
        await asyncio.sleep(0)  # the loop closes what was cut off

    async def _live(
        self, flow: Generator[Any, Any, T], patience: Patience, line: Line | None = None
    ) -> tuple[T, Line | None]:
        """Drive a flow to its end; what it spoke through is returned with its result, and closed where it fails."""
        value: Any = None
        fault: NoAnswer | None = None
        try:
            while True:
                step = flow.send(value) if fault is None else flow.throw(fault)
                value = fault = None
                try:
                    if type(step) is Dial:
                        self._let_go(line)
                        line = None
                        value = line = await self._take(step, patience)
                    elif step is None:
                        value = await line.read(patience)  # type: ignore[union-attr]  # a flow dials before it speaks
                    else:
                        value = await line.write(step, patience)  # type: ignore[union-attr]
                except NoAnswer as failure:
                    fault = failure
        except StopIteration as done:
            return done.value, line
        except BaseException:
            self._let_go(line)
            raise

    async def _take(self, dial: Dial, patience: Patience) -> Line:
        """Return a connection: a kept one that is still quiet, or a new one."""
        loop, route = asyncio.get_running_loop(), dial.route
        if self._loop is not loop:  # the connections of a loop that is over are over too
            self._idle, self._slots, self._loop = Idle(), {}, loop
        slots = self._slots.get(route) or self._slots.setdefault(route, asyncio.Semaphore(MOST_AT_ONCE))
        try:
            if slots.locked():
                async with asyncio.timeout(patience.left(patience.pool)):
                    await slots.acquire()
            else:
                await slots.acquire()
        except TimeoutError:
            raise crowded() from None
        try:
            return (None if dial.anew else self._kept(route)) or await self._dial(route, patience)
        except BaseException:
            slots.release()
            raise

    def _kept(self, route: Route) -> Line | None:
        while True:
            line, old = self._idle.take(route)
            for one in old:
                one.close()
            if line is None:
                return None
            if line.quiet():
                line.used, line.written = True, False
                return line
            line.close()

    def _done(self, line: Line) -> None:
        """Keep a connection for the next request, if what it carried is over."""
        if not settled(line) or not line.quiet():
            self._let_go(line)
            return
        self._slots[line.route].release()
        over = self._idle.put(line)
        if over is not None:
            over.close()

    def _let_go(self, line: Line | None) -> None:
        if line is not None:
            line.close()
            self._slots[line.route].release()

    async def _dial(self, route: Route, patience: Patience) -> Line:
        """Return a new connection.

        Raises:
            NoAnswer: there is none.
        """
        if self._public_only:
            dialled.see_no_proxy(route)
        line: Line | None = None
        first = route.origin if route.proxy is None else route.proxy.origin
        try:
            async with asyncio.timeout(patience.left(patience.connect)):
                line = await self._opened(first, route, patience)
                if route.proxy is not None and not route.forwards:
                    await _tunnel(line, patience.connecting())
                    if route.origin.tls:
                        await _secured(line, route.origin)
        except (OSError, ValueError) as error:
            if line is not None:
                line.close()
            raise not_connected(error) from error
        except BaseException:
            if line is not None:
                line.close()
            raise
        line.written = False
        return line

    async def _opened(self, origin: Origin, route: Route, patience: Patience) -> Line:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
        if self._public_only:
            found = dialled.public_among(origin.host, found)
        end = loop.time() + patience.left(patience.connect)
        failed: OSError | None = None
        for number, one in enumerate(found):
            try:
                # One address that swallows everything must not use up the time of the others.
                async with asyncio.timeout((end - loop.time()) / (len(found) - number)):
                    opened = await _connected(loop, one)
            except OSError as error:
                failed = error
            else:
                return await _spoken_through(loop, opened, origin, route)
        raise failed or OSError("the name has no address")


# What asyncio's own create_connection has opened is lost when it is cancelled at the wrong moment, so we open it.
async def _connected(loop: asyncio.AbstractEventLoop, found: Any) -> socket.socket:
    family, kind, protocol, _, address = found
    opened = socket.socket(family, kind, protocol)
    try:
        opened.setblocking(False)
        await loop.sock_connect(opened, address)
    except BaseException:
        opened.close()
        raise
    return opened


async def _spoken_through(loop: asyncio.AbstractEventLoop, opened: socket.socket, origin: Origin, route: Route) -> Line:
    tls: dict[str, Any] = {"ssl": context(), "server_hostname": origin.host} if origin.tls else {}
    try:
        _, line = await loop.create_connection(lambda: Line(route), sock=opened, **tls)
    except BaseException:
        opened.close()
        raise
    return line


async def _tunnel(line: Line, patience: Patience) -> None:
    talk = through(line.route)
    value: Any = None
    try:
        while True:
            step = talk.send(value)
            value = await (line.read(patience) if step is None else line.write(step, patience))
    except StopIteration:
        return
    except NoAnswer as failure:
        raise NoAnswer("connect", str(failure), sent=False) from failure


async def _secured(line: Line, origin: Origin) -> None:
    loop = asyncio.get_running_loop()
    inner = await loop.start_tls(line.transport, line, context(), server_hostname=origin.host)
    if inner is None:
        raise OSError("the connection broke off")
    line.take_over(inner)


def _give_up(waiter: asyncio.Future[bool]) -> None:
    if not waiter.done():
        waiter.set_result(False)
