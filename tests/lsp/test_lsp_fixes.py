"""Quick fixes over the protocol: each mends the fault that it is offered for."""

from __future__ import annotations

import pytest
from koppling.diagnostics import Diagnostic, Location
from koppling_tools.lsp.files import Files
from koppling_tools.lsp.fixes import fixes
from typing_cases import applied, cases, marked


def actions(editor, path, diagnostic):
    params = {
        "textDocument": {"uri": path.as_uri()},
        "range": diagnostic["range"],
        "context": {"diagnostics": [diagnostic], "only": ["quickfix"]},
    }
    return editor.ask("textDocument/codeAction", params)


@pytest.mark.parametrize("case", [one for one in cases("fixes") if "unless" not in one], ids=lambda case: case["title"])
def test_a_fix_mends_its_fault(case, editor, home):
    path, text = marked(home, case)
    editor.open(path, text)
    found = [one for one in editor.diagnostics(path) if one["code"] == case["rule"]]
    assert found, "the fault is not told"
    offered = {one["title"]: one for one in actions(editor, path, found[0])}
    assert case["fix"] in offered, offered.keys()
    mended = applied(text, offered[case["fix"]]["edit"]["changes"][path.as_uri()])
    assert case["gives"] in mended.split("\n")
    editor.change(path, mended)
    assert [one for one in editor.diagnostics(path) if one["code"] == case["rule"]] == []


def test_no_fix_where_nothing_is_known(editor, home):
    path = home / "modules/make_thing.v2.yaml"
    editor.open(path, path.read_text().replace("version: 2.0.0", "version: 3.0.0"))
    found = editor.diagnostics(path)
    assert [one["code"] for one in found] == ["version-mismatch"]
    assert actions(editor, path, found[0]) == []


def test_a_warning_may_stand_with_a_reason_and_an_error_may_not(home):
    path = home / "modules/make_thing.v2.yaml"
    place = Location(str(path), 27, 3)
    warning = Diagnostic("unsafe-retry", "a POST repeats", place, "warning")
    (fix,) = fixes(Files(), path, warning)
    (edit,) = fix.edits
    text = path.read_text()
    lines = (text[: edit.start] + edit.text + text[edit.end :]).split("\n")
    assert lines[26] == lines[27][: len(lines[27]) - len(lines[27].lstrip())] + "# koppling: ignore[unsafe-retry] why this may stay"
    assert lines[27] == text.split("\n")[26]
    assert fixes(Files(), path, Diagnostic("grammar", "is wrong", place)) == []
