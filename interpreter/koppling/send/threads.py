"""Sockets, for any number of threads."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from koppling.effects import Bounds, NoAnswer, Reply
from koppling.model import Request
from koppling.send import Watch
from koppling.send.pool import BROKEN_OFF, MOST_AT_ONCE
from koppling.send.route import Origin, Route
from koppling.send.sending import Patience, Sending
from koppling.send.tls import context
from koppling.send.waiting import IN, OUT, wait
from koppling.send.wire import Wire
from koppling.send.words import crowded, cut, late

T = TypeVar("T")

_SIZE: Final = 64 << 10


class Line:
    """A connection: a socket that never blocks, and what is waited for."""

    __slots__ = ("_rest", "_socket", "_tls", "_watch", "patience", "used", "wire", "written")

    def __init__(self, opened: socket.socket, patience: Patience, watch: Watch | None) -> None:
        self.wire, self.patience, self._watch = Wire(), patience, watch
        self.used = self.written = False
        self._rest = memoryview(b"")
        self.take_over(opened)

    def take_over(self, opened: socket.socket) -> None:
        """Speak through this socket from now on."""
        opened.setblocking(False)
        self._socket = opened
        self._tls = isinstance(opened, ssl.SSLSocket)

    @property
    def socket(self) -> socket.socket:
        """What it speaks through."""
        return self._socket

    async def read(self) -> bytes:
        """Return what comes next, b"" at the end.

        Raises:
            NoAnswer: nothing comes, or it broke off.
        """
        if self._tls and (data := self._now()) is not None:
            return data
        while True:
            if not wait(self._socket, IN, self.patience.left(self.patience.read)):
                raise late(sent=True)
            data = self._now()
            if data is not None:
                return data

    async def write(self, data: bytes) -> bytes | None:
        """Write it all, behind what was left; or return what comes from the other side before that is done.

        Raises:
            NoAnswer: nobody takes it, or it broke off.
        """
        if self.written and wait(self._socket, IN, 0) and (early := self._now()) is not None:
            self._rest = memoryview(bytes(self._rest) + data)
            return early
        rest = memoryview(bytes(self._rest) + data) if self._rest else memoryview(data)
        while rest:
            try:
                count = self._socket.send(rest)
                rest, self.written = rest[count:], True
                if self._watch is not None:
                    self._watch("sent", count)
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                ready = wait(self._socket, IN | OUT, self.patience.left(self.patience.write))
                if not ready:
                    raise late(sent=self.written) from None
                if ready & IN and (early := self._now()) is not None:
                    self._rest = rest
                    return early
            except OSError as error:
                self._rest = memoryview(b"")
                raise cut(error, sent=self.written) from error
        self._rest = memoryview(b"")
        return None

    def ready(self) -> bytes | None:
        """Return what has come already, b"" at the end, None where nothing has.

        Raises:
            NoAnswer: it broke off.
        """
        # TLS says some things to itself, and holds some that the socket does not show.
        return self._now() if self._tls or wait(self._socket, IN, 0) else None

    def quiet(self) -> bool:
        """Tell whether nothing has come, neither bytes nor the end: whether the connection can still be used."""
        try:
            return self.ready() is None
        except NoAnswer:
            return False

    def close(self) -> None:
        """Close it; a request that is not over is broken off, or the kernel would go on trying to send what it has."""
        if not self.wire.told:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, BROKEN_OFF)
        self._socket.close()

    def _now(self) -> bytes | None:
        try:
            data = self._socket.recv(_SIZE)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except OSError as error:
            raise cut(error, sent=True) from error
        if self._watch is not None:
            self._watch("received", len(data))
        return data


class _Blocking(Sending[Line, threading.Semaphore]):
    """Sends from one thread or another. Its coroutines block where they wait."""

    def __init__(self, bounds: Bounds, *, public_only: bool, watch: Watch | None) -> None:
        super().__init__(bounds, public_only=public_only)
        self._watch = watch

    def _here(self) -> int:
        return os.getpid()  # a fork must not speak through its parent's connections

    def _slots(self) -> threading.Semaphore:
        return threading.Semaphore(MOST_AT_ONCE)

    async def _enter(self, slots: threading.Semaphore, seconds: float) -> None:
        if not slots.acquire(timeout=seconds):
            raise crowded()

    async def _dial(self, route: Route, patience: Patience) -> Line:
        if route.proxy is not None and route.proxy.origin.tls and route.origin.tls:
            message = (
                "could not be sent: TLS through a proxy that is itself spoken to over TLS is for AsyncClient alone"
            )
            raise NoAnswer("protocol", message, sent=False)
        return await super()._dial(route, patience)

    async def _addresses(self, origin: Origin, seconds: float) -> list[Any]:
        del seconds  # nobody can stop it
        return socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)

    async def _connected(self, address: Any, seconds: float) -> socket.socket:
        family, kind, protocol, _, there = address
        opened = socket.socket(family, kind, protocol)
        try:
            opened.settimeout(max(0.001, seconds))
            opened.connect(there)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException:
            opened.close()
            raise
        return opened

    async def _line(self, opened: socket.socket, origin: Origin, patience: Patience) -> Line:
        line = Line(opened, patience, self._watch)
        if origin.tls:
            try:
                await self._secure(line, origin)
            except BaseException:
                line.close()
                raise
        return line

    async def _secure(self, line: Line, origin: Origin) -> None:
        line.socket.settimeout(max(0.001, line.patience.left(line.patience.connect)))
        line.take_over(context().wrap_socket(line.socket, server_hostname=origin.host))


class Threads:
    """Sends for any number of threads, each on a connection of its own while it needs one."""

    def __init__(self, bounds: Bounds, *, public_only: bool, watch: Watch | None = None) -> None:
        self._sending = _Blocking(bounds, public_only=public_only, watch=watch)

    def send(self, request: Request, *, stream: bool) -> Reply:
        """Send and return the answer's head; the body too, unless it is to be streamed and is a success.

        Raises:
            NoAnswer: whatever the network did instead.
            TooLarge: the body exceeds its bound.
        """
        return _ended(self._sending.send(request, stream=stream))

    def read(self, reply: Reply) -> bytes:
        """Return the next bytes of a streamed body, none at its end.

        Raises:
            NoAnswer: whatever the network did instead.
        """
        return _ended(self._sending.read(reply))

    def release(self, reply: Reply) -> None:
        """Let go of a streamed body, read or not."""
        self._sending.let_go(reply)

    def close(self) -> None:
        """Close the connections that are idle, which is all of them unless a call is still being lived."""
        self._sending.close_idle()


def _ended(work: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine comes to that blocks where others wait."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # what ends a generator has no type
    raise RuntimeError("it was to block, and was suspended")
