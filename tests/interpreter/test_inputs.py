import asyncio
import enum
import json
import math
import re

import acme
import httpx
import hypothesis
import hypothesis.strategies as st
import pytest

import koppling
from koppling.plain import plain

TRUE = {"name": "x"}


class Colour(enum.StrEnum):
    RED = "red"


def sent(vendor, inputs, **options):
    vendor.answers = [{"id": 1}]
    vendor.client(**options).execute("acme.make_thing", inputs)
    return json.loads(vendor.requests[-1].content)


@pytest.mark.parametrize(
    ("inputs", "body"),
    [
        ({}, {"size": 3, "said": "x of 3"}),
        ({"size": 5}, {"size": 5, "said": "x of 5"}),
        ({"note": None}, {"note": None}),
        ({"tags": ("b", "c")}, {"tags": ["first", "b"]}),
        ({"data": '{"a": [1, null]}'}, {"data": {"a": [1, None]}}),
        ({"data": {"a": (1,)}}, {"data": {"a": [1]}}),
        ({"colour": Colour.RED}, {"colour": "red"}),
        ({"model": "anything"}, {"model": "anything"}),
        ({"pin": "1234", "note": "n"}, {"pin": "1234", "note": "n"}),
    ],
)
def test_valid_inputs_reach_the_wire(vendor, inputs, body):
    base = {"name": "x", "tags": ["first"], "size": 3, "said": "x of 3"}
    assert sent(vendor, TRUE | inputs) == base | body


@pytest.mark.parametrize(
    ("inputs", "problems"),
    [
        ({"name": None}, [("/name", "must be text; null is not allowed, leave it out instead")]),
        ({"name": "thirteen char"}, [("/name", "must have at most 12 characters, not 13")]),
        ({"nmae": 1}, [("/nmae", "no such input; did you mean 'name'?")]),
        ({"colour": "rad"}, [("/colour", "must be one of 'red', 'green', 'puce', not 'rad'; did you mean 'red'?")]),
        ({"colour": "puce"}, [("/colour", "'puce' is gone, retired since 2024-06-01; use red instead")]),
        (
            {"size_name": "big"},
            [("/size_name", "is gone, retired since 2026-01-01; use size instead")],
        ),
        ({"size": 2.5}, [("/size", "must be a whole number, not 2.5")]),
        ({"size": "3"}, [("/size", "must be a whole number, not '3'")]),
        (
            {"data": "{"},
            [("/data", "is no JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)")],
        ),
        ({"data": "[1]"}, [("/data", "must be an object, not a list")]),
        ({"data": {"a": math.nan}}, [("/data/a", "JSON has no nan")]),
        ({"data": {1: 2}}, [("/data", "the keys of an object are text, not 1")]),
        ({"data": {"a": "\ud800"}}, [("/data/a", "holds half a surrogate pair, which is no text")]),
        ({"data": {"a": ["fine", "\ud800"]}}, [("/data/a/1", "holds half a surrogate pair, which is no text")]),
        ({"data": {"a": [1, math.inf]}}, [("/data/a/1", "JSON has no inf")]),
        ({"data": {"a": {1, 2}}}, [("/data/a", "JSON has no set")]),
        ({"data": {"a": b"x"}}, [("/data/a", "a file is not taken here")]),
        ({"pin": "1234"}, [("/note", "is required where 'pin' is given")]),
        ({"pin": "987", "note": "n"}, [("/pin", "must have at least 4 characters, not 3")]),
        ({"tags": [1]}, [("/tags/0", "must be text, not 1")]),
        (
            {"name": 5, "size": None, "x": 1, "colour": "rad"},
            [
                ("/colour", "must be one of 'red', 'green', 'puce', not 'rad'; did you mean 'red'?"),
                ("/name", "must be text, not 5"),
                ("/size", "must be a whole number; null is not allowed, leave it out instead"),
                (
                    "/x",
                    "no such input; known here: colour, data, model, name, note, pin, size, size_name, stream, tags",
                ),
            ],
        ),
    ],
)
def test_all_problems_are_told_before_anything_is_sent(vendor, inputs, problems):
    with pytest.raises(koppling.InputInvalid) as caught:
        vendor.client(as_of="2026-06-01").execute("acme.make_thing", TRUE | inputs)
    assert sorted((one.pointer, one.message) for one in caught.value.problems) == problems
    assert vendor.requests == []


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
)


@hypothesis.given(JSON)
def test_what_is_json_is_sent_as_it_is(value):
    problems = []
    found = plain(value, ("data",), problems)
    assert (found, problems) == (value, [])
    assert json.dumps(found) == json.dumps(value)  # 1 and true are told apart


@pytest.mark.parametrize(("deep", "said"), [(200, []), (201, ["is nested more than 200 deep"])])
def test_inputs_are_nested_so_deep_and_no_deeper(deep, said):
    value = "x"
    for _ in range(deep):
        value = [value]
    problems = []
    plain(value, ("data",), problems)
    assert [one.message for one in problems] == said


def test_what_a_caller_changes_during_a_call_is_not_sent(vendor):
    vendor.answers = [{"id": 1}]
    given = {"name": "x", "data": {"a": [{"b": ["c"]}]}}
    stream = vendor.client().stream("acme.make_thing", given)
    given["data"]["a"][0]["b"].append("d")
    given["data"]["a"].append(1)
    stream.result()
    assert json.loads(vendor.requests[-1].content)["data"] == {"a": [{"b": ["c"]}]}


def test_a_problem_names_the_line_of_the_spec(vendor):
    with pytest.raises(koppling.InputInvalid) as caught:
        vendor.client().execute("acme.make_thing", {"name": 5})
    path, line, _ = caught.value.problems[0].place.rsplit(":", 2)
    assert path.endswith("make_thing.v2.yaml")
    assert (int(line), caught.value.problems[0].allowed) == (6, ())


def test_a_secret_input_stands_in_no_problem(vendor):
    with pytest.raises(koppling.InputInvalid) as caught:
        vendor.client().execute("acme.make_thing", {"name": "hush-hush", "pin": "hush-hush", "colour": "hush-hush"})
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"colour": "green"}, "acme.make_thing@2: input colour 'green' is deprecated since 2024-06-01"),
        ({"model": "old"}, "acme.make_thing@2: input model 'old' is retired since 2024-06-01; use new instead"),
        (
            {"size_name": "s"},
            "acme.make_thing@2: input size_name is deprecated since 2024-01-01; retires on 2026-01-01; use size instead",
        ),
    ],
)
def test_what_is_deprecated_warns_once_and_is_sent(vendor, inputs, said):
    with pytest.warns(DeprecationWarning, match=re.escape(said)) as caught:
        assert sent(vendor, TRUE | inputs, as_of="2025-01-01").items() >= inputs.items()
    assert [str(one.message) for one in caught] == [said]


async def _awaited(client, transport):
    async with client(koppling.Connection("acme", api_key="k" * 20), acme.SPEC, transport, as_of="2025-01-01") as one:
        await one.execute("acme.make_thing@2", TRUE | {"colour": "green"})


def _called(client, transport):
    with client(koppling.Connection("acme", api_key="k" * 20), acme.SPEC, transport, as_of="2025-01-01") as one:
        one.execute("acme.make_thing@2", TRUE | {"colour": "green"})


@pytest.mark.parametrize(
    "call",
    [
        lambda vendor: _called(koppling.Client, vendor),
        lambda vendor: asyncio.run(_awaited(koppling.AsyncClient, vendor)),
    ],
    ids=["sync", "async"],
)
def test_a_warning_points_at_the_line_of_the_caller(call):
    with pytest.warns(DeprecationWarning, match="green") as caught:
        call(httpx.MockTransport(lambda _: httpx.Response(200, json={})))
    assert [one.filename for one in caught] == [__file__]


@pytest.mark.parametrize(("day", "works"), [("2023-12-31", True), ("2024-01-01", False)])
def test_a_retired_module_still_runs_as_of_a_day_on_which_it_lived(vendor, day, works):
    vendor.answers = [{}]
    client = vendor.client(as_of=day)
    if works:
        with pytest.warns(DeprecationWarning, match="make_thing@2"):
            client.execute("acme.make_thing@1", TRUE)
    else:
        with pytest.raises(
            koppling.ModuleRetired, match=r"retired on 2024-01-01: The vendor closed it\. Use make_thing@2 instead"
        ):
            client.execute("acme.make_thing@1", TRUE)
    assert len(vendor.requests) == works


def test_inputs_that_no_field_declares_are_refused_warned_of_or_passed(vendor):
    with pytest.raises(koppling.InputInvalid):
        sent(vendor, {"name": "x", "brand_new": 1})
    with pytest.warns(DeprecationWarning, match="no field declares the input 'brand_new'"):
        assert sent(vendor, {"name": "x", "brand_new": 1}, extra="warn")["brand_new"] == 1
    body = sent(vendor, {"name": "x", "brand_new": {"a": (1,)}, "said": "mine"}, extra="pass")
    assert (body["brand_new"], body["said"]) == ({"a": [1]}, "x of 3")


def test_where_there_is_no_body_they_go_into_the_query(vendor):
    vendor.answers = [{"data": []}]
    vendor.client(extra="pass").execute("acme.list_things", {"order": "asc"})
    assert dict(vendor.requests[0].url.params) == {"order": "asc"}


@pytest.mark.parametrize("given", ["text", {"data": "x"}, {"name": "a"}, {"path": "/etc/passwd"}, 5, None])
def test_what_is_no_file_is_refused_and_no_disk_is_read_by_name(vendor, given):
    with pytest.raises(koppling.InputInvalid):
        vendor.client().execute("acme.send_file", {"file": given})


@pytest.mark.parametrize(
    ("module", "inputs", "words"),
    [
        ("put_blob", {"file": [koppling.File(b"x")]}, "/file: must be a file, not a list"),
        ("put_blob", {"file": []}, "/file: must be a file, not an empty list"),
        ("make_album", {"cover": [b"x"], "pages": [b"y"]}, "/cover: must be a file, not a list"),
        ("make_album", {"cover": b"x", "pages": b"y"}, "/pages: must be a list, not a file"),
        ("make_album", {"cover": b"x", "pages": [[b"y"]]}, "/pages/0: must be a file"),
    ],
)
def test_one_file_and_a_list_of_files_are_told_apart(module, inputs, words):
    connection = koppling.Connection("blobs", api_key="blob-key")
    client = koppling.Client(connection, acme.SPEC.parents[1] / "shapes/spec")
    with pytest.raises(koppling.InputInvalid, match=words):
        client.render(f"blobs.{module}", inputs)


def test_a_file_by_its_path_is_read_only_below_the_folder_that_is_allowed(vendor, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("A")
    (tmp_path / "out.txt").write_text("B")
    (tmp_path / "in" / "link.txt").symlink_to(tmp_path / "out.txt")
    vendor.answers = [{}]
    client = vendor.client(files=tmp_path / "in")
    client.execute("acme.send_file", {"file": {"path": "a.txt"}})
    assert b"\r\nA\r\n" in vendor.requests[0].content
    for path in ("../out.txt", "link.txt", str(tmp_path / "out.txt"), "none.txt"):
        with pytest.raises(koppling.InputInvalid):
            client.execute("acme.send_file", {"file": {"path": path}})


def test_the_inputs_are_never_changed(vendor):
    inputs = {"name": "x", "data": '{"a": 1}', "tags": ("a",)}
    sent(vendor, inputs)
    assert inputs == {"name": "x", "data": '{"a": 1}', "tags": ("a",)}


def test_the_name_of_a_file_is_not_taken_for_its_bytes():
    with pytest.raises(TypeError, match="not of str"):
        koppling.File("notes.txt")


def test_a_word_for_extras_that_is_none_is_refused(vendor):
    with pytest.raises(ValueError, match="forbid, warn or pass"):
        sent(vendor, TRUE, extra="nonsense")
