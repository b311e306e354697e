"""What holds for the repository as a whole."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import koppling
from koppling.builtin import builtin_folder

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "interpreter").rglob("*.py"))


def connectors():
    return [path.parent.name for path in builtin_folder().glob("*/connector.yaml")]


def test_there_are_connectors_to_be_silent_about():
    assert connectors()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
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


def test_importing_what_a_program_needs_loads_no_library_of_weight():
    heavy = {"httpx", "jsonschema", "jsonschema_rs", "jmespath", "ruamel.yaml", "asyncio", "click", "rich"}
    assert imported_by("from koppling import Client, AsyncClient, Connection, File") & heavy == set()


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
