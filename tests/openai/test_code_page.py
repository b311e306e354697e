"""spec/CODE.md: every block of it runs, from top to bottom, against a server that answers as the vendor would."""

from __future__ import annotations

import inspect
import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

import koppling

PAGE = (Path(__file__).parents[2] / "spec/CODE.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
MESSAGE = {"index": 0, "message": {"role": "assistant", "content": "Hej, hej."}, "finish_reason": "stop"}
USED = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
CHAT = {"id": "c-1", "object": "chat.completion", "model": "gpt-5.2", "choices": [MESSAGE], "usage": USED}
PARTS = [{"index": 0, "delta": {"role": "assistant", "content": "Hej, hej."}, "finish_reason": "stop"}]


class Vendor(BaseHTTPRequestHandler):
    def do_POST(self):
        data = self.rfile.read(int(self.headers["content-length"]))
        if self.path.endswith("/files"):
            assert b"Hej!" in data
            self._answer(json.dumps({"id": "file-1"}).encode())
        elif json.loads(data).get("stream"):
            event = json.dumps({**CHAT, "object": "chat.completion.chunk", "choices": PARTS})
            self._answer(f"data: {event}\n\ndata: [DONE]\n\n".encode(), "text/event-stream")
        else:
            self._answer(json.dumps(CHAT).encode())

    def do_GET(self):
        address = urlsplit(self.path)
        if address.path.endswith("/content"):
            self._answer(b"Hej!", "text/plain")
            return
        asked = parse_qs(address.query)
        start, size = int(asked.get("after", ["0"])[0]), int(asked.get("limit", ["2"])[0])
        found = [{"id": str(number)} for number in range(start + 1, start + size + 1)]
        self._answer(json.dumps({"data": found, "has_more": True}).encode())

    def _answer(self, body, kind="application/json"):
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder to stand in, with what the page speaks of, and an environment that leads to the vendor."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Vendor) as server:
        Thread(target=server.serve_forever).start()
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-page")
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1/")
        (tmp_path / "spec").mkdir()
        (tmp_path / ".env").write_text("OPENAI_API_KEY=sk-of-the-file\n")
        yield tmp_path
        server.shutdown()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_every_block_of_the_page_runs(place, capsys):
    program = {}
    for block in BLOCKS:
        exec(compile(block, "spec/CODE.md", "exec"), program)  # noqa: S102  (our own code)
    said = capsys.readouterr().out
    assert program["result"].output["text"] == "Hej, hej."
    assert [one["id"] for one in (program["first"], *program["rest"])] == ["1", "2", "3"]
    assert (place / "copy.txt").read_bytes() == b"Hej!"
    assert "/temperature" in said
    assert "sk-of-the-page" not in said
    assert len(program["seen"]) == 2


def test_the_page_names_every_error_with_all_of_its_attributes():
    for name in ("InputInvalid", "UnknownModule", "ModuleRetired", "ConnectionInvalid", "SpecError", "TransportError", "ApiError"):  # fmt: skip
        (row,) = [line for line in PAGE.splitlines() if line.startswith("|") and f"`{name}`" in line]
        for attribute in getattr(koppling, name).__dataclass_fields__:
            assert re.search(rf"\b{attribute}\b", row), (name, attribute)


def test_the_page_is_short_and_names_all_that_a_client_can_be_given():
    assert len(PAGE.splitlines()) <= 135
    lacking = {"clock", "max_body", "max_file", "public_only"}  # the README's table has the last three
    named = set(inspect.signature(koppling.Client).parameters) - {"connection"}
    assert {one for one in named if f"{one}=" not in PAGE} == lacking
