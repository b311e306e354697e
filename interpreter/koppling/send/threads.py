"""Sockets, for any number of threads."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Generator
from time import monotonic
from typing import Any, Final, TypeVar

from koppling.effects import Bounds, NoAnswer, Reply
from koppling.model import Request
from koppling.send import Watch, dialled
from koppling.send.pool import BROKEN_OFF, MOST_AT_ONCE, Idle
from koppling.send.route import Origin, Route, Routes
from koppling.send.sending import Body, Dial, Patience, sending, settled
from koppling.send.tls import context
from koppling.send.tunnel import through
from koppling.send.waiting import IN, OUT, wait
from koppling.send.wire import Wire
from koppling.send.words import crowded, cut, late, not_connected

T = TypeVar("T")

_SIZE: Final = 64 << 10


class Line:
    """A connection: a socket that never blocks, and what is waited for."""

    __slots__ = ("_poll", "_rest", "_socket", "_tls", "_watch", "route", "used", "wire", "written")

    def __init__(self, opened: socket.socket, route: Route, watch: Watch | None) -> None:
        self.route, self.wire, self._watch = route, Wire(), watch
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

    def read(self, patience: Patience) -> bytes:
        """Return what comes next, b"" at the end.

        Raises:
            NoAnswer: nothing comes, or it broke off.
        """
        if self._tls and (data := self._now()) is not None:
            return data
        while True:
            if not wait(self._socket, IN, patience.left(patience.read)):
                raise late(sent=True)
            data = self._now()
            if data is not None:
                return data

    def write(self, data: bytes, patience: Patience) -> bytes | None:
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
                ready = wait(self._socket, IN | OUT, patience.left(patience.write))
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


class Threads:
    """Sends for any number of threads, each on a connection of its own while it needs one."""

    def __init__(self, bounds: Bounds, *, public_only: bool, watch: Watch | None = None) -> None:
        self._bounds, self._public_only, self._watch = bounds, public_only, watch
        self._routes, self._idle, self._lock = Routes(), Idle[Line](), threading.Lock()
        self._slots: dict[Route, threading.Semaphore] = {}
        self._process = os.getpid()

    def send(self, request: Request, *, stream: bool) -> Reply:
        """Send and return the answer's head; the body too, unless it is to be streamed and is a success.

        Raises:
            NoAnswer: whatever the network did instead.
            TooLarge: the body exceeds its bound.
        """
        patience = Patience(request.timeout)
        flow = sending(request, self._routes, self._bounds, patience, stream=stream)
        reply, line = self._live(flow, patience)
        if reply.body is not None and line is not None:
            self._done(line)
        return reply

    def read(self, reply: Reply) -> bytes:
        """Return the next bytes of a streamed body, none at its end.

        Raises:
            NoAnswer: whatever the network did instead.
        """
        body: Body = reply.handle
        if body.line is None:
            return b""
        line = body.line
        body.line = None  # should it fail
        data, _ = self._live(body.more(line), body.patience, line)
        if data:
            body.line = line
        else:
            self._done(line)
        return data

    def release(self, reply: Reply) -> None:
        """Let go of a streamed body, read or not."""
        body: Body = reply.handle
        line, body.line = body.line, None
        if line is not None:
            self._done(line)

    def close(self) -> None:
        """Close the connections that are idle, which is all of them unless a call is still being lived."""
        with self._lock:
            idle = self._idle.take_all()
        for line in idle:
            line.close()

    def _live(
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
                        value = line = self._take(step, patience)
                    elif step is None:
                        value = line.read(patience)  # type: ignore[union-attr]  # a flow dials before it speaks
                    else:
                        value = line.write(step, patience)  # type: ignore[union-attr]
                except NoAnswer as failure:
                    fault = failure
        except StopIteration as done:
            return done.value, line
        except BaseException:
            self._let_go(line)
            raise

    def _take(self, dial: Dial, patience: Patience) -> Line:
        """Return a connection: a kept one that is still quiet, or a new one."""
        route = dial.route
        with self._lock:
            if self._process != os.getpid():  # a fork must not speak through its parent's connections
                self._idle, self._slots, self._process = Idle(), {}, os.getpid()
            slots = self._slots.get(route) or self._slots.setdefault(route, threading.Semaphore(MOST_AT_ONCE))
        if not slots.acquire(timeout=patience.left(patience.pool)):
            raise crowded()
        try:
            return (None if dial.anew else self._kept(route)) or self._dial(route, patience)
        except BaseException:
            slots.release()
            raise

    def _kept(self, route: Route) -> Line | None:
        while True:
            with self._lock:
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
        if not settled(line):
            self._let_go(line)
            return
        with self._lock:
            over = self._idle.put(line)
        self._slots[line.route].release()
        if over is not None:
            over.close()

    def _let_go(self, line: Line | None) -> None:
        if line is not None:
            line.close()
            self._slots[line.route].release()

    def _dial(self, route: Route, patience: Patience) -> Line:
        """Return a new connection.

        Raises:
            NoAnswer: there is none.
        """
        if self._public_only:
            dialled.see_no_proxy(route)
        origin, proxy = route.origin, route.proxy
        first = origin if proxy is None else proxy.origin
        if proxy is not None and first.tls and origin.tls:
            message = (
                "could not be sent: TLS through a proxy that is itself spoken to over TLS is for AsyncClient alone"
            )
            raise NoAnswer("protocol", message, sent=False)
        opened = _opened(first, patience, public_only=self._public_only)
        try:
            if first.tls:
                opened = _secured(opened, first, patience)
            line = Line(opened, route, self._watch)
            if proxy is not None and not route.forwards:
                self._tunnel(line, patience.connecting())
                if origin.tls:
                    line.take_over(_secured(opened, origin, patience))
                    opened = line.socket
        except BaseException:
            opened.close()
            raise
        line.written = False
        return line

    def _tunnel(self, line: Line, patience: Patience) -> None:
        talk = through(line.route)
        value: Any = None
        try:
            while True:
                step = talk.send(value)
                value = line.read(patience) if step is None else line.write(step, patience)
        except StopIteration:
            return
        except NoAnswer as failure:
            raise NoAnswer("connect", str(failure), sent=False) from failure


def _opened(origin: Origin, patience: Patience, *, public_only: bool) -> socket.socket:
    try:
        found = socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise not_connected(error) from error
    if public_only:
        found = dialled.public_among(origin.host, found)
    end = monotonic() + patience.left(patience.connect)
    failed: OSError | None = None
    for number, (family, kind, protocol, _, address) in enumerate(found):
        opened = socket.socket(family, kind, protocol)
        try:
            # One address that swallows everything must not use up the time of the others.
            opened.settimeout(max(0.001, (end - monotonic()) / (len(found) - number)))
            opened.connect(address)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            opened.close()
            failed = error
        except BaseException:
            opened.close()
            raise
        else:
            return opened
    raise not_connected(failed or OSError("the name has no address")) from failed


def _secured(opened: socket.socket, origin: Origin, patience: Patience) -> socket.socket:
    opened.settimeout(max(0.001, patience.left(patience.connect)))
    try:
        return context().wrap_socket(opened, server_hostname=origin.host)
    except (OSError, ValueError) as error:
        raise not_connected(error) from error
