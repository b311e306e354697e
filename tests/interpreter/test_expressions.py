import pytest

from koppling.expression import ABSENT, ExpressionError, check_expression, compile_expression, references

ROOTS = {"input": {"a": 1, "none": None, "list": [1, 2], "text": "x", "deep": {"b-c": {"d": 3}}}, "page": {}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("input.a", 1),
        ("input.none", None),
        ("input.missing", ABSENT),
        ("missing", ABSENT),
        ("input.a.b", ABSENT),
        ("input.list[0]", 1),
        ("input.list[-1]", 2),
        ("input.list[2]", ABSENT),
        ("input.list[-3]", ABSENT),
        ("input.text[0]", ABSENT),
        ('input.deep."b-c".d', 3),
        ("input.none || 'x'", "x"),
        ("input.missing || input.none", ABSENT),
        ("page.after || input.a", 1),
        ("length(input.list)", 2),
        ("base64(input.text)", "eA=="),
        ("base64_decode('eA==')", "x"),
        ("to_json(input.list)", "[1,2]"),
        ("from_json('[1]')", [1]),
        ("split('a,b', ',')", ["a", "b"]),
        ("replace('a-b', '-', '+')", "a+b"),
    ],
)
def test_a_plain_path_tells_absent_from_null_and_other_expressions_make_null_absent(text, value):
    found = compile_expression(text)(ROOTS)
    assert found is value if value in (None, ABSENT) else found == value


@pytest.mark.parametrize("text", ["a[[", "a..b", "", "'", "foo(", "a" * 5000, "[" * 3000])
def test_what_is_no_jmespath_is_refused_when_it_is_checked(text):
    with pytest.raises(ExpressionError):
        check_expression(text)


@pytest.mark.parametrize("text", ["length(input.a)", "base64(input.a)", "no_such_function(input)", "from_json('{')"])
def test_what_cannot_be_evaluated_says_so(text):
    with pytest.raises(ExpressionError, match="cannot be evaluated"):
        compile_expression(text)(ROOTS)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("input.model", {("input", "model")}),
        ("input.a.b[0].c", {("input", "a", "b", "c")}),
        ("page.after || input.after", {("page", "after"), ("input", "after")}),
        ("input.x && {role: 'user', content: input.y}", {("input", "x"), ("input", "y")}),
        ("input.list[?a == b].c | [0]", {("input", "list")}),
        ("join('', ['image/', body.output_format])", {("body", "output_format")}),
        ("contains(['text'], input.form)", {("input", "form")}),
        ("sort_by(input.list, &name)", {("input", "list")}),
        ("length(items) > `0`", {("items",)}),
    ],
)
def test_the_names_that_an_expression_reads_are_known(text, names):
    assert set(references(text)) == names
