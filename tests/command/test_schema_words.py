"""JSON Schema in the words of a person."""

from __future__ import annotations

import pytest

from koppling_tools.describing.schema_words import constraints, listed, type_of

DEFS = {"#/$defs/message": {"type": "object"}, "#/$defs/loop": {"$ref": "#/$defs/loop"}}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string"}, "text"),
        ({"type": ["string", "null"]}, "text or null"),
        ({"type": "boolean"}, "true or false"),
        ({"type": ["boolean", "null"]}, "true, false or null"),
        ({"type": "array"}, "a list"),
        ({"type": "array", "items": {"type": "string"}}, "a list of texts"),
        ({"type": "array", "items": {"type": ["string", "integer"]}}, "a list of texts or whole numbers"),
        (
            {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
            "a list of lists of whole numbers",
        ),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, "a list of any of a, b"),
        ({"type": "array", "items": {"$ref": "#/$defs/message"}}, "a list of objects"),
        (
            {"anyOf": [{"type": ["string", "null"]}, {"type": "array", "items": {"type": "string"}}]},
            "text, a list of texts or null",
        ),
        ({"anyOf": [{"format": "file"}, {"type": "array", "items": {"format": "file"}}]}, "a file or a list of files"),
        ({"format": "file"}, "a file"),
        ({"const": "x"}, "'x'"),
        ({"enum": ["a"]}, "one of"),
        ({"values": {"a": {}}}, "one of"),
        ({"type": "string", "values": {"a": {}}}, "text"),
        ({}, "anything"),
        (True, "anything"),
        ({"$ref": "#/$defs/loop"}, "anything"),
    ],
)
def test_a_type_in_words(schema, words):
    assert type_of(schema, DEFS.get) == words


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"minLength": 1}, ["not empty"]),
        ({"maxLength": 64}, ["at most 64 characters"]),
        ({"minLength": 1, "maxLength": 64}, ["1 to 64 characters"]),
        ({"minLength": 2}, ["at least 2 characters"]),
        ({"minItems": 3, "maxItems": 3}, ["exactly 3 elements"]),
        ({"minItems": 0, "maxItems": 1}, ["at most 1 element"]),
        ({"minimum": 0, "maximum": 2}, ["0 to 2"]),
        ({"minimum": -1}, ["at least -1"]),
        ({"exclusiveMinimum": 0, "multipleOf": 5}, ["more than 0", "a multiple of 5"]),
        ({"pattern": "^a$", "format": "uri"}, ["matches ^a$", "format uri"]),
        ({"format": "file", "uniqueItems": True, "parse": "json"}, ["no element twice", "JSON text is parsed"]),
        ({}, []),
    ],
)
def test_bounds_in_words(schema, words):
    assert list(constraints(schema)) == words


def test_many_values_are_shortened():
    assert listed(["a", 1, None]) == "a, 1, null"
    assert listed([str(one) for one in range(40)]).endswith("11, … (40 in all)")
