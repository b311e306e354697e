"""An HTTP server on the loopback address that a `Replay` speaks through. HTTP/1.1, connections are kept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self

from koppling_tools.sandbox.replay import ASKED, Played, Replay

LARGEST_BODY: Final = 256 << 20
_IDLE: Final = 60.0
_OURS: Final = frozenset({"content-length", "transfer-encoding", "connection", "content-encoding", "date", "server"})

Log = Callable[[str, str, Played], None]
"""Told of each answer: method, path as it came, what was answered."""


class Server:
    """A replay behind a socket. A context manager; `port` is known from the start, requests are answered inside.

    Args:
        port: 0 takes a free one.

    Raises:
        OSError: the port is taken, or not this user's to open.
    """

    def __init__(self, port: int = 0) -> None:
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._thread: threading.Thread | None = None

    @property
    def origin(self) -> str:
        """Where it listens: `http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def serve(self, replay: Replay, log: Log | None = None) -> Self:
        """Begin to answer, in threads of its own."""
        self._server.replay, self._server.log = replay, log
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop listening; connections that are kept end with their next request, or with this process."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    replay: Replay
    log: Log | None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing where a client went away; anything else is a fault of ours, and is shown."""
        import sys

        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _TooLarge(Exception):
    pass


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "koppling-sandbox"
    sys_version = ""
    timeout = _IDLE
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave together
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the name is the library's)
        """Write nothing: the one who started this server is told instead."""

    def _serve(self) -> None:
        try:
            data = self._body()
        except _TooLarge:
            self.close_connection = True
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {LARGEST_BODY >> 20} MiB")
            return
        except ValueError:
            self.close_connection = True
            self.send_error(HTTPStatus.BAD_REQUEST, "the length of the body cannot be told")
            return
        host, port = self.server.server_address[:2]
        url = f"http://{host!s}:{port}{self.path}"
        played = self.server.replay.answer(self.command, url, self.headers.items(), data)
        if self.server.log is not None:
            self.server.log(self.command, self.path, played)
        self._answer(played)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve  # noqa: N815  (the library's names)

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            return self._chunks()
        length = int(self.headers.get("content-length") or 0)
        if length < 0:
            raise ValueError
        if length > LARGEST_BODY:
            raise _TooLarge
        return self.rfile.read(length)

    def _chunks(self) -> bytes:
        found = bytearray()
        while size := int(self.rfile.readline(1024).partition(b";")[0], 16):
            if size < 0 or len(found) + size > LARGEST_BODY:
                raise _TooLarge
            found += self.rfile.read(size)
            self.rfile.readline(2 + 1)
        while self.rfile.readline(65536).strip():
            pass  # trailers
        return bytes(found)

    def _answer(self, played: Played) -> None:
        answer = played.answer
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if name not in _OURS:
                self.send_header(name, value)
        if played.example is not None:
            self.send_header(ASKED, played.example)
        bodiless = self.command == "HEAD" or answer.status in {204, 304} or answer.status < HTTPStatus.OK
        chunked = answer.streamed and self.request_version != "HTTP/1.0" and not bodiless
        if chunked:
            self.send_header("transfer-encoding", "chunked")
        elif not (bodiless and self.command != "HEAD"):
            self.send_header("content-length", str(len(answer.data)))
        self.end_headers()
        if chunked:
            for piece in answer.chunks:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        elif not bodiless:
            self.wfile.write(answer.data)
        self.wfile.flush()
