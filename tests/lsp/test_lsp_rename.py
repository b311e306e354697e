"""A field under another name, over the protocol: the result is checked, and its examples run."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
from typing_cases import applied

from koppling_tools.check import check
from koppling_tools.cli import main


def rename(editor, path, marked, name):
    """Rename in the editor and write what it would write; return the names of the files that changed."""
    line, character = editor.typed(path, marked)
    answer = editor.at("rename", path, line, character, newName=name)
    for uri, edits in answer["changes"].items():
        file = Path(unquote(urlparse(uri).path))
        file.write_text(applied(file.read_text(), edits))
    return sorted(Path(unquote(urlparse(uri).path)).name for uri in answer["changes"])


def refusal(editor, method, path, marked, **more):
    line, character = editor.typed(path, marked)
    place = {"textDocument": {"uri": path.as_uri()}, "position": {"line": line, "character": character}}
    return editor.answer(f"textDocument/{method}", {**place, **more})


@pytest.mark.parametrize(
    ("file", "at", "marked", "new", "files"),
    [
        ("modules/make_thing.v2.yaml", "  name: {type", "  na\u2038me: {type", "called",
         ["make_thing.v2.yaml", "no-name.yaml", "refused.yaml", "smallest.yaml"]),
        ("modules/make_thing.v2.yaml", "${input.size}", "${input.si\u2038ze}", "bigness", ["make_thing.v2.yaml", "no-name.yaml"]),
        ("modules/make_thing.v2.yaml", "{colour: [size]}", "{col\u2038our: [size]}", "hue", ["make_thing.v2.yaml"]),
        ("modules/make_thing.v2.yaml", "  label: {$ref", "  \u2038label: {$ref", "tag", ["make_thing.v2.yaml"]),
        ("modules/list_things.v1.yaml", "  limit: {type", "  limit\u2038: {type", "most",
         ["connector.yaml", "list_things.v1.yaml", "make_thing.v2.yaml", "two-pages.yaml"]),
        ("modules/manage_jobs.v1.yaml", "set: {stream:", "set: {str\u2038eam:", "live", ["manage_jobs.v1.yaml"]),
        ("modules/manage_jobs.v1.yaml", "{field: action", "{field: ac\u2038tion", "what", ["get.yaml", "manage_jobs.v1.yaml", "start.yaml"]),
        ("connector.yaml", "${connection.tenant}", "${connection.ten\u2038ant}", "owner", ["connector.yaml"]),
        ("examples/make_thing.v2/no-name.yaml", "size: small", "si\u2038ze: small", "bigness", ["make_thing.v2.yaml", "no-name.yaml"]),
    ],
)  # fmt: skip
def test_a_renamed_field_is_renamed_everywhere_and_all_still_runs(
    editor, home, specs, capsys, file, at, marked, new, files
):
    path = home / file
    text = path.read_text()
    assert at in text
    assert rename(editor, path, text.replace(at, marked, 1), new) == files
    assert [str(one) for one in check([specs], [], "2026-11-23").diagnostics if one.severity == "error"] == []
    assert main(["test", str(specs)]) == 0, capsys.readouterr().out


def test_a_name_within_an_answer_is_no_field(editor, home, specs):
    """`input` read from the answer, or from an element, is another thing's key."""
    path = home / "modules/make_thing.v2.yaml"
    text = path.read_text().replace(
        "    id: id",
        "    id: \"${input.name || (body.tags[?input.name == 'x'] | [0].input.name || input.name) || body.input.name}\"",
    )
    rename(editor, path, text.replace("  name: {type", "  na\u2038me: {type", 1), "called")
    path.write_text(text)  # what the editor had
    editor.close(path)
    editor.open(path)
    line, character = next(
        (n, one.index("name: {type")) for n, one in enumerate(text.split("\n")) if "  name: {type" in one
    )
    answer = editor.at("rename", path, line, character, newName="called")
    changed = applied(text, answer["changes"][path.as_uri()])
    assert (
        "${input.called || (body.tags[?input.name == 'x'] | [0].input.name || input.name) || body.input.name}"
        in changed
    )


def test_prepare_says_what_is_renamed(editor, home):
    path = home / "modules/make_thing.v2.yaml"
    found = refusal(editor, "prepareRename", path, path.read_text().replace('\\"colour\\"', '\\"col\u2038our\\"'))[
        "result"
    ]
    assert found["placeholder"] == "colour"
    line = path.read_text().split("\n")[found["range"]["start"]["line"]]
    assert line[found["range"]["start"]["character"] : found["range"]["end"]["character"]] == '\\"colour\\"'


@pytest.mark.parametrize(
    ("at", "marked"),
    [
        ("title: Make", "ti\u2038tle: Make"),
        ("    id: id", "    i\u2038d: id"),
        ("${input.size}", "${inp\u2038ut.size}"),
        ("${input.size}", "${input.si\u2038zze}"),
        ("properties: {name:", "prop\u2038erties: {name:"),
        ("const: anvil", "const: an\u2038vil"),
    ],
)
def test_what_is_no_field_is_not_renamed(editor, home, at, marked):
    path = home / "modules/make_thing.v2.yaml"
    answer = refusal(editor, "prepareRename", path, path.read_text().replace(at, marked, 1))
    assert "field" in answer["error"]["message"]


@pytest.mark.parametrize(
    ("new", "said"),
    [("size", "there is a field 'size' already"), ("2nd", "no name of a field"), ("a b", "no name of a field")],
)
def test_a_name_that_cannot_be_is_refused(editor, home, new, said):
    path = home / "modules/make_thing.v2.yaml"
    answer = refusal(
        editor, "rename", path, path.read_text().replace("  name: {type", "  na\u2038me: {type", 1), newName=new
    )
    assert said in answer["error"]["message"]
