"""A real HTTP server on the loopback address, in a thread, with one vendor below each first piece of a path.

What a vendor doesn't take is answered with 400 and the reason: a wrong encoding cannot pass. What goes wrong in a vendor's
own code is raised at the end of the test.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Iterable, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from strict.asked import Asked, Refused


class Cut(Exception):
    """Raised by a body that breaks off: the connection is closed where it stands."""


@dataclass
class Answer:
    """What a vendor answers. A body of pieces is sent chunked, each piece at once."""

    body: bytes | Iterable[bytes] = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None  # what Content-Length claims, where that is a lie


def in_json(value, status=200, **headers):
    """Return an answer in JSON; `content_type` stands for `Content-Type`."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(json.dumps(value).encode(), status, {"Content-Type": "application/json", **named})


class Vendor:
    """The addresses of one vendor below its base, behind a guard that looks at every request first."""

    def __init__(self, guard):
        self._guard = guard
        self._routes = []

    def on(self, method, pattern):
        """Route the requests of a method whose raw path below the base is this pattern."""

        def keep(answer):
            self._routes.append((method, re.compile(pattern), answer))
            return answer

        return keep

    def answer(self, asked, memory):
        self._guard(asked)
        found = [(method, path.fullmatch(asked.path), route) for method, path, route in self._routes]
        for method, match, route in found:
            if match and method in {asked.method, "*"}:
                return route(asked, memory, *match.groups())
        known = sorted({method for method, match, _ in found if match})
        raise Refused(f"{asked.path} takes {known}, not {asked.method}" if known else f"nothing is at {asked.path}")


class Loopback:
    """The server. `asked` has every request as it came, `memory` is what the vendors share with a test."""

    def __init__(self, vendors: Mapping[str, Vendor]) -> None:
        self.asked: list[Asked] = []
        self.memory: dict = {}
        self._vendors = vendors
        self.broken: list[BaseException] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.loopback = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def port(self) -> int:
        return self._server.server_port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def base(self, connector: str) -> str:
        """Return the base URL of a connector's vendor."""
        return f"{self.url}/{connector}/v1"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @contextmanager
    def afresh(self):
        """Lend the server to one test: nothing asked, nothing remembered; what broke in a vendor is raised."""
        self.asked, self.memory, self.broken = [], {}, []
        yield self
        if self.broken:
            raise self.broken[0]

    def reply(self, asked: Asked) -> Answer:
        """Return what the vendor of an address answers."""
        self.asked.append(asked)
        try:
            return self._vendor(asked).answer(asked, self.memory)
        except Refused as refusal:
            return in_json({"message": str(refusal), "code": "refused"}, 400)
        except Exception as error:  # noqa: BLE001  (raised where the test ends)
            self.broken.append(error)
            return in_json({"message": repr(error), "code": "broken"}, 500)

    def _vendor(self, asked: Asked) -> Vendor:
        if asked.vendor not in self._vendors:
            raise Refused(f"nobody lives at {asked.target}")
        return self._vendors[asked.vendor]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    loopback: Loopback

    def handle_error(self, *_):
        self.loopback.broken.append(sys.exception())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10
    disable_nagle_algorithm = True
    server: _Server

    def handle(self) -> None:
        # A client that has what it wants may leave in the middle of an answer.
        with suppress(ConnectionError, TimeoutError):
            super().handle()

    def log_message(self, *_):
        pass

    def _take(self):
        target = self.raw_requestline.split()[1].decode("ascii")  # as it came; the library shortens `//`
        headers = [(name.lower(), value) for name, value in self.headers.items()]
        answer = self.server.loopback.reply(
            Asked(self.command, target, headers, self._body(), self.server.loopback.url)
        )
        whole = isinstance(answer.body, bytes)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if not whole:
            self.send_header("Transfer-Encoding", "chunked")
        elif answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body) if answer.length is None else answer.length))
        self.end_headers()
        if whole:
            self.wfile.write(answer.body)
            self.close_connection = self.close_connection or answer.length is not None
            return
        try:
            for piece in answer.body:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        except Cut:
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _take  # noqa: N815  (http.server's names)

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        found = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return found
