"""What two libraries should judge alike: a schema, by verdict and by words; an expression, as its own library has it."""

from __future__ import annotations

import jmespath
import jsonschema
from every_operation import often
from hypothesis import given
from hypothesis import strategies as st

from koppling.expression import ABSENT, ExpressionError, compile_expression
from koppling.validate import Schema

NAMES = st.sampled_from(["a", "b", "c d", "é", ""])
NUMBERS = st.sampled_from([0, 1, -1, 2, 3, 0.5, 1.0, 2.5, -0.0, 10**20, 2**63, -(2**63), 1e300])
TEXTS = st.sampled_from(["", "a", "b", "aa", "ab", "é", "e\u0301", "😀", "a\nb", "1", "木木木"])
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=8,
)
TYPES = st.sampled_from(["string", "integer", "number", "boolean", "array", "object", "null"])
PATTERNS = st.sampled_from(["a", "^a", "^[a-z]+$", "^(a|b)+$", "^.{2}$", "", "é", "^[^a]*$"])
SIZES = st.integers(0, 3)


def _schemas(inner):
    maps = st.dictionaries(NAMES, inner, max_size=3)
    lists = st.lists(inner, min_size=1, max_size=3)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.one_of(TYPES, st.lists(TYPES, min_size=1, max_size=3, unique=True)),
            "items": inner,
            "prefixItems": lists,
            "contains": inner,
            "minItems": SIZES,
            "maxItems": SIZES,
            "uniqueItems": st.booleans(),
            "properties": maps,
            "required": st.lists(NAMES, max_size=2, unique=True),
            "additionalProperties": inner,
            "patternProperties": st.dictionaries(PATTERNS, inner, max_size=2),
            "propertyNames": inner,
            "minProperties": SIZES,
            "maxProperties": SIZES,
            "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, max_size=2, unique=True), max_size=2),
            "anyOf": lists,
            "oneOf": lists,
            "allOf": lists,
            "not": inner,
            "if": inner,
            "then": inner,
            "else": inner,
        },
    )


LEAVES = st.one_of(
    st.booleans(),
    st.fixed_dictionaries({"type": TYPES}),
    st.fixed_dictionaries(
        {},
        optional={
            "minimum": NUMBERS,
            "maximum": NUMBERS,
            "exclusiveMinimum": NUMBERS,
            "exclusiveMaximum": NUMBERS,
            "multipleOf": st.sampled_from([1, 2, 3]),
            "minLength": SIZES,
            "maxLength": SIZES,
            "pattern": PATTERNS,
        },
    ),
    st.fixed_dictionaries({"enum": st.lists(VALUES, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"const": VALUES}),
)
SCHEMAS = st.recursive(LEAVES, _schemas, max_leaves=6)


@given(schema=SCHEMAS, values=st.lists(VALUES, min_size=6, max_size=6))
@often(340)  # 2 040 pairs
def test_verdict_and_words_are_those_of_one_schema(schema, values):
    ours, theirs = Schema(schema), jsonschema.Draft202012Validator(schema)
    for value in values:
        fits = theirs.is_valid(value)
        assert ours.is_valid(value) is fits
        assert (ours.faults(value) == []) is fits


STEPS = st.sampled_from(["a", "b", '"c d"', "é_1", '"é"', "[0]", "[-1]", "[1]", '"a"', "_x1"])
PATHS = st.lists(STEPS, min_size=1, max_size=4).map(
    lambda steps: "".join(f".{one}" if at and not one.startswith("[") else one for at, one in enumerate(steps))
)
TREES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["a", "b", "c d", "é", "_x1"]), inner, max_size=4)
    ),
    max_leaves=10,
)
FORMS = st.sampled_from(
    [
        "{}",
        "{} || b",
        "not_null({}, a)",
        "[{}, a]",
        "{{x: {}}}",
        "({})[]",
        "{} | @",
        "!({})",
        "length(to_array({}))",
        "{} == a",
        "*.{}",
        "[*].{}",
        "@",
    ]
)


@given(form=FORMS, path=PATHS, tree=TREES)
@often(500)
def test_an_expression_gives_what_its_library_gives(form, path, tree):
    text = form.format(path)
    try:
        expected = jmespath.search(text, tree)
    except jmespath.exceptions.ParseError:
        expected = ExpressionError
    except jmespath.exceptions.JMESPathError:
        expected = ExpressionError
    try:
        found = compile_expression(text)(tree)
    except ExpressionError:
        found = ExpressionError
    assert (None if found is ABSENT else found) == expected
