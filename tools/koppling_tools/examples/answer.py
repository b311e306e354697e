"""The `response` of an example as bytes: what a transport or a server answers with."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from koppling.template import as_text

_MEDIA_TYPES: Final = {
    "json": "application/json",
    "text": "text/plain; charset=utf-8",
    "base64": "application/octet-stream",
    "events": "text/event-stream",
    "lines": "application/x-ndjson",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, headers (names in lower case) and a body in the pieces in which it goes out.

    An event or a line each.
    """

    status: int
    headers: dict[str, str]
    chunks: tuple[bytes, ...]

    @property
    def streamed(self) -> bool:
        """Whether the body comes piece by piece."""
        return len(self.chunks) > 1

    @property
    def data(self) -> bytes:
        """The whole body."""
        return b"".join(self.chunks)


def answer_of(response: Mapping[str, Any]) -> Answer:
    """Make the answer that an exchange states.

    Raises:
        ValueError: its base64 is none.
    """
    headers = {name.lower(): as_text(value) for name, value in (response.get("headers") or {}).items()}
    kind = next((key for key in _MEDIA_TYPES if key in response), None)
    if kind is not None:
        headers.setdefault("content-type", _MEDIA_TYPES[kind])
    return Answer(int(response.get("status", 200)), headers, _chunks(kind, response))


def _chunks(kind: str | None, response: Mapping[str, Any]) -> tuple[bytes, ...]:
    match kind:
        case "json":
            return (_json(response["json"]).encode(),)
        case "text":
            return (str(response["text"]).encode(),)
        case "base64":
            return (base64.b64decode(response["base64"]),)
        case "events":
            return tuple(_event(one) for one in response["events"])
        case "lines":
            return tuple(f"{_json(one)}\n".encode() for one in response["lines"])
        case _:
            return ()


def _event(value: Any) -> bytes:
    """Write a server-sent event, with its name where it has one. Each line of a text is a `data:` line of its own."""
    name, value = named(value)
    data = value if isinstance(value, str) else _json(value)
    lines = [*([f"event: {name}"] if name else []), *(f"data: {line}" for line in data.split("\n"))]
    return "".join(f"{line}\n" for line in lines).encode() + b"\n"


def named(event: Any) -> tuple[str | None, Any]:
    """Return the name and the data of an example's event: `{event, data}`, or the data alone."""
    if isinstance(event, dict) and set(event) == {"event", "data"}:
        return str(event["event"]), event["data"]
    return None, event


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
