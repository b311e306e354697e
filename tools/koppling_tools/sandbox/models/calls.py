"""Functions that must be called: the model is held to JSON that is a call, and the answer is given in OpenAI's shape.

A model of this size does not call functions by itself. Where `tool_choice` demands it, a grammar sees to it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import Any, Final

from koppling_tools.sandbox.models.answers import Refused

_ARGUMENTS: Final = '"arguments":'


def functions(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the functions of which one must be called; none where the model may choose.

    Raises:
        Refused: a tool is no function with a name, or the one to call is not among them.
    """
    tools = body.get("tools", [])
    found = [tool.get("function") if isinstance(tool, dict) else None for tool in tools]
    for place, one in enumerate(found):
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            raise Refused(f"'tools[{place}]' is no function with a name", param="tools", code="invalid_value")
    choice = body.get("tool_choice", "auto")
    if choice in ("auto", "none"):
        return []
    if choice == "required" and found:
        return [one for one in found if one]
    name = (choice.get("function") or {}).get("name") if isinstance(choice, dict) else None
    chosen = [one for one in found if one and one["name"] == name]
    if not chosen:
        raise Refused("'tool_choice' names no function of 'tools'", param="tool_choice", code="invalid_value")
    return chosen


def held_to(body: dict[str, Any], among: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a request that lets the model write nothing but a call of one of the functions."""
    shapes = [
        {
            "type": "object",
            "properties": {"name": {"const": one["name"]}, "arguments": one.get("parameters", {"type": "object"})},
            "required": ["name", "arguments"],
            "additionalProperties": False,
        }
        for one in among
    ]
    shape = {"type": "json_schema", "json_schema": {"name": "call", "schema": {"anyOf": shapes}}}
    sent = {name: value for name, value in body.items() if name not in {"stream", "stream_options", "tool_choice"}}
    return {**sent, "response_format": shape}


def as_calls(found: dict[str, Any], among: list[dict[str, Any]]) -> dict[str, Any]:
    """Return an answer whose texts, each a call written as JSON, have become tool calls."""
    for choice in found["choices"]:
        written = choice["message"]["content"]
        try:
            call = json.loads(written)
            name, arguments = call["name"], json.dumps(call["arguments"])
            choice["finish_reason"] = "tool_calls"
        except ValueError:  # cut short by the bound on tokens: what there is of the arguments
            name, arguments = among[0]["name"], written.partition(_ARGUMENTS)[2].strip()
        function = {"name": name, "arguments": arguments}
        one = {"id": f"call_{secrets.token_hex(12)}", "type": "function", "function": function}
        choice["message"] = {"role": "assistant", "content": None, "tool_calls": [one]}
    return found


def as_stream(found: dict[str, Any], *, usage: bool) -> Iterator[bytes]:
    """Yield an answer with calls as the events of a stream: the call's name, its arguments, the end."""
    shared = {name: found[name] for name in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    for choice in found["choices"]:
        (call,) = choice["message"]["tool_calls"]
        begun = {**call, "index": 0, "function": {"name": call["function"]["name"], "arguments": ""}}
        rest = {"index": 0, "function": {"arguments": call["function"]["arguments"]}}
        deltas: tuple[dict[str, Any], ...] = (
            {"role": "assistant", "content": None, "tool_calls": [begun]},
            {"tool_calls": [rest]},
            {},
        )
        for delta in deltas:
            ends = None if delta else choice["finish_reason"]
            chunk = {"index": choice["index"], "delta": delta, "logprobs": None, "finish_reason": ends}
            yield _event({**shared, "choices": [chunk]})
    if usage:
        yield _event({**shared, "choices": [], "usage": found["usage"]})
    yield b"data: [DONE]\n\n"


def _event(chunk: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(chunk)}\n\n".encode()
