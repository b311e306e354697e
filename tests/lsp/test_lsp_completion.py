"""What is offered while somebody types, over the protocol."""

from __future__ import annotations

import pytest
from typing_cases import applied, cases, marked


@pytest.mark.parametrize("case", cases("completion"), ids=lambda case: case["title"])
def test_completion_offers(case, editor, home):
    path, text = marked(home, case)
    if case.get("windows"):
        text = text.replace("\n", "\r\n")
    editor.open(path)  # as it was, whole
    line, character = editor.typed(path, text)
    answer = editor.at("completion", path, line, character)
    items = {one["label"]: one for one in answer["items"]}
    if "only" in case:
        assert set(items) == set(case["only"])
    offered = [label for label in items if label in case.get("offers", ())]
    assert offered == case.get("offers", [])
    assert not set(items) & set(case.get("never", ()))
    for label, detail in case.get("detail", {}).items():
        assert items[label]["detail"] == detail
    if "take" in case:
        taken = applied(text.replace("\u2038", ""), [items[case["take"]]["textEdit"]])
        assert taken.split("\n")[line] == case["result"]


def test_a_field_on_its_way_out_is_marked(editor, home):
    case = {"file": "modules/make_thing.v2.yaml", "at": "${input.size}", "type": "${input.\u2038}"}
    path, text = marked(home, case)
    items = editor.at("completion", path, *editor.typed(path, text))["items"]
    assert [one["label"] for one in items if one.get("tags") == [1]] == ["colour"]


def test_an_example_that_is_open_and_not_saved_counts(editor, home):
    example = home / "examples/make_thing.v2/smallest.yaml"
    editor.open(example, example.read_text().replace("{id: th_1, name: Anvil, ", "{brand_new: 1, "))
    case = {"file": "modules/make_thing.v2.yaml", "at": "    id: id", "type": "    id: \u2038"}
    path, text = marked(home, case)
    items = editor.at("completion", path, *editor.typed(path, text))["items"]
    assert "brand_new" in [one["label"] for one in items]


def test_a_file_that_is_no_spec_gets_nothing(editor, tmp_path):
    stray = tmp_path / "notes.yaml"
    line, character = editor.typed(stray, "request: ${input.\u2038}\n")
    assert editor.at("completion", stray, line, character) is None
    editor.close(stray)
