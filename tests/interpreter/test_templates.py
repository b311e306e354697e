import pytest

from koppling.expression import ABSENT
from koppling.template import TemplateError, compile_template, parse, whole

ROOTS = {
    "input": {"n": 478, "t": 'te"x}t', "none": None, "flag": True, "list": [1], "map": {"a": 1}, "nested": "${input.n}"}
}


@pytest.mark.parametrize(
    ("tree", "value"),
    [
        ("${input.n}", 478),
        ("${input.t}", 'te"x}t'),
        ("${input.none}", None),
        ("${input.flag}", True),
        ("n=${input.n}", "n=478"),
        ("${input.flag}/${input.list}/${input.map}", 'true/[1]/{"a":1}'),
        ("$${input.n}", "${input.n}"),
        ("a $${b} ${input.n}", "a ${b} 478"),
        ("${input.nested}", "${input.n}"),
        ("x ${input.nested}", "x ${input.n}"),
        ("${input.missing}", ABSENT),
        ("n=${input.missing}", ABSENT),
        ("n=${input.none}", ABSENT),
        ("${input.map && {x: input.n, y: '}'}}", {"x": 478, "y": "}"}),
        ('${input.missing || `{"a": "}"}`}', {"a": "}"}),
        ({"a": "${input.missing}", "b": "${input.none}"}, {"b": None}),
        ({"a": "${input.missing}"}, ABSENT),
        ({"a": {"b": ["${input.missing}"]}}, ABSENT),
        ([1, "${input.missing}", {"x": "${input.missing}"}], [1]),
        ({}, {}),
        ([], []),
        ({"a": {}}, {"a": {}}),
        (5, 5),
        (None, None),
        ("$5 and $ and {}", "$5 and $ and {}"),
    ],
)
def test_a_template_yields(tree, value):
    found = compile_template(tree)(ROOTS)
    assert found is ABSENT if value is ABSENT else found == value
    assert type(found) is type(value)


def test_a_map_keeps_the_order_of_the_spec_whatever_its_entries_are():
    tree = {
        "z": "${input.n}",
        "y": "n=${input.n}",
        "x": "${input.t}",
        "w": "${other.n}",
        "v": "${input.map.a}",
        "u": "${input.flag}",
    }
    found = compile_template(tree)({**ROOTS, "other": {"n": 1}})
    assert list(found.items()) == [("z", 478), ("y", "n=478"), ("x", 'te"x}t'), ("w", 1), ("v", 1), ("u", True)]
    assert compile_template({"a": "${other.n}", "b": "${input.n}"})(ROOTS) == {"b": 478}
    assert compile_template({"a": "${other.n}"})({"other": [1]}) is ABSENT


@pytest.mark.parametrize(("text", "offset"), [("a ${input.x", 2), ("${}", 0), ("x${ }", 1), ("${'}", 0)])
def test_a_reference_that_is_none_is_refused_with_its_place(text, offset):
    with pytest.raises(TemplateError) as caught:
        parse(text)
    assert caught.value.offset == offset


def test_a_text_that_is_one_reference_is_told_from_one_that_has_more():
    assert whole("${a.b}") == "a.b"
    assert whole("${a}${b}") is None
    assert whole("x${a}") is None
    assert whole("a.b") is None
