"""Inputs that fit their schema, or nearly, and cannot be written; each is refused at its place, in words."""

from __future__ import annotations

import pytest
from every_operation import OPERATIONS

import koppling
from koppling.encode import pairs

CALL, FORM, SEVERAL = "explain-acme.call@1", "explain-acme.keep@1-form", "explain-acme.keep@1-file"
RAW, OWN, GET = "explain-acme.keep@1-bytes", "openai.make_custom_api_call@1", {"method": "GET", "url": "/a"}
HALF = "holds half a surrogate pair, which is no text"


def a_file(**how):
    return {"file": koppling.File(b"data", **how)}


CASES = [
    ("a header's list of an object", CALL, {**GET, "headers": {"X-A": {}}}, "/headers", "the header 'X-A' must be text"),
    ("half a pair in a key", CALL, {**GET, "query": {"a": {"\ud800": 1}}}, "/query/a", rf"its key '\ud800' {HALF}"),
    ("half a pair in a name", FORM, {"\udfff": 1}, "", rf"the name '\udfff' of an input {HALF}"),
    ("half a pair in a value", FORM, {"name": "\ud800"}, "/name", HALF),
    ("a number that is never written", CALL, {**GET, "query": {"a": 10**4_400}}, "/query/a", "is a number of more than 4000 digits"),
    ("JSON text without end", CALL, {**GET, "query": "[" * 9_000}, "/query", "is no JSON: it is nested too deep"),
    ("dots with parameters", OWN, {**GET, "url": "a/..;x/b"}, "/url", "must not hold the path segment `.` or `..`"),
    ("dots with parameters, encoded", OWN, {**GET, "url": "a/%2e%2e%3b/b"}, "/url", "must not hold the path segment `.` or `..`"),
    ("a media type that ends the head of a part", SEVERAL, {**a_file(), "more": [koppling.File(b"", media_type="a/b\r\nX: y")]}, "/more", "has a media type that is none; one is written as image/png"),
    ("a media type that ends the head", RAW, a_file(media_type="a/b\r\nX: y"), "/file", "has a media type that is none; one is written as image/png"),
    ("a media type that is a word", RAW, a_file(media_type="png"), "/file", "has a media type that is none; one is written as image/png"),
    ("a file whose name is not UTF-8", RAW, a_file(name="caf\udce9"), "/file", r"the name 'caf\udce9' of the file is no text; give it another: File(path, name=…)"),
]  # fmt: skip


def named(name):
    return next(one for one in OPERATIONS if str(one) == name)


@pytest.mark.parametrize(
    ("name", "inputs", "pointer", "message"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_what_cannot_be_written_is_refused(name, inputs, pointer, message):
    operation = named(name)
    with operation.client() as client, pytest.raises(koppling.InputInvalid) as caught:
        client.render(operation.module, {**inputs, **operation.chosen})
    (problem,) = caught.value.problems
    assert (problem.pointer, problem.message[: len(message)]) == (pointer, message)


def test_a_null_in_a_headers_list_is_absent():
    operation = named(CALL)
    with operation.client() as client:
        request = client.render(operation.module, {**GET, "headers": {"X-A": [None, 1, True], "X-B": [None]}})
    assert request.headers["x-a"] == "1, true"
    assert "x-b" not in request.headers


def test_a_field_that_takes_a_file_or_a_text_takes_a_text():
    operation = named(RAW)
    with operation.client() as client:
        assert client.render(operation.module, {"file": "as it is", **operation.chosen}).body.data == b"as it is"


def test_the_files_of_a_list_are_parts_of_their_own_where_lists_are_joined_by_commas():
    files = [koppling.File(b"a"), koppling.File(b"b")]
    assert list(pairs("file", files, {"arrays": "comma"})) == [("file", files[0]), ("file", files[1])]
