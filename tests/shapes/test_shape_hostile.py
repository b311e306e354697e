"""What callers may try in a path, an address and a header: refused before anything is sent, or harmless on the wire."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

import koppling

TABLE = YAML(typ="safe").load(Path(__file__).with_name("hostile.yaml"))

INPUTS = {
    "whole": lambda given: ("open_path", "path", {"as": "whole", "path": given}),
    "segments": lambda given: ("open_path", "path", {"as": "segments", "path": given}),
    "target": lambda given: ("call_api", "url", {"url": given}),
    "header_values": lambda given: ("call_api", "headers", {"url": "echo/a", "headers": {"X-Note": given}}),
    "header_names": lambda given: ("call_api", "headers", {"url": "echo/a", "headers": {given: "x"}}),
}

CASES = [
    pytest.param(place, one["given"], one.get("wire"), id=f"{place}-{one['given']!r}")
    for place, rows in TABLE.items()
    for one in rows
]


def arrived(place, asked, given):
    """Return what stood on the wire for a value, as the table writes it."""
    if place in {"whole", "segments"}:
        return asked.target.removeprefix("/careful/v1/echo/").removesuffix("/end")
    if place == "target":
        return asked.target.removeprefix("/careful/v1/")
    if place == "header_values":
        return asked.header("x-note")
    return given.lower() if asked.header(given.lower()) == "x" else None


@pytest.mark.parametrize(("place", "given", "wire"), CASES)
def test_a_hostile_value_is_refused_or_harmless(world, server, place, given, wire):
    name, field, inputs = INPUTS[place](given)
    if wire is None:
        with pytest.raises(koppling.InputInvalid) as caught:
            world.execute(f"careful.{name}", inputs)
        assert [problem.pointer.split("/")[1] for problem in caught.value.problems] == [field]
        assert server.asked == []
        return
    world.execute(f"careful.{name}", inputs)
    (asked,) = server.asked
    assert arrived(place, asked, given) == wire
    assert (asked.header("authorization"), asked.header("x-team")) == ("Bearer careful-key", "riveters")
    assert asked.header("x-evil") is None


def test_a_path_that_is_no_text_is_refused(world, server):
    for given in ({"a": 1}, ["a"], None):
        with pytest.raises(koppling.InputInvalid):
            world.execute("careful.open_path", {"as": "whole", "path": given})
    assert server.asked == []


@pytest.mark.parametrize("inputs", [{"url": "echo/" + "a" * 70_000}, {"url": "echo/a", "query": {"q": "a" * 70_000}}])
def test_an_address_of_any_length_is_sent_or_refused_in_words(world, server, inputs):
    try:
        world.execute("careful.call_api", inputs)
    except koppling.KopplingError:
        assert len(server.asked) <= 1


QUERIES = [
    ({"a": "b&c=d"}, [("a", "b%26c%3Dd")]),
    ({"a&b": "c"}, [("a&b", "c")]),
    ({"a": "+ %2B"}, [("a", "%2B%20%252B")]),
    ({"a": "\r\n"}, [("a", "%0D%0A")]),
    ({"a": None, "b": "", "c": False}, [("b", ""), ("c", "false")]),
    ({"a": {"b": [1, {"c": "Å"}]}}, [("a[b]", "1"), ("a[b][c]", "%C3%85")]),
]


@pytest.mark.parametrize(("query", "pairs"), QUERIES)
def test_what_stands_in_a_query_is_escaped(world, server, query, pairs):
    world.execute("careful.call_api", {"url": "echo/a", "query": query})
    assert server.asked[0].pairs() == pairs
