"""What holds for the repository as a whole."""

import ast
import http.server
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import koppling
from koppling.builtin import builtin_folder

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "interpreter").rglob("*.py"))
PAGES = sorted((ROOT / "interpreter").rglob("*.md"))


def connectors():
    return [path.parent.name for path in builtin_folder().glob("*/connector.yaml")]


def test_there_are_connectors_to_be_silent_about():
    assert connectors()


@pytest.mark.parametrize("path", [*SOURCES, *PAGES], ids=lambda path: str(path.relative_to(ROOT)))
def test_no_connector_is_named_in_the_interpreter(path):
    text = path.read_text().lower()
    assert [name for name in connectors() if re.search(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])", text)] == []


def test_the_public_surface_is_what_is_promised_and_every_name_of_it_is_there():
    assert koppling.__all__ == sorted(koppling.__all__)
    assert all(getattr(koppling, name).__name__ == name for name in koppling.__all__)
    assert set(koppling.__all__) >= {
        "Client", "AsyncClient", "Connection", "File", "execute", "Request", "Response", "Result", "KopplingError", "SpecError",
        "UnknownModule", "ModuleRetired", "InputInvalid", "ConnectionInvalid", "TransportError", "ApiError",
    }  # fmt: skip
    with pytest.raises(AttributeError):
        _ = koppling.no_such_name


def imported_by(code):
    ran = subprocess.run(
        [sys.executable, "-c", f"{code}; import sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(ran.stdout.split())


def test_importing_the_package_loads_nothing_of_it():
    assert {name for name in imported_by("import koppling") if name.startswith("koppling")} <= {"koppling"}


# What a program pays for on each start, and what only a fault, a person or another module of the library needs.
HEAVY = {"httpx", "httpcore", "jsonschema", "jmespath", "ruamel.yaml", "asyncio", "click", "rich", "platformdirs", "uuid",
         "tempfile", "logging", "koppling.compile", "koppling.read"}  # fmt: skip


def test_importing_what_a_program_needs_loads_next_to_nothing():
    nothing = imported_by("pass")
    found = imported_by("from koppling import Client, AsyncClient, Connection, File") - nothing
    assert {name for name in found if name.startswith("koppling")} == {
        "koppling", "koppling.client", "koppling.client.clients", "koppling.connection", "koppling.files"
    }  # fmt: skip
    assert found & (HEAVY | {"dataclasses", "typing", "pathlib", "re", "json", "enum"}) == set()


def test_a_first_call_loads_no_library_that_it_can_do_without(tmp_path, monkeypatch):
    with http.server.HTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("KOPPLING_CACHE", str(tmp_path))
        call = (
            "from koppling import Client, Connection\n"
            f"with Client(Connection('openai', api_key='sk-not-one', base_url='http://127.0.0.1:{server.server_port}')) as client:\n"
            "    client.execute('openai.create_chat_completion@1', {'model': 'm', 'messages': [{'role': 'user', 'content': 'c'}]})\n"
            "pass"
        )
        imported_by(call)  # compiles the module, which the next process finds
        found = imported_by(call)
        server.shutdown()
        thread.join()
    assert found & HEAVY == set()
    assert "koppling.validate" in found


class Answering(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        body = b'{"choices": [{"message": {"content": "Hej!"}}]}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.mark.parametrize(
    ("library", "homes"),
    [("ruamel", {"read.py"}), ("jmespath", {"expression.py"}), ("httpx", {"given.py"}), ("jsonschema", {"validate.py"}),
     ("jsonschema_rs", {"validate.py"}), ("platformdirs", {"folders.py"}), ("keyring", {"vault.py"})],
)  # fmt: skip
def test_one_library_has_one_home(library, homes):
    found = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.split(".")[0] == library for name in names):
                found.add(path.name)
    # httpx's types stand in signatures, for the type checker alone.
    assert found - ({"clients.py", "__init__.py"} if library == "httpx" else set()) == homes


def test_no_file_is_larger_than_a_room():
    sizes = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for path in (*SOURCES, *(ROOT / "tools").rglob("*.py"))
    }
    assert {path: lines for path, lines in sizes.items() if lines > 500} == {}


def test_no_room_is_without_a_name_of_its_own():
    nameless = {"utils", "util", "helpers", "helper", "common", "base", "misc", "manager", "handler", "handlers"}
    assert [path for path in (*SOURCES, *(ROOT / "tools").rglob("*.py")) if path.stem in nameless] == []


@pytest.mark.xdist_group("heard")
def test_those_who_share_out_the_tests_hear_their_groups(request):
    """What shares a server, a wheel or an installation must not run twice at once."""
    grouped = request.config.getoption("loadgroup", default=False)
    assert request.node.nodeid.endswith("@heard") or not grouped
