import pytest

from koppling.events import LARGEST as LARGEST_EVENT
from koppling.events import EventTooLarge, decoder

SSE = "data: å\n\n: a comment\r\n\r\nevent: x\rdata:b\rdata: c\r\rid: 1\ndata\n\ndata: last\n"
LINES = '{"a": "å"}\r\n\n  {"b": 1}\n{"c": 2}'


@pytest.mark.parametrize(
    ("form", "text", "events"),
    [("sse", SSE, ["å", "b\nc", ""]), ("ndjson", LINES, ['{"a": "å"}', '{"b": 1}', '{"c": 2}'])],
)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_events_are_the_same_however_the_bytes_are_cut(form, text, events, size):
    data, split = text.encode(), decoder(form)
    found = [event for at in range(0, len(data), size) for event in split.feed(data[at : at + size])]
    assert [*found, *split.end()] == events


def test_a_byte_order_mark_is_no_part_of_the_first_event():
    assert list(decoder("sse").feed(b"\xef\xbb\xbfdata: x\n\n")) == ["x"]


def test_bytes_that_are_no_utf8_do_not_stop_a_stream():
    assert list(decoder("sse").feed(b"data: \xff\n\n")) == ["\ufffd"]


def test_a_line_that_never_ends_is_refused():
    split = decoder("ndjson")
    for _ in range(LARGEST_EVENT // (1 << 20)):
        assert list(split.feed(b"x" * (1 << 20))) == []
    with pytest.raises(EventTooLarge):
        list(split.feed(b"x"))
