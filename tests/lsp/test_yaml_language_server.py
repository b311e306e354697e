"""The grammar as editors without a server of ours use it: yaml-language-server over all specs, by their modelines."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from editor_client import Editor

TOP = Path(__file__).parents[2]
VERSION = "2.0.0"
HOME = (
    Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    / "koppling-tests"
    / f"yaml-language-server-{VERSION}"
)
SERVER = HOME / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.xdist_group("yaml-language-server"),
    pytest.mark.skipif(shutil.which("npm") is None, reason="yaml-language-server comes with npm, which is not here"),
]


def specs_with_modelines():
    folders = [TOP / "spec", TOP / "tests"]
    found = [path for folder in folders for path in folder.rglob("*.yaml") if "node_modules" not in path.parts]
    return sorted(path for path in found if first_line(path).startswith("# yaml-language-server: $schema="))


def first_line(path):
    return path.read_text(encoding="utf-8", errors="replace").partition("\n")[0]


@pytest.fixture(scope="module")
def yaml_server():
    if not SERVER.exists():
        HOME.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=HOME) as folder:  # half an installation is none
            command = [
                "npm",
                "install",
                "--no-audit",
                "--no-fund",
                "--prefix",
                folder,
                f"yaml-language-server@{VERSION}",
            ]
            subprocess.run(command, check=True, capture_output=True, timeout=300)
            (Path(folder) / "node_modules").rename(HOME / "node_modules")
    yaml = {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}
    editor = Editor(command=["node", str(SERVER), "--stdio"], root=TOP, settings={"yaml": yaml})
    editor.say("workspace/didChangeConfiguration", {"settings": {"yaml": yaml}})
    yield editor
    editor.leave()


def faults(editor, path, text=None):
    """Return what is said of a file, or of a copy of it that stands beside it in the editor alone.

    The first word is the verdict: that of a broken copy is not empty, as the tests below show.
    """
    shown = path if text is None else path.with_name(f"copy-{time.monotonic_ns()}.yaml")
    editor.open(shown, path.read_text(encoding="utf-8") if text is None else text)
    said = editor.diagnostics(shown, 30)
    editor.close(shown)
    return said


def test_every_modeline_leads_to_the_grammar_of_its_kind():
    kinds = {"modules": "module", "ok": "module"}
    checked = 0
    for path in specs_with_modelines():
        schema = first_line(path).partition("$schema=")[2].strip()
        target = (path.parent / schema).resolve()
        assert target.is_file(), f"{path}: there is no {schema}"
        kind = "connector" if path.name == "connector.yaml" else kinds.get(path.parent.name, "example")
        if path.parent.name != "ok":
            assert target.name == f"{kind}.schema.json", path
        checked += 1
    assert checked > 500


def test_every_file_of_the_built_in_connectors_has_a_modeline():
    built_in = {path for path in (TOP / "spec").glob("*/**/*.yaml") if "language" not in path.parts}
    assert built_in - set(specs_with_modelines()) == set()


def test_it_finds_no_fault_in_our_specs(yaml_server):
    sound = [TOP / "spec", TOP / "tests" / "shapes" / "spec", TOP / "tests" / "lsp" / "spec"]
    paths = [path for path in specs_with_modelines() if any(path.is_relative_to(folder) for folder in sound)]
    said = {}
    for path in paths:  # all at once: it rests a while before it looks at a file
        yaml_server.open(path)
    while len(said) < len(paths):
        news = yaml_server.news.get(timeout=60)
        if news["method"] == "textDocument/publishDiagnostics":
            said[news["params"]["uri"]] = [one["message"] for one in news["params"]["diagnostics"]]
    for path in paths:
        yaml_server.close(path)
    wrong = {uri: messages for uri, messages in said.items() if messages}
    assert wrong == {}
    assert len(paths) > 400


@pytest.mark.parametrize(
    ("file", "at", "wrong", "line", "says"),
    [
        ("modules/create_edit.v2.yaml", "kind: action", "kind: actoin", 3, "action"),
        ("modules/create_edit.v2.yaml", "summary: Returns", "sumary: Returns", 5, "sumary"),
        ("modules/create_edit.v2.yaml", "title: Model\n", "titel: Model\n", None, "titel"),
        ("connector.yaml", "koppling: 1\n", "", None, "koppling"),
        ("connector.yaml", "kind: rate_limit", "kind: rate_limits", None, "rate_limit"),
        ("examples/create_edit.v2/smallest.yaml", "inputs:", "input:", None, "input"),
    ],
)
def test_it_finds_the_fault_of_a_broken_copy(yaml_server, file, at, wrong, line, says):
    path = TOP / "spec" / "openai" / file
    text = path.read_text()
    assert at in text
    said = faults(yaml_server, path, text.replace(at, wrong, 1))
    assert [one for one in said if says in one["message"]], said
    if line is not None:
        assert line in [one["range"]["start"]["line"] for one in said]


def test_hover_shows_what_the_grammar_says(yaml_server):
    path = TOP / "spec" / "openai" / "modules" / "create_edit.v2.yaml"
    yaml_server.open(path)
    line = path.read_text().split("\n").index("kind: action")
    said = yaml_server.at("hover", path, line, 2)
    yaml_server.close(path)
    assert "action gives one bundle, search a list of them." in str(said["contents"])


def test_completion_offers_the_keys_of_the_grammar(yaml_server):
    path = TOP / "spec" / "openai" / "modules" / "create_edit.v2.yaml"
    text = path.read_text().replace("kind: action\n", "k\n", 1)
    yaml_server.open(path, text)
    found = yaml_server.at("completion", path, text.split("\n").index("k"), 1)
    yaml_server.close(path)
    assert "kind" in [one["label"] for one in (found["items"] if isinstance(found, dict) else found)]
