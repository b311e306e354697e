"""A spec is somebody's file, and an input somebody's text: neither may stop a process, nor keep it busy."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from koppling.expression import LONGEST, ExpressionError, check_expression
from koppling.read import BIGGEST, parse_document
from koppling.validate import Schema

DEEP = "is nested more than 64 deep"
HOSTILE = [
    ("brackets", b"[" * 10_000, DEEP),
    ("braces", b"{a: " * 10_000, DEEP),
    ("brackets that a text seems to close", b"[']'," * 100_000, DEEP),
    ("braces that a text seems to close", b"{']': " * 100_000, DEEP),
    ("lists on one line", b"- " * 300_000 + b"a", DEEP),
    ("keys on one line", b"? " * 300_000 + b"a", DEEP),
    ("keys of lists", b"[? " * 100_000, DEEP),
    ("lists behind a line's end of another kind", "\u2028".encode() + b"- " * 300_000, DEEP),
    ("lists below a tag", b"!!seq\n" + b"- " * 300_000, DEEP),
    ("stairs of maps", b"".join(b" " * at + b"a:\n" for at in range(1_500)), DEEP),
    ("stairs of 70 lists", b"".join(b" " * at + b"-\n" for at in range(70)) + b" " * 70 + b"a", DEEP),
    ("aliases of aliases", b"a: &a [x]\n" + b"".join(b"%c: &%c [*%c, *%c, *%c]\n" % (at + 1, at + 1, at, at, at) for at in range(97, 120)), "its aliases unfold to too much"),
    ("an alias of itself", b"&a [*a]", "an alias holds itself"),
    ("a long file", b"a: " + b"x" * BIGGEST, "a spec has at most 2 MiB"),
    ("not closed", b"'" * 100_001, "is no YAML"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "message"), [one[1:] for one in HOSTILE], ids=[one[0] for one in HOSTILE])
def test_a_file_that_is_too_much_is_a_fault(data, message):
    # In a process of its own: what is to be prevented ends the process.
    script = "import sys; from koppling.read import parse_document; print(*parse_document(sys.stdin.buffer.read(), 'x').diagnostics)"
    ran = subprocess.run([sys.executable, "-c", script], input=data, capture_output=True, check=False, timeout=120)
    assert (ran.returncode, ran.stderr.decode()) == (0, "")
    assert message in ran.stdout.decode()


def test_brackets_within_texts_are_no_nesting():
    found = parse_document(b'a: "' + b"[" * 3_000 + b'"', "x")
    assert (found.diagnostics, len(found.value["a"])) == ((), 3_000)


def test_a_number_that_python_does_not_write_is_a_text():
    assert parse_document(b"a: 0x" + b"f" * 5_000, "x").value == {"a": "0x" + "f" * 5_000}
    assert parse_document(b"a: 0xff", "x").value == {"a": 255}


@pytest.mark.parametrize(
    "text", ["a" * (LONGEST + 1), "(" * LONGEST, "[" * LONGEST, "!" * LONGEST, "a[?" * 1_300, "'" * 3_001]
)
def test_an_expression_that_is_too_much_is_a_fault(text):
    with pytest.raises(ExpressionError):
        check_expression(text)


SLOW = r"^(a+)+$"
TEXT = "a" * 50_000 + "!"
SCHEMAS = {
    "a pattern": ({"pattern": SLOW}, TEXT),
    "a pattern within": ({"properties": {"a": {"items": {"pattern": SLOW}}}}, {"a": [TEXT]}),
    "a pattern among others": ({"anyOf": [{"pattern": SLOW}, {"maxLength": 3}]}, TEXT),
    "names": ({"propertyNames": {"pattern": SLOW}}, {TEXT: 1}),
    "keys": ({"patternProperties": {SLOW: {"type": "string"}}, "required": ["b"]}, {TEXT: 1}),
    "other keys": ({"patternProperties": {SLOW: {}}, "additionalProperties": False}, {TEXT: 1}),
    "values of other keys": ({"patternProperties": {SLOW: {}}, "additionalProperties": {"type": "string"}}, {TEXT: 1}),
}


@pytest.mark.parametrize(("schema", "value"), SCHEMAS.values(), ids=SCHEMAS)
def test_a_pattern_takes_no_longer_than_its_text_does_and_still_has_words(schema, value):
    began = time.perf_counter()
    found = Schema(schema).faults(value)
    assert time.perf_counter() - began < 20
    assert all(one.message for one in found)
    assert found


def test_a_pattern_that_would_be_huge_is_no_schema():
    with pytest.raises(ValueError, match=r"(?i)pattern|regex"):
        Schema({"pattern": "((a{1000}){1000}){1000}"}).compile()
