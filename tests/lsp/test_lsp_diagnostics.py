"""Faults while somebody types, over the protocol."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from editor_client import Editor

from koppling.read import read_document
from koppling_tools.lsp.diagnostics import check_language, check_text


def test_a_fault_is_told_at_its_word_with_its_rule_and_its_help(editor, home):
    path = home / "modules/make_thing.v2.yaml"
    editor.open(path)
    editor.told(path, [])
    editor.change(path, path.read_text().replace("${input.size}", "${input.sise}"), 2)
    said = editor.published(path)
    (fault,) = [one for one in said["diagnostics"] if one["severity"] == 1]
    assert said["version"] == 2
    assert fault["code"] == "undefined-reference"
    assert fault["severity"] == 1
    assert fault["source"] == "koppling"
    assert "did you mean 'size'?" in fault["message"]
    assert fault["range"] == {"start": {"line": 35, "character": 18}, "end": {"line": 35, "character": 22}}
    editor.change(path, path.read_text(), 3)
    editor.told(path, [])


def test_what_only_the_examples_tell_is_told_too(editor, home):
    path = home / "modules/make_thing.v2.yaml"
    editor.open(path, path.read_text().replace("first_tag: tags[0].label", "first_tag: tags[0].lable"))
    (fault,) = editor.told(path, ["dead-path"], every=True)
    assert fault["severity"] == 2
    assert fault["codeDescription"]["href"].endswith("#dead-path")
    example = home / "examples/make_thing.v2/smallest.yaml"
    editor.open(example)
    assert "failing-example" in [one["code"] for one in editor.diagnostics(example) or editor.diagnostics(example)]
    editor.change(path, path.read_text(), 2)
    editor.told(path, [], every=True)
    editor.told(example, [], every=True)


@pytest.mark.parametrize(
    ("encodings", "agreed"), [(None, "utf-16"), (["utf-32", "utf-16"], "utf-32"), (["utf-8"], "utf-8")]
)
def test_characters_beyond_the_first_plane_count_as_was_agreed(home, encodings, agreed):
    path = home / "modules/make_thing.v2.yaml"
    editor = Editor(encodings=encodings)
    try:
        assert editor.server["capabilities"]["positionEncoding"] == agreed
        editor.open(
            path, path.read_text().replace("size: ${input.size}", 'size: "\U0001f600\u00e9\U0001d4b3 ${ input.sise}" ')
        )
        (fault,) = [one for one in editor.diagnostics(path) if one["code"] == "undefined-reference"]
        start, end = fault["range"]["start"]["character"], fault["range"]["end"]["character"]
        text = '    size: "\U0001f600\u00e9\U0001d4b3 ${ input.'
        units = {"utf-16": len(text.encode("utf-16-le")) // 2, "utf-32": len(text), "utf-8": len(text.encode())}[agreed]
        assert (start, end - start) == (units, 4)
        found = editor.at("completion", path, fault["range"]["start"]["line"], start)
        assert "size" in [one["label"] for one in found["items"]]
        assert found["items"][0]["textEdit"]["range"]["start"]["character"] == start
    finally:
        assert editor.leave() == 0


def test_a_change_of_the_connector_that_is_not_saved_reaches_its_modules(editor, home):
    path, connector = home / "modules/make_thing.v2.yaml", home / "connector.yaml"
    editor.open(path, path.read_text().replace("${input.size}", "${connection.region}"))
    editor.told(path, ["undefined-reference"])
    editor.open(
        connector,
        connector.read_text().replace("    tenant:", "    region: {type: string, title: Region}\n    tenant:"),
    )
    editor.told(path, [])
    editor.close(connector)  # not saved: the disk counts again
    editor.told(path, ["undefined-reference"])


def test_a_change_on_disk_reaches_the_open_files(editor, home):
    path, connector = home / "modules/make_thing.v2.yaml", home / "connector.yaml"
    editor.open(path)
    editor.told(path, [])
    connector.write_text(connector.read_text().replace("  label: {", "  word: {"))
    editor.say("workspace/didChangeWatchedFiles", {"changes": [{"uri": connector.as_uri(), "type": 2}]})
    editor.told(path, ["undefined-reference"])


def test_a_connector_that_is_deleted_does_not_stop_anything(editor, home):
    path, connector = home / "modules/make_thing.v2.yaml", home / "connector.yaml"
    editor.open(path)
    editor.told(path, [])
    connector.unlink()
    editor.say("workspace/didChangeWatchedFiles", {"changes": [{"uri": connector.as_uri(), "type": 3}]})
    editor.told(path, ["no-connector", "undefined-reference", "unknown-module"])
    line, character = 35, len("    size: ${input.")
    assert "name" in [one["label"] for one in editor.at("completion", path, line, character)["items"]]
    assert editor.at("definition", path, 10, 20) == []


def test_a_module_that_was_never_saved_is_checked(editor, home):
    path = home / "modules/brand_new.v1.yaml"
    editor.open(path, "name: brand_new\nversion: 1.0.0\ntitle: New\nrequest: {method: GET, path: '/${input.x}'}\n")
    editor.told(path, ["undefined-reference"])
    editor.close(path)


def test_closing_a_file_clears_what_was_said_of_it(editor, home):
    path = home / "modules/make_thing.v2.yaml"
    editor.open(path, path.read_text().replace("kind: action", "kind: none"))
    editor.told(path, ["grammar"])
    editor.close(path)
    assert editor.diagnostics(path) == []


def test_only_the_last_of_many_keystrokes_is_told(editor, home):
    path = home / "modules/make_thing.v2.yaml"
    text = path.read_text()
    editor.open(path)
    editor.diagnostics(path)
    for version in range(2, 40):
        editor.change(path, text.replace("${input.size}", "${input.s" + "i" * version + "}"), version)
    told = []
    while not told or told[-1]["version"] != 39:
        told.append(editor.published(path))
    assert len(told) < 10
    assert "iii" in told[-1]["diagnostics"][0]["message"]


def test_a_file_that_is_no_spec_has_no_faults(editor, tmp_path):
    path = tmp_path / "compose.yaml"
    editor.open(path, "services: {web: [}\n")
    editor.told(path, [])
    editor.close(path)


def test_a_text_without_a_file_is_left_alone(editor, home):
    editor.say(
        "textDocument/didOpen",
        {"textDocument": {"uri": "untitled:Untitled-1", "languageId": "yaml", "version": 1, "text": "a: ["}},
    )
    assert editor.ask("textDocument/documentSymbol", {"textDocument": {"uri": "untitled:Untitled-1"}}) == []
    editor.say("textDocument/didClose", {"textDocument": {"uri": "untitled:Untitled-1"}})
    path = home / "connector.yaml"
    editor.open(path)
    editor.told(path, [])


def test_it_asks_to_be_told_of_changes_on_disk(server):
    assert [
        one["params"]["registrations"][0]["method"]
        for one in server.asked
        if one["method"] == "client/registerCapability"
    ] == ["workspace/didChangeWatchedFiles"]


def test_without_pygls_it_says_what_to_install(tmp_path):
    (tmp_path / "pygls.py").write_text("raise ModuleNotFoundError('No module named pygls', name='pygls')\n")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    found = subprocess.run(
        [sys.executable, "-m", "koppling_tools.cli", "lsp"],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert found.returncode == 2
    assert "pip install 'koppling[lsp]'" in found.stderr
    assert found.stdout == ""


def test_a_client_that_goes_away_ends_it():
    process = subprocess.Popen(
        [sys.executable, "-m", "koppling_tools.cli", "lsp"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    _, said = process.communicate(b"", timeout=20)
    assert b"Traceback" not in said


@pytest.mark.parametrize(
    ("old", "new", "rule", "line"),
    [
        ("required: [name]", "  shade: s\nrequired: [name]", "grammar", 20),
        ("  path: /things\n", '  path: "/x/${"\n', "expression-syntax", 29),
    ],
)
def test_what_is_half_typed_is_told_and_clears_when_it_is_whole(editor, home, old, new, rule, line):
    path = home / "modules/make_thing.v2.yaml"
    editor.open(path, path.read_text().replace("${input.size}", "${input.sise}"))
    editor.told(path, ["undefined-reference"])
    editor.change(path, path.read_text().replace(old, new, 1), 2)
    (fault, *_) = editor.told(path, [rule])
    assert fault["range"]["start"]["line"] == line
    editor.change(path, path.read_text(), 3)
    editor.told(path, [], every=True)


def test_a_check_that_fails_is_told_of_its_file(specs, monkeypatch):
    def broken(document):
        raise KeyError(document.path)

    path = specs / "acme/connector.yaml"
    for where in ("lsp.diagnostics.check_connector", "check.unit.check_connector"):
        monkeypatch.setattr(f"koppling_tools.{where}", broken)
    document = read_document(path)
    for found in (check_language("connector", document, None), check_text(path, document.text, (), "2026-11-23")):
        (fault,) = found
        assert (fault.rule, fault.location.path) == ("fault-of-koppling", str(path))
        assert "please report it" in fault.help
