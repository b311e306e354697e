"""What expressions yield, told from examples and schemas, held against what they do yield."""

import jmespath
import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koppling.infer import infer
from koppling.shape import shape_of, shape_of_schema, shape_of_values

BODY = {
    "data": [{"id": "x", "n": 1, "tags": ["a"]}, {"id": "y", "n": 2.5, "tags": [], "more": {"k": None}}],
    "has_more": False,
    "last": None,
    "map": {"one": {"v": 1}, "two": {"v": 2}},
    "a b": "text",
}

YIELDS = {
    "data[0].id": ["null", "string"],
    "data[*].n": {"type": "array", "items": {"type": "number"}},
    "data[].tags[]": {"type": "array", "items": {"type": "string"}},
    "data[?n > `1`].id": {"type": "array", "items": {"type": "string"}},
    "length(data)": {"type": "integer"},
    "map.*.v": {"type": "array", "items": {"type": "integer"}},
    "has_more || last": ["null", "boolean"],
    '"a b"': {"type": "string"},
    "{first: data[0].id, count: length(data)}": {
        "type": "object",
        "properties": {"first": {"type": ["null", "string"]}, "count": {"type": "integer"}},
        "required": ["count"],
    },
    "sort_by(data, &n)[-1].n": ["null", "number"],
    "map(&n, data)": {"type": "array", "items": {"type": "number"}},
    "data[0].more.k": ["null"],
}


@pytest.mark.parametrize(("text", "schema"), YIELDS.items(), ids=YIELDS.keys())
def test_what_an_expression_yields_is_told(text, schema):
    shape, found = infer(text, shape_of(BODY))
    assert found == []
    expected = {"type": schema if len(schema) > 1 else schema[0]} if isinstance(schema, list) else schema
    assert shape.schema() == expected
    jsonschema.validate(jmespath.search(text, BODY), shape.schema())


NEVER = {
    "dat": ("dead-path", 0, "there is never a `dat` there"),
    "data[0].idd": ("dead-path", 8, "there is never a `idd` there"),
    "data.id": ("dead-path", 5, "`id` is read of what is a list"),
    "data[0].id.more": ("dead-path", 11, "`more` is read of what is text"),
    "map[*].v": ("not-a-list", 0, "`[*]` goes over a list, and this is an object"),
    "map[0]": ("not-a-list", 0, "`[0]` takes an element of a list, and this is an object"),
    "has_more[?a]": ("not-a-list", 0, "`[?…]` goes over a list, and this is true or false"),
    "has_more == 'true'": ("unlike-types", 0, "true or false is compared with text: the two are never equal"),
    "data[?n == '1'].id": ("unlike-types", 6, "a number is compared with text: the two are never equal"),
    "data[?id > `1`].id": ("unlike-types", 6, "only numbers have an order, and here text is compared with a number"),
    "length(has_more)": ("unlike-types", 7, "`length` takes text, a list or an object, and this is true or false"),
    "join(',', map)": ("unlike-types", 10, "`join` takes a list, and this is an object"),
    "sort_by(data, &m)[0].id": ("dead-path", 15, "there is never a `m` there"),
}


@pytest.mark.parametrize(("text", "expected"), NEVER.items(), ids=NEVER.keys())
def test_what_can_never_match_is_told_at_its_place(text, expected):
    _, found = infer(text, shape_of(BODY))
    assert [(one.fault, one.start, one.message) for one in found] == [expected]


SCHEMA = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "string"},
        "next": {"anyOf": [{"$ref": "#/$defs/page"}, {"type": "null"}]},
        "kinds": {"type": "array", "items": {"enum": ["a", "b", None]}},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "$defs": {
        "page": {"type": "object", "properties": {"cursor": {"type": "string"}, "next": {"$ref": "#/$defs/page"}}}
    },
}


@pytest.mark.parametrize(
    ("text", "schema", "faults"),
    [
        ("id", {"type": "string"}, []),
        ("next.cursor", {"type": ["null", "string"]}, []),
        ("next.next.next.cursor", {"type": ["null", "string"]}, []),
        ("next.curser", {"type": "null"}, ["dead-path"]),
        ("labels.anything", {"type": ["null", "string"]}, []),
        ("kinds[0]", {"type": ["null", "string"]}, []),
    ],
)
def test_a_schema_tells_as_much_as_examples(text, schema, faults):
    shape, found = infer(text, shape_of_schema(SCHEMA, SCHEMA["$defs"]))
    assert (shape.schema(), [one.fault for one in found]) == (schema, faults)


def test_a_list_that_was_only_ever_empty_may_hold_anything():
    assert infer("data[0].id", shape_of({"data": []}))[1] == []


def test_a_key_that_was_seen_with_null_alone_is_known():
    assert infer("last.id", shape_of({"last": None}))[1] == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)
EXPRESSIONS = [
    "a", "a.b", "a[0]", "a[*].b", "a[].b", "[a, b]", "{x: a, y: b.c}", "a || b", "a && b", "!a", "a == b", "a[?b].c", "*.a", "a[1:]",
    "to_string(a)", "type(b)", "not_null(a, b)", "to_array(a)", "a | [0]", "a[*][0]", "a.b || c[0].a", "a[?b == c]", "*[]", "@",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(JSON, min_size=1, max_size=3), st.sampled_from(EXPRESSIONS))
def test_what_is_yielded_has_the_shape_that_was_told(bodies, text):
    shape, _ = infer(text, shape_of_values(bodies))
    for body in bodies:
        jsonschema.validate(jmespath.search(text, body), shape.schema())
