import base64
import copy
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koppling.expression import ABSENT
from koppling.fold import compile_fold

CHOICES = {
    "choices": {
        "by": "index",
        "message": {
            "from": "delta",
            "role": "first",
            "content": "concat",
            "tool_calls": {
                "by": "index",
                "index": "drop",
                "id": "first",
                "function": {"name": "first", "arguments": "concat"},
            },
        },
        "finish_reason": "last",
    },
    "usage": "last",
    "id": "first",
}


@pytest.mark.parametrize(
    ("plan", "events", "body"),
    [
        ({"a": "first"}, [{"a": 1}, {"a": 2}], {"a": 1}),
        ({"a": "last"}, [{"a": 1}, {"a": None}, {"a": 2}, {}], {"a": 2}),
        ({"a": "concat"}, [{"a": "x"}, {"a": "y"}], {"a": "xy"}),
        ({"a": "concat"}, [{"a": [1]}, {"a": [2, 3]}], {"a": [1, 2, 3]}),
        ({"a": "append"}, [{"a": {"n": 1}}, {"a": {"n": 2}}], {"a": [{"n": 1}, {"n": 2}]}),
        (
            {"a": {"last": "type == 'done' && text"}},
            [{"type": "done", "text": "x"}, {"type": "more", "text": "y"}],
            {"a": "x"},
        ),
        ({"a": {"append": "length(x) && x"}}, [{"x": None}, {"x": "ab"}], {"a": ["ab"]}),
        ({"a": "first"}, ["no object", {"b": 1}], ABSENT),
        ({"a": "first", "b": "last", "c": "concat", "d": "append"}, [dict.fromkeys("abcd")], dict.fromkeys("abcd")),
        ({"a": "first"}, [{"a": None}, {"a": 1}, {"a": None}], {"a": 1}),
        ({"a": "concat"}, [{"a": None}, {"a": "x"}, {"a": None}], {"a": "x"}),
        ({"a": "append"}, [{"a": None}, {"a": 1}, {"a": None}], {"a": [1]}),
        ({"a": {"b": "last"}}, [{"a": None}, {}], {"a": None}),
        ({"a": {"b": "last"}}, [{"a": None}, {"a": {"b": 1}}, {"a": None}], {"a": {"b": 1}}),
        ({"a": {"by": "i", "b": "last"}}, [{"a": None}], {"a": None}),
        ({"a": {"by": "i", "b": "last"}}, [{"a": None}, {"a": []}, {"a": None}], {"a": []}),
        ({"a": {"last": "b || `null`"}}, [{"a": 1, "b": None}], ABSENT),  # an expression's null adds nothing
        ({"a": {"last": "b"}}, [{"a": 1, "b": False}], {"a": False}),
        ({"a": {"last": "!c"}}, [{"c": 1}], ABSENT),
        ({"a": "concat"}, [{"a": 1}, {"a": "x"}, {"a": "y"}, {"a": [1]}, {"a": [2]}], {"a": [1, 2]}),
        ({"a": "concat"}, [{"a": "x"}, {"a": {"b": 1}}], {"a": {"b": 1}}),
        ({"a": "last", "b": {"last": "a"}}, [{"a": 1}], {"a": 1, "b": 1}),
        (
            {"a": {"from": "b", "c": "last"}, "b": {"c": "first"}},
            [{"b": {"c": 1}}, {"b": {"c": 2}}],
            {"a": {"c": 2}, "b": {"c": 1}},
        ),
        ({"a": {"last": "${name}"}}, [{"a": 1}], {"a": "n"}),
        # an event that is an element itself: by its index, wherever in the stream it comes
        (
            {
                "list": {
                    "by": "i",
                    "i": "drop",
                    "from": "@",
                    "t": {"concat": "d.t"},
                    "j": {"concat": "d.j", "as": "json"},
                }
            },
            [
                {"i": 1, "d": {"t": "b"}},
                {"ping": 1},
                {"i": 0, "d": {"j": '{"x":'}},
                {"i": 1, "d": {"t": "c"}},
                {"i": 0, "d": {"j": " 1}"}},
            ],
            {"list": [{"j": {"x": 1}}, {"t": "bc"}]},
        ),
        (
            {"list": {"by": "i", "from": "kind == 'piece' && @", "t": "concat"}},
            [
                {"kind": "piece", "i": 0, "t": "a"},
                {"kind": "whole", "i": 0, "t": "ab"},
                {"kind": "piece", "i": 0, "t": "b"},
            ],
            {"list": [{"i": 0, "t": "ab"}]},
        ),
        (
            {"l": {"by": "i", "t": "concat"}},
            [{"l": [{"t": "a"}, {"t": "b"}, 3]}],
            {"l": [{"i": 0, "t": "a"}, {"i": 1, "t": "b"}]},
        ),
        (
            {"l": {"by": "i", "t": "concat"}},
            [{"l": [{"i": {}, "t": "a"}]}, {"l": "no list"}],
            {"l": [{"i": 0, "t": "a"}]},
        ),
        # pieces of base64: cut anywhere, or each encoded by itself
        ({"a": {"concat": "a", "as": "base64"}}, [{"a": "aGVq"}, {"a": "c2Fu"}], {"a": "aGVqc2Fu"}),
        ({"a": {"concat": "a", "as": "base64"}}, [{"a": "aGV"}, {"a": "qc2"}, {"a": "Fu"}], {"a": "aGVqc2Fu"}),
        ({"a": {"concat": "a", "as": "base64"}}, [{"a": "aA=="}, {"a": "ZWo="}, {"a": "c2Fu"}], {"a": "aGVqc2Fu"}),
        ({"a": {"concat": "a", "as": "base64"}}, [{"a": "aA=="}, {"a": "!"}], {"a": "aA==!"}),
        ({"a": {"concat": "a", "as": "json"}}, [{"a": '{"x":'}], {"a": '{"x":'}),
        ({"a": {"last": "a", "as": "json"}}, [{"a": None}], {"a": None}),
        ({"a": {"first": "a", "as": "json"}}, [{"a": None}, {"a": "[1]"}, {"a": "[2]"}], {"a": [1]}),
        ({"a": {"first": "a.b", "as": "json"}}, [{"a": None}, {"a": {"b": "[1]"}}, {"a": {"b": "[2]"}}], {"a": [1]}),
        (
            CHOICES,
            [
                {"id": "c", "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]},
                {
                    "id": "c",
                    "choices": [{"index": 1, "delta": {"content": "B"}}, {"index": 0, "delta": {"content": "A"}}],
                },
                {
                    "choices": [
                        {
                            "index": 0,
                            "delta": {
                                "tool_calls": [{"index": 0, "id": "t", "function": {"name": "f", "arguments": "{"}}]
                            },
                        }
                    ]
                },
                {
                    "choices": [
                        {
                            "index": 0,
                            "delta": {"tool_calls": [{"index": 0, "function": {"arguments": "}"}}]},
                            "finish_reason": "stop",
                        }
                    ]
                },
                {"choices": [], "usage": {"n": 3}},
            ],
            {
                "id": "c",
                "usage": {"n": 3},
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": "stop",
                        "message": {
                            "role": "assistant",
                            "content": "A",
                            "tool_calls": [{"id": "t", "function": {"name": "f", "arguments": "{}"}}],
                        },
                    },
                    {"index": 1, "message": {"content": "B"}},
                ],
            },
        ),
    ],
)
def test_events_fold_to_a_body(plan, events, body):
    for size in range(1, len(events) + 1):  # one by one, and some at a time
        fold = compile_fold(plan)()
        for at in range(0, len(events), size):
            fold.take(events[at : at + size], {"name": "n"})
        assert fold.body() == body
        assert fold.body() == body  # asked twice, as after an error


def test_folding_never_changes_an_event():
    events = [{"a": [1], "b": [1], "c": [{"i": 0, "d": [1]}]}, {"a": [2], "b": [2], "c": [{"i": 0, "d": [2]}]}]
    fold = compile_fold({"a": "concat", "b": "append", "c": {"by": "i", "d": "concat"}})()
    before = copy.deepcopy(events)
    for event in events:
        fold.take([event], {})
        fold.body()
    assert events == before


def test_two_streams_of_one_fold_know_nothing_of_each_other():
    begin = compile_fold(CHOICES)
    one, other = begin(), begin()
    one.take([{"id": "a", "choices": [{"index": 0, "delta": {"content": "x"}}]}], {})
    assert other.body() is ABSENT


@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=6))
def test_base64_in_pieces_is_the_base_64_of_the_whole(data, cuts):
    at = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    apart = [base64.b64encode(data[one:two]).decode() for one, two in pairwise(at)]
    whole = base64.b64encode(data).decode()
    through = [whole[one:two] for one, two in zip([0, *at], [*at, len(whole)], strict=True)]
    for pieces in (apart, through):
        fold = compile_fold({"a": {"concat": "a", "as": "base64"}})()
        fold.take([{"a": piece} for piece in pieces], {})
        assert fold.body() == {"a": whole}


def test_a_text_of_a_million_pieces_is_joined_once():
    fold = compile_fold({"a": "concat"})()
    for _ in range(1_000_000):
        fold.take([{"a": "xy"}], {})
    assert len(fold.body()["a"]) == 2_000_000
