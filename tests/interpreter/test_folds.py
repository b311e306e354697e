import pytest

from koppling.expression import ABSENT
from koppling.fold import compile_fold

CHOICES = {
    "choices": {
        "by": "index",
        "message": {
            "from": "delta",
            "role": "first",
            "content": "concat",
            "tool_calls": {"by": "index", "id": "first", "function": {"name": "first", "arguments": "concat"}},
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
                            "tool_calls": [{"index": 0, "id": "t", "function": {"name": "f", "arguments": "{}"}}],
                        },
                    },
                    {"index": 1, "message": {"content": "B"}},
                ],
            },
        ),
    ],
)
def test_events_fold_to_a_body(plan, events, body):
    fold, found = compile_fold(plan), ABSENT
    for event in events:
        found = fold(found, event)
    assert found == body


def test_folding_never_changes_an_event():
    events = [{"a": [1]}, {"a": [2]}]
    fold, found = compile_fold({"a": "concat"}), ABSENT
    for event in events:
        found = fold(found, event)
    assert events == [{"a": [1]}, {"a": [2]}]
