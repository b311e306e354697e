"""Quick fixes over the protocol: each mends the fault that it is offered for."""

from __future__ import annotations

import pytest
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
    found = editor.told(path, [case["rule"]])
    offered = {one["title"]: one for one in actions(editor, path, found[0])}
    assert case["fix"] in offered, offered.keys()
    mended = applied(text, offered[case["fix"]]["edit"]["changes"][path.as_uri()])
    assert case["gives"] in mended.split("\n")
    editor.change(path, mended)
    editor.told(path, [])


def test_no_fix_where_nothing_is_known(editor, home):
    path = home / "modules/make_thing.v2.yaml"
    editor.open(path, path.read_text().replace("version: 2.0.0", "version: 3.0.0"))
    found = editor.told(path, ["version-mismatch"])
    assert actions(editor, path, found[0]) == []


def test_a_warning_may_stand_with_a_reason(editor, home):
    path = home / "modules/make_thing.v2.yaml"
    text = path.read_text().replace("first_tag: tags[0].label", "first_tag: tags[0].lable")
    editor.open(path, text)
    (warning,) = editor.told(path, ["dead-path"], every=True)
    (fix,) = [one for one in actions(editor, path, warning) if one["title"].startswith("Let this stand")]
    mended = applied(text, fix["edit"]["changes"][path.as_uri()])
    assert "    # koppling: ignore[dead-path] why this may stay\n    first_tag:" in mended
    editor.change(path, mended)
    editor.told(path, [], every=True)


def test_an_error_may_not_stand(editor, home):
    path = home / "modules/make_thing.v2.yaml"
    editor.open(path, path.read_text().replace("kind: action", "kind: none"))
    (fault,) = editor.told(path, ["grammar"])
    assert [one for one in actions(editor, path, fault) if "stand" in one["title"]] == []
