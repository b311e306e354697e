"""Sandboxes started and stopped: which one, what is told, what is refused."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from koppling.catalog import Catalog
from koppling.errors import UnknownModule
from koppling_tools.cli import main
from koppling_tools.sandbox import start as starting
from koppling_tools.sandbox.start import SandboxUnavailable, start

HERE = Path(__file__).parent

OWN = """
import sys
CONNECTION = {{"api_key": "local"}}
def missing():
    return {missing!r}
def command(port):
    return [sys.executable, "-c", {code!r}, str(port)]
"""
SERVER = """
import json, sys, threading, http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
print("loading")
print(json.dumps({"url": f"http://127.0.0.1:{server.server_port}/v1/"}), flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), server.shutdown()), daemon=True).start()
server.serve_forever()
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Give acme a sandbox of its own: a module that starts a server as a process."""

    def make(*, missing: tuple[str, ...] = (), code: str = SERVER) -> None:
        (tmp_path / "acme_sandbox.py").write_text(OWN.format(missing=list(missing), code=code))
        monkeypatch.syspath_prepend(tmp_path)
        sys.modules.pop("acme_sandbox", None)
        importlib.invalidate_caches()
        found = EntryPoint("acme", "acme_sandbox", starting.GROUP)
        monkeypatch.setattr(starting, "entry_points", lambda **by: (found,) if by["name"] == "acme" else ())

    return make


def listens(url: str) -> bool:
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname, parts.port), timeout=1).close()
    except OSError:
        return False
    return True


def test_a_replay_listens_until_the_with_is_left(catalog: Catalog) -> None:
    with start("acme", catalog=catalog) as sandbox:
        assert sandbox.kind == "replay"
        assert sandbox.connection_fields == {
            "api_key": "key-for-examples",
            "tenant": "example-tenant",
            "base_url": sandbox.url,
        }
        assert sandbox.url.startswith("http://127.0.0.1:")
        assert sandbox.url.endswith("/v2/")
        assert listens(sandbox.url)
    assert not listens(sandbox.url)


def test_a_port_that_is_taken_is_said_to_be(catalog: Catalog) -> None:
    with start("acme", catalog=catalog) as sandbox:
        port = urlsplit(sandbox.url).port
        with pytest.raises(SandboxUnavailable, match=f"port {port} of this machine cannot be listened at"):
            start("acme", catalog=catalog, port=port or 0).__enter__()


def test_an_own_sandbox_is_preferred_where_nothing_is_missing_and_ends_with_its_user(catalog: Catalog, own) -> None:
    own()
    with start("acme", catalog=catalog) as sandbox:
        assert sandbox.kind == "local models"
        assert sandbox.connection_fields["api_key"] == "local"
        assert sandbox.connection_fields["base_url"] == sandbox.url
        assert httpx.get(sandbox.url, trust_env=False).status_code == 204
        process = sandbox.process
        assert process is not None
    assert process.returncode is not None
    assert not listens(sandbox.url)


def test_with_something_missing_the_examples_answer_and_it_is_said_why(catalog: Catalog, own) -> None:
    own(missing=("one-model", "another-model"))
    with start("acme", catalog=catalog) as sandbox:
        assert sandbox.kind == "replay"
        assert "the local models need one-model and another-model, which are not installed" in sandbox.about


def test_models_that_were_asked_for_and_are_missing_are_named_with_the_command(catalog: Catalog, own) -> None:
    own(missing=("one-model",))
    with pytest.raises(SandboxUnavailable, match=r"need one-model, which is not installed: .*pip install") as caught:
        start("acme", catalog=catalog, mode="models").__enter__()
    assert caught.value.exit_code == 1


def test_a_sandbox_that_knows_its_own_way_of_being_installed_tells_it(catalog: Catalog, own, tmp_path: Path) -> None:
    own(missing=("one-model",))
    with (tmp_path / "acme_sandbox.py").open("a") as file:
        file.write("INSTALL = 'make models'\n")
    with start("acme", catalog=catalog) as sandbox:
        assert sandbox.about.endswith("which is not installed: make models")


def test_an_own_sandbox_that_cannot_be_imported_lacks_what_it_imports(catalog: Catalog, own, tmp_path: Path) -> None:
    own()
    (tmp_path / "acme_sandbox.py").write_text("import a_package_that_is_not_there\n")
    with start("acme", catalog=catalog) as sandbox:
        assert sandbox.kind == "replay"
        assert "need a_package_that_is_not_there, which is not installed" in sandbox.about


def test_replay_may_be_asked_for_where_models_are_there(catalog: Catalog, own) -> None:
    own()
    with start("acme", catalog=catalog, mode="replay") as sandbox:
        assert sandbox.kind == "replay"


def test_an_own_sandbox_that_does_not_start_is_told_with_its_last_words(catalog: Catalog, own) -> None:
    own(code="import sys; sys.exit('no room for the weights')")
    with pytest.raises(SandboxUnavailable, match=r"did not start\n  no room for the weights"):
        start("acme", catalog=catalog).__enter__()


def test_a_connector_without_an_own_sandbox_says_so_when_models_are_asked_for(catalog: Catalog) -> None:
    with pytest.raises(SandboxUnavailable, match="acme has no sandbox with local models; --replay"):
        start("acme", catalog=catalog, mode="models").__enter__()


def test_an_unknown_connector_is_told_with_those_that_are_known(catalog: Catalog) -> None:
    with pytest.raises(UnknownModule, match="did you mean 'acme'"):
        start("acne", catalog=catalog).__enter__()


def test_a_connector_whose_address_no_field_sets_says_what_to_change(tmp_path: Path) -> None:
    folder = tmp_path / "fixed"
    folder.mkdir()
    (folder / "connector.yaml").write_text(
        "koppling: 1\nname: fixed\ntitle: Fixed\nversion: 1.0.0\n"
        "connection: {fields: {region: {type: string}}}\n"
        'request: {base_url: "https://${connection.region}.fixed.example/"}\n'
    )
    with pytest.raises(SandboxUnavailable, match=r"requests go to 'https://\$\{connection.region\}") as caught:
        start("fixed", catalog=Catalog([tmp_path])).__enter__()
    assert "begin with a field of the connection" in caught.value.message


def test_a_connector_without_examples_has_nothing_to_answer_from(tmp_path: Path) -> None:
    folder = tmp_path / "mute"
    folder.mkdir()
    (folder / "connector.yaml").write_text(
        "koppling: 1\nname: mute\ntitle: Mute\nversion: 1.0.0\n"
        'connection: {fields: {base_url: {type: string, default: "https://mute.example/"}}}\n'
        'request: {base_url: "${connection.base_url}"}\n'
    )
    with pytest.raises(SandboxUnavailable, match="no example that sends a request"):
        start("mute", catalog=Catalog([tmp_path])).__enter__()


# ---- the command ----


@contextlib.contextmanager
def foreground(*words: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command as a process, and end it whatever happens."""
    process = subprocess.Popen(
        [sys.executable, "-m", "koppling_tools.cli", "sandbox", *words, "--specs", "spec"],
        cwd=HERE,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=60)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_command_tells_how_to_use_it_and_ends_when_it_is_interrupted(how: signal.Signals) -> None:
    with foreground("acme") as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().rstrip() for _ in range(4)]
        url = lines[0].rpartition(" ")[2]
        assert lines == [
            f"Acme, replay (19 examples): {url}",
            f"  export ACME_API_KEY=key-for-examples ACME_BASE_URL={url}",
            "  koppling run acme.list_things color=red",
            "Ctrl-C ends it.",
        ]
        headers = {"Authorization": "Bearer k"}
        assert httpx.get(f"{url}things/th_1", headers=headers, trust_env=False).status_code == 200
        assert httpx.get(f"{url}things/th_0", headers=headers, trust_env=False).status_code == 404
        process.send_signal(how)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out == ""
    assert err.splitlines()[0] == "GET /v2/things/th_1 200 acme.get_thing@1/smallest"
    assert err.splitlines()[1].startswith("GET /v2/things/th_0 404 no example of acme answers GET /things/th_0.")
    assert err.splitlines()[-1] == "the sandbox has ended"


def test_the_printed_lines_work_as_they_are() -> None:
    with foreground("acme") as process:
        assert process.stdout is not None
        _, export, run, _ = (process.stdout.readline().strip() for _ in range(4))
        environment = {**os.environ, **dict(word.split("=", 1) for word in export.split()[1:])}
        began = time.monotonic()
        found = subprocess.run(
            [
                sys.executable,
                "-m",
                "koppling_tools.cli",
                *run.split()[1:],
                "limit:=1",
                "--output",
                "json",
                "--specs",
                "spec",
            ],
            cwd=HERE,
            env=environment,
            text=True,
            capture_output=True,
            timeout=30,
            check=False,
        )
        assert (found.returncode, found.stderr) == (0, ""), time.monotonic() - began
        assert '"Door"' in found.stdout


def test_without_a_name_and_with_several_connectors_they_are_listed(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        text = (here / "spec" / "acme" / "connector.yaml").read_text()
        (tmp_path / name / "connector.yaml").write_text(text.replace("name: acme", f"name: {name}"))
    assert main(["sandbox", "--specs", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "which connector? There are" in said
    assert "one, " in said
    assert "two" in said


def test_a_port_that_is_none_is_a_fault_of_usage(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sandbox", "acme", "--port", "70000", "--specs", str(here / "spec")]) == 2
    assert "70000" in capsys.readouterr().err
