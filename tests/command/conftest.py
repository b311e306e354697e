"""A connector that answers on the loopback address, and the command run in this process or in one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest

from koppling_tools.cli import main

HERE = Path(__file__).parent
SPECS = HERE / "spec"
SECRET = "canary-secret-value"


@dataclass
class Answer:
    """What the server says next.

    `pieces` are sent one by one; `gate` is waited for before each of them but the first, `hold` before all.
    """

    status: int = 200
    json: Any = None
    body: bytes | str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    pieces: list[str] | None = None
    gate: threading.Event | None = None
    hold: threading.Event | None = None


@dataclass
class Seen:
    """A request that the server got."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Server:
    """Answers from a queue; what comes beyond it gets the last answer again."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.seen: list[Seen] = []
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
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.seen.append(Seen(self.command, self.path, headers, self.rfile.read(length)))
                said = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                if said.hold:
                    said.hold.wait(10)
                self.send_response(said.status)
                for name, value in said.headers.items():
                    self.send_header(name, value)
                if said.pieces is not None:
                    self.send_header("content-type", "text/event-stream")
                    self.send_header("connection", "close")
                    self.end_headers()
                    for index, piece in enumerate(said.pieces):
                        if said.gate and index:
                            said.gate.wait(10)
                            said.gate.clear()
                        self.wfile.write(piece.encode())
                        self.wfile.flush()
                    self.close_connection = True
                    return
                body = said.body if said.body is not None else json.dumps(said.json)
                data = body if isinstance(body, bytes) else body.encode()
                if not any(name.lower() == "content-type" for name in said.headers):
                    self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_DELETE = answer  # noqa: N815  (http.server's names)

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}/v2/"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def answer(self, **said: Any) -> None:
        self.answers.append(Answer(**said))

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    """A loopback server, with nothing to say yet."""
    one = Server()
    yield one
    one.close()


@dataclass(frozen=True)
class Outcome:
    """How the command ended, and what it wrote."""

    status: int
    out: str
    err: str
    raw: bytes = b""


@pytest.fixture
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of its own: no variables of the person who runs the tests, an empty folder to stand in."""
    for name in list(os.environ):
        if name.startswith(("ACME_", "KOPPLING_", "OPENAI_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.delenv(
        "PYTHONUNBUFFERED", raising=False
    )  # with it, Python itself loses what a broken pipe did not take
    place = tmp_path_factory.mktemp("place")
    monkeypatch.setenv("KOPPLING_CONFIG", str(tmp_path_factory.mktemp("config")))
    monkeypatch.setenv("KOPPLING_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("KOPPLING_SPECS", str(SPECS))
    monkeypatch.setenv("ACME_API_KEY", SECRET)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def koppling(surroundings: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Any:
    """Run the command in this process: `koppling("run", "acme.get_thing", stdin=b"…")`."""
    del surroundings

    def run(*arguments: str, stdin: bytes = b"") -> Outcome:
        capfdbinary.readouterr()
        before, sys.stdin = sys.stdin, TextIOWrapper(BytesIO(stdin), encoding="utf-8")
        try:
            status = main(arguments)
        finally:
            sys.stdin = before
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        return Outcome(status, out.decode(errors="replace"), err.decode(), out)

    return run


@pytest.fixture
def process(surroundings: Path) -> Any:
    """Run the command in a process of its own."""
    del surroundings

    def run(*arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-m", "koppling_tools.cli", *arguments],
            input=stdin,
            capture_output=True,
            timeout=60,
            check=False,
            env={**os.environ, **(env or {})},
        )
        return Outcome(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(), done.stdout)

    return run
