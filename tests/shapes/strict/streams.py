"""Answers in pieces: NDJSON, and server-sent events with a type each and no mark at the end. A key and a version in headers."""

from __future__ import annotations

import json

from strict.asked import Refused, key_in_header
from strict.server import Answer, Cut, Vendor, in_json

_key = key_in_header("x-api-key", "stream-key")


def _guard(asked):
    _key(asked)
    asked.must_have("api-version", "2031-01-01")


streams = Vendor(_guard)

LETTER = {
    "id": "le-1",
    "role": "writer",
    "content": [
        {"type": "text", "text": "Dear Åsa,\n\u2028hej!"},
        {"type": "tool_use", "name": "post_letter", "input": {"stamp": "blue"}},
    ],
    "stop_reason": "tool_use",
    "usage": {"input_tokens": 4, "output_tokens": 9},
}

EVENTS = [
    {"type": "message_start", "message": {"id": "le-1", "role": "writer", "content": [], "usage": {"input_tokens": 4}}},
    {"type": "ping"},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Dear Å"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "sa,\n\u2028hej!"}},
    {"type": "content_block_stop", "index": 0},
    {
        "type": "content_block_start",
        "index": 1,
        "content_block": {"type": "tool_use", "name": "post_letter", "input": {}},
    },
    {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '{"stamp": '}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '"blue"}'}},
    {"type": "content_block_stop", "index": 1},
    {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 9}},
    {"type": "message_stop"},
]

OVERLOADED = {"type": "error", "error": {"type": "overloaded", "message": "too many letters"}}


@streams.on("POST", "/letters")
def letter(asked, _memory):
    given = asked.json()
    if given.get("stream") is not True:
        if "stream" in given:
            raise Refused(f"stream is true or not there, not {given['stream']}")
        return in_json(LETTER)
    return Answer(_events(given["to"]), 200, {"Content-Type": "text/event-stream; charset=utf-8"})


def _events(to):
    """Yield the stream in pieces that cut lines, and letters of two bytes, in the middle."""
    events = {"nobody": [*EVENTS[:4], OVERLOADED], "half": EVENTS[:5]}.get(to, EVENTS)
    text = ": hello\n\n"
    for event in events:
        text += f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n"
    data = text.replace("\n", "\r\n", 6).encode()
    yield from (data[at : at + 7] for at in range(0, len(data), 7))
    if to == "torn":
        raise Cut


@streams.on("GET", "/rows")
def rows(asked, memory):
    given = asked.arguments("of")
    if asked.header("accept") not in {"application/x-ndjson", "*/*"}:
        raise Refused(f"rows come as NDJSON, not as {asked.header('accept')}")
    return Answer(_rows(given.get("of"), memory), 200, {"Content-Type": "application/x-ndjson"})


def _rows(of, memory):
    yield b'{"id": 1, "weight": 2.5}\r\n \r\n{"id": 2, '
    if "go" in memory and not memory["go"].wait(5):
        raise AssertionError("nobody took the first row before the second was there")
    yield '"weight": 1, "name": "Å'.encode()[:-1]
    yield "Å".encode()[-1:] + b'"}\n'
    if of == "torn":
        raise Cut
    yield b'{"id": 3, "weight": null}'  # the last line has no end
