"""Connections for the tasks of an event loop."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Any, Final

from koppling.effects import Reply
from koppling.send.pool import BROKEN_OFF, MOST_AT_ONCE
from koppling.send.route import Origin
from koppling.send.sending import Body, Patience, Sending
from koppling.send.tls import context
from koppling.send.waiting import readable
from koppling.send.wire import Wire
from koppling.send.words import crowded, cut, late

_FULL: Final = 256 << 10  # bytes that have come and nobody has read: no more is taken in


class Line(asyncio.Protocol):
    """A connection: an asyncio transport, and what has come."""

    def __init__(self, patience: Patience) -> None:
        self.wire, self.patience = Wire(), patience
        self.used = self.written = False
        self.loop = asyncio.get_running_loop()
        self._transport: Any = None
        self._got: list[bytes] = []
        self._size, self._rest = 0, b""
        self._full = self._over = False  # whether no more can be written just now; whether nothing comes any more
        self._failed: BaseException | None = None
        self._waiter: asyncio.Future[bool] | None = None
        self._due = 0.0  # until when somebody waits
        self._timer: asyncio.TimerHandle | None = None

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
        if self._timer is not None:
            self._timer.cancel()
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

    async def read(self) -> bytes:
        """Return what comes next, b"" at the end.

        Raises:
            NoAnswer: nothing comes, or it broke off.
        """
        while not self._got:
            if self._over:
                if self._failed is not None:
                    raise cut(self._failed, sent=True)
                return b""
            if not await self._wait(self.patience.left(self.patience.read)):
                raise late(sent=True)
        return self._take()

    async def write(self, data: bytes) -> bytes | None:
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
            if not await self._wait(self.patience.left(self.patience.write)):
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
        if self._transport is None or self.loop.is_closed():
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

    def _wait(self, seconds: float) -> asyncio.Future[bool]:
        """Return what is there once something happens; it tells whether that was in time."""
        self._due = self.loop.time() + seconds
        if self._timer is None or self._timer.when() > self._due:
            self._set_timer()
        self._waiter = self.loop.create_future()
        return self._waiter

    def _set_timer(self) -> None:
        """Have somebody look when the wait is to end. One wait after the other makes use of the same timer."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_at(self._due, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._waiter is None or self._waiter.done():
            return
        if self.loop.time() < self._due:
            self._set_timer()
        else:
            self._waiter.set_result(False)


class Tasks(Sending[Line, asyncio.Semaphore]):
    """Sends for the tasks of one event loop, each on a connection of its own while it needs one."""

    async def release(self, reply: Reply) -> None:
        """Let go of a streamed body, read or not."""
        self.let_go(reply)

    def abandon(self, reply: Reply) -> None:
        """Cut off a streamed body that nobody will read or release; whoever collects it may be another thread."""
        body: Body = reply.handle
        line, body.line = body.line, None
        if line is not None:
            with suppress(RuntimeError):  # the loop is closed, and the connection with it
                line.loop.call_soon_threadsafe(lambda: body.pool.give_back(line, usable=False))

    async def close(self) -> None:
        """Close the connections that are idle, which is all of them unless a call is still being lived."""
        self.close_idle()
        await asyncio.sleep(0)  # the loop closes what was cut off

    def _here(self) -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()  # the connections of a loop that is over are over too

    def _slots(self) -> asyncio.Semaphore:
        return asyncio.Semaphore(MOST_AT_ONCE)

    async def _enter(self, slots: asyncio.Semaphore, seconds: float) -> None:
        if not slots.locked():
            await slots.acquire()
            return
        try:
            async with asyncio.timeout(seconds):
                await slots.acquire()
        except TimeoutError:
            raise crowded() from None

    async def _addresses(self, origin: Origin, seconds: float) -> list[Any]:
        async with asyncio.timeout(seconds):
            loop = asyncio.get_running_loop()
            return await loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)

    # What asyncio's own create_connection has opened is lost when it is cancelled at the wrong moment, so we open it.
    async def _connected(self, address: Any, seconds: float) -> socket.socket:
        family, kind, protocol, _, there = address
        opened = socket.socket(family, kind, protocol)
        try:
            opened.setblocking(False)
            async with asyncio.timeout(seconds):
                await asyncio.get_running_loop().sock_connect(opened, there)
        except BaseException:
            opened.close()
            raise
        return opened

    async def _line(self, opened: socket.socket, origin: Origin, patience: Patience) -> Line:
        tls: dict[str, Any] = {"ssl": context(), "server_hostname": origin.host} if origin.tls else {}
        try:
            async with asyncio.timeout(patience.left(patience.connect)):
                loop = asyncio.get_running_loop()
                _, line = await loop.create_connection(lambda: Line(patience), sock=opened, **tls)
        except BaseException:
            opened.close()
            raise
        return line

    async def _secure(self, line: Line, origin: Origin) -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(line.patience.left(line.patience.connect)):
            inner = await loop.start_tls(line.transport, line, context(), server_hostname=origin.host)
        if inner is None:
            raise OSError("the connection broke off")
        line.take_over(inner)
