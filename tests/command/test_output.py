"""Outputs as JSON, YAML and text."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from ruamel.yaml import YAML

from koppling.read import parse_document
from koppling_tools.console.output import as_json, as_text, as_yaml

TEXT = some.text(some.characters(exclude_categories=["Cs"]))
JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
@settings(max_examples=200, deadline=None)
def test_json_reads_back(value):
    assert json.loads(as_json(value)) == value
    assert json.loads(as_json(value, compact=True)) == value


@given(JSON)
@settings(max_examples=200, deadline=None)
def test_yaml_reads_back(value):
    assert YAML(typ="safe", pure=True).load(as_yaml(value) + "\n") == value


@pytest.mark.parametrize(
    "text", ["yes", "No", "on", "12:30", "2026-11-23", "1_000", "0x1f", "~", "null", "1e3", ".5", "=", "<<"]
)
def test_yaml_quotes_what_another_reader_takes_for_no_text(text):
    assert as_yaml({"a": text}) == f"a: '{text}'"


def test_yaml_keeps_lines_of_a_text_and_numbers_on_one_line():
    assert as_yaml({"t": "one\n  two\n", "n": [1, 2.5]}) == "t: |\n  one\n    two\nn: [1, 2.5]"
    assert parse_document(as_yaml({"t": "a: b\n#c"}).encode(), "x").value == {"t": "a: b\n#c"}


def test_json_keeps_numbers_on_one_line():
    assert as_json({"e": [0.25, 1], "t": ["a"]}) == '{\n  "e": [0.25, 1],\n  "t": [\n    "a"\n  ]\n}'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("hello\nthere", "hello\nthere"),
        ({"text": "hello", "usage": {"n": 1}}, "hello"),
        ({"text": None, "n": 1}, "text: null\nn: 1"),
        (["a", "b"], "a\nb"),
        (3, "3"),
        (None, "null"),
        (True, "true"),
        ([], "[]"),
        ([{"id": "a", "n": 1}, {"id": "long one", "n": None}], "id        n\na         1\nlong one"),
        ([{"id": "a", "n": {"deep": 1}}], "- id: a\n  n:\n    deep: 1"),
        ({"embedding": [0.5] * 384}, "embedding: 0.5, 0.5, 0.5, … 384 numbers"),
    ],
)
def test_text_is_what_a_person_wants_to_read(value, text):
    assert as_text(value) == text


def test_a_table_that_would_be_too_wide_is_none():
    assert as_text([{"a": "x" * 60}]) == "- a: " + "x" * 60
