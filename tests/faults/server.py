"""A server on the loopback address that does what a script says, faults first of all."""

from __future__ import annotations

import contextlib
import gzip
import json
import select
import socket
import ssl
import struct
import threading
import time
import zlib
from collections.abc import Iterable
from typing import Any

FINE = [["read", {"answer": {"body": {"id": "fine"}}}]]
_POLL = select.POLLHUP | select.POLLERR | getattr(select, "POLLRDHUP", 0)


class Gone(Exception):
    """The client has closed its end."""


class FaultServer:
    """Plays a script: a list of exchanges, each a list of steps; the last one is played again and again.

    read                     the whole request
    head, rest               only its head; what is behind it
    {send: text}             this text; {times: n} of it; {latin: text}, in Latin-1
    {answer: {…}}            an answer of `status`, `headers` and `body` (text, or what becomes JSON)
    {gzip: text}, {deflate: text}   such bytes, with a head that says so; {cut: n} leaves out the last n
    {bomb: megabytes}        zeros, gzipped
    gate                     waits for `open_gate`
    hold                     does nothing, until the client closes or the server stops
    close, reset             orderly; with a RST

    A connection is kept for the next exchange until it is closed.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._script: list[list[Any]] = FINE
        self._tls = tls
        self._lock = threading.Lock()
        self._gate = threading.Event()
        self._over, self._stop = socket.socketpair()
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()
        self.passed = threading.Event()  # set behind each gate's steps
        self.connections = 0
        self.requests: list[bytes] = []
        self.places: list[int] = []  # the number of the connection that each request came through
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(256)
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept)
        self._acceptor.start()

    def play(self, script: Iterable[Iterable[Any]]) -> None:
        """Play this from the next request on."""
        with self._lock:
            self._script = [list(exchange) for exchange in script]

    def exchange(self) -> list[Any]:
        """Return what is done with the next request."""
        return self._script[0] if len(self._script) == 1 else self._script.pop(0)

    def open_gate(self) -> None:
        """Let go on who waits at the gate."""
        self._gate.set()

    def stop(self) -> None:
        """Close everything and wait for all threads."""
        self._gate.set()
        self._stop.close()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join()
        with self._lock:
            for one in self._open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._over.close()

    def wait_until_left(self, seconds: float = 20) -> bool:
        """Tell whether the clients close all their connections in time."""
        end = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    # ---- connections ----

    def _accept(self) -> None:
        while True:
            try:
                opened, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(opened)
                self.connections += 1
                number = self.connections
            thread = threading.Thread(target=self._serve, args=(opened, number))
            with self._lock:
                self._threads = [one for one in self._threads if one.is_alive()]
                self._threads.append(thread)
            thread.start()

    def _serve(self, opened: socket.socket, number: int) -> None:
        plain = opened
        try:
            if self._tls is not None:
                opened = self._tls.wrap_socket(opened, server_side=True)
                with self._lock:
                    self._open.discard(plain)
                    self._open.add(opened)
            talk = _Talk(opened, self)
            while not talk.closed:
                talk.await_request()
                with self._lock:
                    exchange = self.exchange()
                    self.places.append(number)
                for step in exchange:
                    talk.do(step)
        except (Gone, OSError):
            pass
        finally:
            with self._lock:
                self._open.discard(opened)
                self._open.discard(plain)
            opened.close()


class _Talk:
    """One connection, as the server has it."""

    def __init__(self, opened: socket.socket, server: FaultServer) -> None:
        self._socket, self._server = opened, server
        self._buffer = self._last = b""
        self._behind_gate = False
        self.closed = False

    def await_request(self) -> None:
        """Wait for the first byte of a request."""
        if not self._buffer:
            self._buffer = self._receive()

    def do(self, step: Any) -> None:
        """Do one step."""
        if isinstance(step, str):
            getattr(self, f"_{step}")()
            return
        ((name, value),) = ((key, value) for key, value in step.items() if key not in {"times", "cut"})
        data = getattr(self, f"_{name}_data")(value) * step.get("times", 1)
        self._send(data[: len(data) - step.get("cut", 0)])
        if self._behind_gate:
            self._server.passed.set()

    def _receive(self) -> bytes:
        data = self._socket.recv(65536)
        if not data:
            raise Gone
        return data

    def _send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def _head(self) -> bytes:
        while b"\r\n\r\n" not in self._buffer:
            self._buffer += self._receive()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        self._server.requests.append(head)
        self._last = head
        return head

    def _read(self) -> None:
        self._head()
        self._rest()

    def _rest(self) -> None:
        fields = dict(line.lower().split(": ", 1) for line in self._last.decode().split("\r\n")[1:])
        left = int(fields.get("content-length", 0)) - len(self._buffer)
        self._buffer = b""
        while left > 0:
            left -= len(self._receive())

    def _close(self) -> None:
        self.closed = True
        self._socket.close()
        if self._behind_gate:
            self._server.passed.set()

    def _reset(self) -> None:
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._close()

    def _gate(self) -> None:
        self._server._gate.wait()
        self._behind_gate = True

    def _hold(self) -> None:
        poll = select.poll()
        poll.register(self._socket, _POLL)
        poll.register(self._server._over, select.POLLIN)
        poll.poll()
        raise Gone

    @staticmethod
    def _send_data(text: str) -> bytes:
        return text.encode()

    @staticmethod
    def _latin_data(text: str) -> bytes:
        return text.encode("latin-1")

    @staticmethod
    def _answer_data(answer: dict[str, Any]) -> bytes:
        body = answer.get("body", "")
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Content-Length": len(data), **answer.get("headers", {})}
        lines = [f"HTTP/1.1 {answer.get('status', '200 OK')}", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + data

    @classmethod
    def _gzip_data(cls, text: str) -> bytes:
        return cls._coded("gzip", gzip.compress(text.encode()))

    @classmethod
    def _deflate_data(cls, text: str) -> bytes:
        return cls._coded("deflate", zlib.compress(text.encode()))

    @classmethod
    def _bomb_data(cls, megabytes: int) -> bytes:
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        million = bytes(1 << 20)
        return cls._coded("gzip", b"".join(packer.compress(million) for _ in range(megabytes)) + packer.flush())

    @staticmethod
    def _coded(name: str, data: bytes) -> bytes:
        # To the end of the connection, so that what is cut off is missed by nobody but the coding.
        return f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: {name}\r\n\r\n".encode() + data
