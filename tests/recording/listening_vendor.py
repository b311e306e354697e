"""A server on the loopback address that says what it is told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = 'kq-Zr8/w+T5 vY~"1f=Qe'


@dataclass
class Reply:
    """What the server answers: JSON, or bytes."""

    json: Any = None
    status: int = 200
    headers: list[tuple[str, str]] = field(default_factory=list)
    data: bytes | None = None


@dataclass
class Asked:
    """What the server was asked."""

    method: str
    target: str
    headers: dict[str, str]
    data: bytes


Say = Callable[[Asked], Reply]


class Server:
    """Answers with what `say` makes of each request."""

    def __init__(self) -> None:
        self.say: Say = lambda _: Reply({})
        self.asked: list[Asked] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except ConnectionError:  # the command left early, as some tests want it to
                    self.close_connection = True

            def answer(self) -> None:
                length = int(self.headers.get("content-length", 0))
                asked = Asked(
                    self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, self.rfile.read(length)
                )
                outer.asked.append(asked)
                reply = outer.say(asked)
                data = reply.data if reply.data is not None else json.dumps(reply.json).encode()
                self.send_response(reply.status)
                if not any(name.lower() == "content-type" for name, _ in reply.headers):
                    self.send_header("Content-Type", "application/json")
                for name, value in reply.headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = answer  # noqa: N815  (http.server's names)

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1/"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
