"""Values held against each other."""

from __future__ import annotations

from typing import Any

import pytest

from koppling.expression import ABSENT
from koppling.files import File
from koppling_tools.examples.compare import Difference, differences, path_text, show

CAVE = File(b"two words", name="a.txt", media_type="text/plain")
BYTES = File(b"\x89PNG", name="a.png", media_type="image/png")

EQUAL = [
    (1, 1),
    (1.5, 1.5),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ([1, [2]], (1, [2])),
    ({"name": "a.txt", "media_type": "text/plain", "text": "two words"}, CAVE),
    ({"name": "a.txt", "media_type": "text/plain", "base64": "dHdvIHdvcmRz"}, CAVE),
    ({"list": [{"name": "a.png", "media_type": "image/png", "base64": "iVBORw=="}]}, {"list": [BYTES]}),
]

DIFFERENT = [
    (1, 1.0, [("", 1, 1.0)]),
    (True, 1, [("", True, 1)]),
    (None, 0, [("", None, 0)]),
    ("1", 1, [("", "1", 1)]),
    ({"a": None}, {}, [("a", None, ABSENT)]),
    ({}, {"a": None}, [("a", ABSENT, None)]),
    ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, [("a.b[1]", 2, 3)]),
    ([1, 2, 3], [2, 3], [("[0]", 1, ABSENT)]),
    ([2, 3], [1, 2, 3], [("[0]", ABSENT, 1)]),
    ([{"id": 1}, {"id": 2}], [{"id": 9}], [("[0].id", 1, 9), ("[1]", {"id": 2}, ABSENT)]),
    ({"a": []}, {"a": {}}, [("a", [], {})]),
    ({"name": "b.txt", "media_type": "text/plain", "text": "two words"}, CAVE, [("name", "b.txt", "a.txt")]),
    ({"name": "a.txt", "text": "two words"}, CAVE, [("media_type", ABSENT, "text/plain")]),
    (
        {"name": "a.png", "media_type": "image/png", "text": "PNG"},
        BYTES,
        [("text", "PNG", ABSENT), ("base64", ABSENT, "iVBORw==")],
    ),
]


@pytest.mark.parametrize(("stated", "got"), EQUAL)
def test_equal_values_have_no_differences(stated: Any, got: Any) -> None:
    assert list(differences(stated, got)) == []


@pytest.mark.parametrize(("stated", "got", "expected"), DIFFERENT)
def test_only_the_innermost_places_that_differ_are_told(stated: Any, got: Any, expected: Any) -> None:
    assert [(path_text(one.pointer), one.stated, one.got) for one in differences(stated, got)] == expected


def test_a_place_is_written_as_people_write_it() -> None:
    assert path_text(("json", "messages", 0, "content")) == "json.messages[0].content"
    assert path_text(("query", "include[]")) == 'query["include[]"]'


def test_long_texts_are_cut_around_the_first_character_that_differs() -> None:
    stated, got = "x" * 300 + "left" + "y" * 300, "x" * 300 + "right" + "y" * 300
    ours, theirs = Difference((), stated, got).lines("sent")
    assert ours.startswith('stated: …"xxx')
    assert "xleftyyy" in ours
    assert theirs.startswith('sent:   …"xxx')
    assert "xrightyyy" in theirs
    assert "(from character 277 of 604)" in ours
    assert max(len(ours), len(theirs)) < 220


def test_a_long_value_is_cut_and_its_length_told() -> None:
    assert len(show(["word"] * 200)) < 200
    assert show(["word"] * 200).endswith("… (1600 characters)")


def test_a_text_that_is_the_beginning_of_another_differs_at_its_end() -> None:
    ours, theirs = Difference((), "x" * 200, "x" * 201).lines()
    assert "(from character 177 of 200)" in ours
    assert "(from character 177 of 201)" in theirs
