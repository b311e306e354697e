from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koppling.events import LARGEST as LARGEST_EVENT
from koppling.events import EventTooLarge, decoder

SSE = "data: å\n\n: a comment\r\n\r\nevent: x\rdata:b\rdata: c\r\rid: 1\nevent: y\ndata\n\ndata: d\n\ndata: last\n"
LINES = '{"a": "å"}\r\n\n  {"b": 1}\n{"c": 2}'


@pytest.mark.parametrize(
    ("form", "text", "events"),
    [
        ("sse", SSE, [(None, "å"), ("x", "b\nc"), (None, "d"), (None, "last")]),
        ("ndjson", LINES, [(None, '{"a": "å"}'), (None, '{"b": 1}'), (None, '{"c": 2}')]),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_events_are_the_same_however_the_bytes_are_cut(form, text, events, size):
    data, split = text.encode(), decoder(form)
    found = [event for at in range(0, len(data), size) for event in split.feed(data[at : at + size])]
    assert [*found, *split.end()] == events


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: x\n\n", [(None, "x")]),
        (b"data:x\n\n", [(None, "x")]),
        (b"data:  x\n\n", [(None, " x")]),
        (b"data: a\ndata:\ndata: b\n\n", [(None, "a\n\nb")]),
        (b"event: n\ndata: x\n\ndata: y\n\n", [("n", "x"), (None, "y")]),
        (b"event: n\n\ndata: y\n\n", [(None, "y")]),
        (b"event:\ndata: x\n\n", [(None, "x")]),
        (b"event: a\nevent: b\ndata: x\n\n", [("b", "x")]),
        (b"event\ndata: x\n\n", [(None, "x")]),
        (b"id: 7\nretry: 10\ndata: x\n\n", [(None, "x")]),
        (b"colour: red\n data: no\ndata : no\nDATA: no\ndata: x\n\n", [(None, "x")]),
        (b": ping\n\n:\n\n::\n\ndata: x\n\n", [(None, "x")]),
        (b"data:\n\ndata\n\ndata: x\n\n", [(None, "x")]),
        (b"\n\n\ndata: x\n\n\n\n", [(None, "x")]),
        (b"data: a\r\r\ndata: b\r\n\r\n", [(None, "a"), (None, "b")]),
        (b"\xef\xbb\xbfdata: x\n\n", [(None, "x")]),
        (b"\xef\xbb\xbf\xef\xbb\xbfdata: x\n\ndata: y\n\n", [(None, "y")]),
        (b"data: \xef\xbb\xbfx\n\n", [(None, "\ufeffx")]),
        (b"data: \xff\n\n", [(None, "\ufffd")]),
        (b"data: \xe2\x80\xa8\xc2\x85\x0b\x0c\n\n", [(None, "\u2028\x85\x0b\x0c")]),  # no ends of a line, here
        (b"", []),
        (b"\xef\xbb", []),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 1000])
def test_an_event_is_what_the_standard_says(stream, events, size):
    split = decoder("sse")
    assert [event for at in range(0, len(stream), size) for event in split.feed(stream[at : at + size])] == events


def test_an_event_is_there_with_its_last_byte():
    split = decoder("sse")
    assert split.feed(b"data: x\r\n\r") == [(None, "x")]
    assert split.feed(b"\ndata: y\r\n\r\n") == [(None, "y")]


_PIECES = st.sampled_from(
    [
        b"data: ",
        b"data",
        b"event: ",
        b"\n",
        b"\r",
        b"\r\n",
        b":",
        b"x",
        "å€\U0001f333".encode(),
        b"\xef\xbb\xbf",
        b"\xff",
        b"id: 1",
    ]
)


@given(
    st.lists(_PIECES, max_size=30).map(b"".join),
    st.lists(st.integers(0, 60), max_size=8),
    st.sampled_from(["sse", "ndjson"]),
)
def test_no_cut_changes_any_event(data, cuts, form):
    whole, pieces = decoder(form), decoder(form)
    at = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    found = [event for one, two in pairwise(at) for event in pieces.feed(data[one:two])]
    assert [*found, *pieces.end()] == [*whole.feed(data), *whole.end()]


@pytest.mark.parametrize("size", [1 << 10, 1 << 16, 1 << 23])
@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_an_event_of_many_lines_and_megabytes_is_one(size, ends):
    lines = [b"data: " + b"x" * 1000] * 4000
    data, split = ends.join([*lines, b"", b""]), decoder("sse")
    (found,) = [event for at in range(0, len(data), size) for event in split.feed(data[at : at + size])]
    assert len(found[1]) == 4000 * 1001 - 1


def test_a_line_of_megabytes_in_small_chunks_costs_no_more_than_its_bytes():
    split = decoder("sse")
    assert split.feed(b"data: ") == []
    for _ in range(4 << 10):
        assert split.feed(b"x" * 1024) == []
    ((_, text),) = split.feed(b"\n\n")
    assert len(text) == 4 << 20


@pytest.mark.parametrize("form", ["sse", "ndjson"])
def test_a_line_that_never_ends_is_refused(form):
    split = decoder(form)
    for _ in range(LARGEST_EVENT // (1 << 20)):
        assert split.feed(b"x" * (1 << 20)) == []
    with pytest.raises(EventTooLarge):
        split.feed(b"x")


def test_an_event_whose_lines_never_end_is_refused():
    split = decoder("sse")
    line = b"data: " + b"x" * (1 << 20) + b"\n"
    for _ in range(LARGEST_EVENT // (1 << 20)):
        assert split.feed(line) == []
    with pytest.raises(EventTooLarge):
        split.feed(line)
