"""The sandbox as a process: how it begins and ends, what it keeps, and what holds for every request."""

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import openai
import pytest
from sandbox_process import start, stop

from koppling_tools.sandbox import models

pytestmark = [pytest.mark.heavy, pytest.mark.xdist_group("models")]

KEY = {"Authorization": "Bearer any"}
LOOPBACK = "0100007F"

linux = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the kernel does not tell who listens")


def listening():
    """Return the address, the port and the inode of every socket that listens, over both versions of IP."""
    tables = [one for one in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")) if one.exists()]
    rows = [line.split() for table in tables for line in table.read_text().splitlines()[1:]]
    return [(*_split(row[1]), row[9]) for row in rows if row[3] == "0A"]


def _split(address):
    host, _, port = address.partition(":")
    return host, int(port, 16)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer"}, {"Authorization": "Basic YTpi"}])
def test_a_request_without_a_key_is_refused(url, headers):
    answer = httpx.get(f"{url}models", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error"].keys() == {"message", "type", "param", "code"}
    assert answer.headers["x-request-id"]


def test_every_answer_has_an_id_of_its_own(url):
    found = [httpx.get(f"{url}{path}", headers=KEY).headers["x-request-id"] for path in ("models", "models", "none")]
    assert len(set(found)) == 3


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "none", 404), ("PATCH", "models", 405), ("GET", "chat/completions", 405), ("GET", "files/none", 404)],
)
def test_a_wrong_path_or_method_gets_the_vendors_envelope(url, method, path, status):
    answer = httpx.request(method, f"{url}{path}", headers=KEY)
    assert answer.status_code == status
    assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[" * 100000, b"\xff"])
@pytest.mark.parametrize("path", ["chat/completions", "embeddings", "moderations", "images/generations"])
def test_a_body_that_is_no_json_object_is_refused(url, path, body):
    answer = httpx.post(f"{url}{path}", content=body, headers=KEY)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


@pytest.mark.parametrize("path", ["files", "audio/transcriptions", "images/edits"])
def test_a_body_that_is_no_form_is_refused(url, path):
    for kind in ("text/plain", "multipart/form-data", "multipart/form-data; boundary=x"):
        answer = httpx.post(f"{url}{path}", content=b"none", headers={**KEY, "Content-Type": kind})
        assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


@linux
def test_it_listens_on_the_loopback_address_alone(url):
    assert {address for address, port, _ in listening() if port == urlsplit(url).port} == {LOOPBACK}


def test_files_and_jobs_outlive_the_process_where_a_folder_is_named(tmp_path):
    process, url = start("--data", str(tmp_path))
    with openai.OpenAI(api_key="any", base_url=url) as client:
        name = client.files.create(file=("a.txt", b"kept"), purpose="evals").id
    assert stop(process) == 0
    process, url = start("--data", str(tmp_path))
    with openai.OpenAI(api_key="any", base_url=url) as client:
        assert client.files.content(name).read() == b"kept"
    assert stop(process) == 0


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_nothing_of_it_is_left(sent, tmp_path):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(models.command(0), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    port = urlsplit(json.loads(process.stdout.readline())["url"]).port
    assert list(tmp_path.iterdir())
    process.send_signal(sent)
    process.wait(10)
    process.stdin.close()
    process.stdout.close()
    assert list(tmp_path.iterdir()) == []
    with socket.socket() as one:
        assert one.connect_ex(("127.0.0.1", port)) != 0


def test_it_is_ready_soon():
    began = time.monotonic()
    process, _ = start()
    took = time.monotonic() - began
    assert stop(process) == 0
    assert took < 30


@linux
def test_the_server_behind_it_answers_nobody_else():
    process, url = start()
    try:
        held = {str(one.readlink()) for one in Path(f"/proc/{process.pid}/fd").iterdir() if one.is_symlink()}
        found = [(address, port) for address, port, inode in listening() if f"socket:[{inode}]" in held]
        (behind,) = {port for _, port in found} - {urlsplit(url).port}
        answer = httpx.post(f"http://127.0.0.1:{behind}/v1/completions", json={"prompt": "Hi", "max_tokens": 1})
    finally:
        stop(process)
    assert answer.status_code == 401
    assert {address for address, _ in found} == {LOOPBACK}
