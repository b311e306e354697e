"""Streams as they run: shown when they come, left when they are not wanted, and cut off in the middle."""

from __future__ import annotations

import threading

import pytest

import koppling


def test_a_line_is_shown_before_the_next_one_is_there(world, server):
    server.memory["go"] = threading.Event()

    def taken(_item):
        server.memory["go"].set()  # the server waits for this before it sends the second line
        return False

    assert [one["row"] for one in world.items("streams.tail_rows", {}, taken)] == [1, 2, 3]


def test_a_stream_of_lines_can_be_left(world, server):
    server.memory["go"] = threading.Event()
    assert [one["row"] for one in world.items("streams.tail_rows", {}, lambda _: True)] == [1]
    assert [one["row"] for one in world.execute("streams.tail_rows", {"limit": 1}).output] == [1]
    server.memory["go"].set()


def test_lines_that_break_off_were_shown_and_end_in_an_error(world):
    seen = []
    with pytest.raises(koppling.TransportError) as caught:
        world.items("streams.tail_rows", {"of": "torn"}, lambda item: seen.append(item["row"]))
    assert (caught.value.reason, caught.value.sent, seen) == ("cut", True, [1, 2])


def test_lines_that_break_off_are_no_answer(world):
    with pytest.raises(koppling.TransportError) as caught:
        world.execute("streams.export_rows", {"of": "torn"})
    assert caught.value.reason == "cut"


@pytest.mark.parametrize("to", ["half", "torn"])
def test_a_stream_that_breaks_off_keeps_what_there_was(world, to):
    with pytest.raises(koppling.TransportError) as caught:
        world.execute("streams.write_letter", {"to": to, "stream": True})
    assert (caught.value.reason, caught.value.sent) == ("cut", True)
    assert caught.value.partial["content"][0]["text"].startswith("Dear Åsa")


def test_an_error_among_the_events_keeps_what_there_was(world):
    with pytest.raises(koppling.ApiError) as caught:
        world.execute("streams.write_letter", {"to": "nobody", "stream": True})
    error = caught.value
    assert (error.message, error.type, error.partial["content"]) == (
        "too many letters",
        "overloaded",
        [{"type": "text", "text": "Dear Å"}],
    )


def test_streamed_folded_and_plain_calls_give_one_output(world):
    deltas, streamed = world.stream("streams.write_letter", {"to": "Åsa"})
    folded = world.execute("streams.write_letter", {"to": "Åsa", "stream": True})
    plain = world.execute("streams.write_letter", {"to": "Åsa"})
    assert plain.output == folded.output == streamed.output
    assert "".join(delta["text"] for delta in deltas) == plain.output["text"]


def test_what_does_not_stream_says_so(world, server):
    with pytest.raises(koppling.InputInvalid):
        world.stream("streams.export_rows")
    with pytest.raises(koppling.InputInvalid):
        world.items("streams.write_letter", {"to": "Åsa"})
    assert server.asked == []


@pytest.mark.parametrize(("read_as", "partial"), [("bytes", True), ("auto", False)])
def test_a_file_that_breaks_off_is_no_answer(world, server, read_as, partial):
    server.memory["cut"] = True
    with pytest.raises(koppling.TransportError) as caught:
        world.execute("blobs.get_blob", {"read_as": read_as, "path": "pixel.png"})
    assert (caught.value.reason, caught.value.sent) == ("cut", True)
    if partial:
        assert caught.value.partial.read().startswith(b"\x89PNG")


def test_json_that_breaks_off_is_no_answer(world, server):
    with pytest.raises(koppling.TransportError) as caught:
        world.execute("careful.get_answer", {"kind": "cut"})
    assert (caught.value.reason, caught.value.sent, len(server.asked)) == ("cut", True, 3)
