"""Hover, definitions, references and the outline, over the protocol."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
from typing_cases import cases, marked


def over(text, span):
    """Return what stands in a range (UTF-16)."""
    lines = text.split("\n")
    start, end = span["start"], span["end"]
    assert start["line"] == end["line"]
    data = lines[start["line"]].encode("utf-16-le")
    return data[start["character"] * 2 : end["character"] * 2].decode("utf-16-le")


def file_of(uri):
    return Path(unquote(urlparse(uri).path))


@pytest.mark.parametrize("case", cases("hover"), ids=lambda case: case["title"])
def test_hover_tells(case, editor, home):
    path, text = marked(home, case)
    found = editor.at("hover", path, *editor.typed(path, text))
    if "says" not in case:
        assert found is None
        return
    assert over(text.replace("\u2038", ""), found["range"]) == case["over"]
    said = found["contents"]["value"]
    assert [piece for piece in case["says"] if piece not in said] == [], said


@pytest.mark.parametrize("case", cases("definition"), ids=lambda case: case["title"])
def test_definition_leads(case, editor, home):
    path, text = marked(home, case)
    found = editor.at("definition", path, *editor.typed(path, text))
    rows = []
    for one in found:
        target = file_of(one["uri"])
        said = text.replace("\u2038", "") if target == path else target.read_text()
        rows.append(f"{target.relative_to(home)}:{one['range']['start']['line'] + 1} {over(said, one['range'])}")
    assert rows == case["leads"]


def test_references_are_every_place_that_names_a_field(editor, home):
    path = home / "modules/make_thing.v2.yaml"
    line, character = editor.typed(path, path.read_text().replace("${input.name}", "${input.na\u2038me}", 1))
    found = editor.at("references", path, line, character, context={"includeDeclaration": True})
    lines = [(file_of(one["uri"]).name, one["range"]["start"]["line"] + 1) for one in found]
    assert lines == [
        ("make_thing.v2.yaml", 10), ("make_thing.v2.yaml", 21), ("make_thing.v2.yaml", 25), ("make_thing.v2.yaml", 25),
        ("make_thing.v2.yaml", 33), ("make_thing.v2.yaml", 34), ("make_thing.v2.yaml", 35),
        ("no-name.yaml", 3), ("no-name.yaml", 6), ("refused.yaml", 3), ("smallest.yaml", 3),
    ]  # fmt: skip
    without = editor.at("references", path, line, character, context={"includeDeclaration": False})
    assert len(without) == len(found) - 1


def test_references_of_a_definition_of_the_connector_are_in_its_modules(editor, home):
    path = home / "connector.yaml"
    line, character = editor.typed(path, path.read_text().replace("  label: {", "  la\u2038bel: {"))
    found = editor.at("references", path, line, character, context={"includeDeclaration": False})
    assert [file_of(one["uri"]).name for one in found] == ["make_thing.v2.yaml"]


def test_the_outline_has_fields_and_operations_with_their_titles(editor, home):
    path = home / "modules/manage_jobs.v1.yaml"
    editor.open(path)
    found = editor.ask("textDocument/documentSymbol", {"textDocument": {"uri": path.as_uri()}})
    top = {one["name"]: one for one in found}
    assert list(top) == ["name", "version", "title", "select", "operations"]
    assert top["version"]["detail"] == "1.0.0"
    start, get = top["operations"]["children"]
    assert (start["name"], start["detail"]) == ("start", "Start a job")
    fields = next(one for one in get["children"] if one["name"] == "fields")
    assert [(one["name"], one["detail"]) for one in fields["children"]] == [("job", "Job")]
    for outer, inner in ((top["operations"], start), (start, start["children"][0]), (fields, fields["children"][0])):
        assert outer["range"]["start"]["line"] <= inner["range"]["start"]["line"]
        assert outer["range"]["end"]["line"] >= inner["range"]["end"]["line"]


def test_the_outline_of_a_broken_file_is_what_can_be_read(editor, home):
    path = home / "modules/make_thing.v1.yaml"
    editor.open(path, path.read_text().replace("request: {", "request: {{{"))
    found = editor.ask("textDocument/documentSymbol", {"textDocument": {"uri": path.as_uri()}})
    assert [one["name"] for one in found][:6] == ["name", "version", "title", "lifecycle", "fields", "required"]
