"""A canary for a key: it may reach the vendor, and nothing else."""

import json
import logging
import os
import pickle
import subprocess
import sys
import threading
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from openai_cases import KEY, SENDING, SPEC, connection, named

import koppling

FIRST = {
    (one.module_name, str(one.inputs.get("action", one.inputs.get("operation")))): one for one in reversed(SENDING)
}


class Echo(BaseHTTPRequestHandler):
    """Refuses everybody, and repeats what it was told."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        told = self.headers.get("authorization", "")
        self.server.heard.append(told)
        body = json.dumps(
            {"error": {"message": f"wrong key: {told}", "code": told, "param": KEY, "type": KEY}}
        ).encode()
        self.send_response(401)
        for name, value in (("content-type", "application/json"), ("content-length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = answer  # noqa: N815  (the library's names)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def echo():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.heard = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("example", named(FIRST.values()))
def test_no_error_log_or_rendering_of_any_module_shows_the_key(example, echo, caplog):
    caplog.set_level(logging.DEBUG)
    base_url = f"http://127.0.0.1:{echo.server_address[1]}/{KEY}/v1/"
    client = koppling.Client(connection(base_url=base_url), SPEC, as_of=example.as_of or "2026-11-23")
    with client, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with pytest.raises(koppling.ApiError) as caught:
            client.execute(example.module_name, example.inputs)
        request = client.render(example.module_name, example.inputs)
    error = caught.value
    shown = [
        str(error),
        repr(error),
        repr(error.__dict__),
        repr(error.request),
        str(error.request),
        repr(pickle.dumps(error)),
        caplog.text,
    ]
    shown += [
        str(request),
        repr(request),
        request.curl(),
        json.dumps(request.as_json()),
        *(str(one.message) for one in warned),
    ]
    assert [text for text in shown if KEY in text] == []
    assert echo.heard[-1] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "words", [["--dry-run"], ["--dry-run", "--output", "json"], []], ids=["dry", "dry json", "run"]
)
def test_the_command_shows_no_key(words, echo):
    environment = os.environ | {
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": f"http://127.0.0.1:{echo.server_address[1]}/v1/",
    }
    command = [sys.executable, "-m", "koppling_tools.cli", "run", "openai.get_models", "action=list", *words]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == (0 if words else 2)
    assert ran.stdout + ran.stderr
    assert KEY not in ran.stdout + ran.stderr
