"""The scan that never fails, held against the parser that runs specs: over every spec of the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from koppling.read import read_document
from koppling_tools.lsp.cursor import cursor_at
from koppling_tools.lsp.jmespath_text import scan as scan_expression
from koppling_tools.lsp.scan import scan

TOP = Path(__file__).parents[2]
SPECS = sorted(
    [*TOP.glob("spec/*/**/*.yaml"), *TOP.glob("tests/**/spec/**/*.yaml"), *TOP.glob("tests/check/ok/**/*.yaml")]
)


def leaves(value, pointer=()):
    if isinstance(value, dict):
        for key, one in value.items():
            yield from leaves(one, (*pointer, key))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from leaves(one, (*pointer, index))
    elif value is not None:
        yield pointer


def test_every_key_and_scalar_is_where_the_parser_finds_it():
    read = 0
    for path in SPECS:
        document = read_document(path)
        if document.value is None:
            continue
        starts = [0]
        for line in document.text.split("\n"):
            starts.append(starts[-1] + len(line) + 1)
        keys = {at: starts[line - 1] + column - 1 for at, (line, column) in document.keys.items()}
        values = {at: starts[document.values[at][0] - 1] + document.values[at][1] - 1 for at in leaves(document.value)}
        found = scan(document.text).scalars
        assert {one.pointer: one.start for one in found if one.role == "key"} == keys, path
        mine = {one.pointer: one.start for one in found if one.role == "value" and one.raw not in {"null", "~", ""}}
        assert mine == values, path
        read += 1
    assert read > 100


def test_a_cursor_in_a_scalar_knows_its_place_from_what_is_before_it_alone():
    for path in SPECS[:: max(1, len(SPECS) // 60)]:
        document = read_document(path)
        text = document.text
        for one in scan(text).scalars if document.value is not None else ():
            begin, end = one.inner
            middle = begin + (min(end, text.find("\n", begin) % (len(text) + 1)) - begin) // 2
            if one.raw[:1] in {"|", ">"} or middle == begin:
                continue
            cursor = cursor_at(text, middle)
            pointer = one.pointer if one.role == "value" else one.pointer[:-1]
            assert (cursor.pointer, cursor.start) == (pointer, one.start), (path, one)


def test_any_beginning_of_a_file_can_be_scanned():
    text = (TOP / "tests/lsp/spec/acme/modules/make_thing.v2.yaml").read_text()
    for offset in range(len(text)):
        scan(text, offset)
    for junk in (
        "{{{",
        "]]",
        "a: [b, {c: 'd",
        "- - - x",
        "? x\n: y",
        "a:\n\t- b",
        "'",
        '"\\',
        "a: |\n",
        "- ",
        ":",
        "a: &x *y",
        "}\n{",
    ):
        scan(junk)


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("input.a", ["input", "input.a"]),
        ("input.a.b", ["input", "input.a", "input.a.b"]),
        ("input.a || page.b", ["input", "input.a", "page", "page.b"]),
        ("[input.a, input.b]", ["input", "input.a", "input", "input.b"]),
        ("{x: input.a}", ["input", "input.a"]),
        ("length(input.a)", ["input", "input.a"]),
        ("input.a[?input.b]", ["input", "input.a"]),
        ("input.a | input.b", ["input", "input.a"]),
        ("(input.a | @) && input.b", ["input", "input.a", "input", "input.b"]),
        ("input.a.[input.b]", ["input", "input.a"]),
        ("sort_by(input.a, &input.b)", ["input", "input.a"]),
        ("'input.a' == `\"input.b\"`", []),
        ('input."a"', ["input", "input.a"]),
    ],
)
def test_names_are_those_that_are_read_from_the_roots(expression, names):
    assert [".".join(one.chain) for one in scan_expression(expression).names] == names
