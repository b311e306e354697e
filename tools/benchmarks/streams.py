"""A streamed chat, CPU of an event: Koppling, the same transport read by hand, and the vendor's SDK.

By hand is the splitter that keeps to the standard, `json`, and the paths of the deltas written out; nothing is folded.
The answer comes in one burst, each event a chunk of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from chat import KEY, MODULE, PATH, inputs
from openai import OpenAI
from rounds import Row, cpu, measure
from stub import Stub

from koppling import Client, Connection, Request
from koppling.body import Content
from koppling.events import decoder
from koppling.send import Sender

EVENTS, BUDGET = 500, 1.2
ASKED: dict[str, Any] = {**inputs(1), "stream_options": {"include_usage": True}}


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure."""
    with Stub({PATH: ("text/event-stream", events(EVENTS))}) as stub:
        base = f"{stub.origin}/v1"
        with (
            Client(Connection("openai", api_key=KEY, base_url=base)) as client,
            OpenAI(api_key=KEY, base_url=base) as sdk,
        ):
            ways = {"koppling": ours(client), "by hand": by_hand(stub.origin + PATH), "openai": vendors(sdk)}
            for name, way in ways.items():
                if (shown := way()) != EVENTS - 3:
                    raise RuntimeError(f"{name} saw {shown} texts of {EVENTS - 3}")
            costs = measure({name: cpu(way, calls=EVENTS) for name, way in ways.items()}, "by hand", quick=quick)
    what = f"a stream of {EVENTS} events, CPU of one"
    yield costs.against(what, "by hand", BUDGET)
    yield costs.against(what, "openai", None)


def events(count: int) -> list[bytes]:
    """Return the events of a chat as OpenAI writes them, some 290 bytes each."""
    shared = {
        "id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
        "object": "chat.completion.chunk",
        "created": 1790000001,
        "model": "gpt-5.2-2025-12-11",
        "service_tier": "default",
        "system_fingerprint": "fp_44709d6fcb",
    }

    def chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return {**shared, "choices": [choice], "usage": None, "obfuscation": "hK3fQ9"}

    usage = {"prompt_tokens": 11, "completion_tokens": count, "total_tokens": count + 11}
    found = [chunk({"role": "assistant", "refusal": None})]
    found += [chunk({"content": f" tree{at}"}) for at in range(count - 3)]
    found += [chunk({}, "stop"), {**shared, "choices": [], "usage": usage}]
    written = [json.dumps(one, separators=(",", ":")) for one in found]
    return [f"data: {one}\n\n".encode() for one in (*written, "[DONE]")]


def ours(client: Client) -> Callable[[], int]:
    """Return the stream as a call of a module; it returns how many texts it saw."""

    def read() -> int:
        with client.stream(MODULE, ASKED) as stream:
            return sum(delta["text"] is not None for delta in stream)

    return read


def by_hand(url: str) -> Callable[[], int]:
    """Return the same without any of it, over the transport that Koppling uses."""
    sender = Sender()
    headers = {"accept": "text/event-stream", "content-type": "application/json", "authorization": f"Bearer {KEY}"}
    body = Content(json.dumps({**ASKED, "stream": True}).encode(), "application/json")
    request = Request("POST", url, headers, body)

    def read() -> int:
        reply, split, shown = sender.send(request, stream=True), decoder("sse"), 0
        try:
            while chunk := sender.read(reply):
                for _, text in split.feed(chunk):
                    if text != "[DONE]":
                        shown += _delta(json.loads(text)).get("text") is not None
        finally:
            sender.release(reply)
        return shown

    return read


def _delta(event: dict[str, Any]) -> dict[str, Any]:
    choices = event.get("choices")
    if not choices:
        return {}
    delta = choices[0].get("delta") or {}
    return {"text": delta.get("content"), "refusal": delta.get("refusal"), "tool_calls": delta.get("tool_calls")}


def vendors(sdk: OpenAI) -> Callable[[], int]:
    """Return the same by the vendor's SDK, which folds nothing."""

    def read() -> int:
        stream = sdk.chat.completions.create(**ASKED, stream=True)
        return sum(bool(one.choices) and one.choices[0].delta.content is not None for one in stream)

    return read
