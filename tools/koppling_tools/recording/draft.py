"""What an example says of a call that was heard: its exchanges, and what the call gave."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from koppling.errors import ApiError
from koppling.events import Event, decoder
from koppling.files import File
from koppling_tools.examples.compare import text_or_base64
from koppling_tools.examples.wire import Sent
from koppling_tools.recording.disguise import Disguise
from koppling_tools.recording.wiretap import Heard

_FACTS: Final = ("kind", "status", "message", "code", "param", "request_id", "retry_after")


def exchanges(heard: Sequence[Heard], base_url: str, disguise: Disguise, *, raw: bool = False) -> list[dict[str, Any]]:
    """Return the exchanges as an example states them.

    Args:
        heard: what went over the wire.
        base_url: what paths are below of.
        disguise: what stands for secrets.
        raw: state bodies of answers as they came, text or base64.
    """
    return [
        {"request": _request(one, base_url, disguise), "response": _response(one, disguise, raw=raw)} for one in heard
    ]


def _request(one: Heard, base_url: str, disguise: Disguise) -> dict[str, Any]:
    sent = Sent.of(one.method, one.url, one.sent_headers, one.sent, base_url)
    stated = sent.as_stated()
    if sent.body is not None and sent.body[0] == "base64":
        stated["base64"] = base64.b64encode(disguise.data(sent.data)).decode()
    found: dict[str, Any] = disguise.value(stated)
    return found


def _response(one: Heard, disguise: Disguise, *, raw: bool) -> dict[str, Any]:
    headers = {name: disguise.text(value) for name, value in one.headers.items()}
    body = None if raw else _parsed(one)
    stated = {"status": one.status, **({"headers": headers} if headers else {})}
    if body is not None:
        return {**stated, **disguise.value(body)}
    return {**stated, **text_or_base64(disguise.data(one.data))} if one.data else stated


def _parsed(one: Heard) -> dict[str, Any] | None:
    """Return a body as JSON, events or lines, where it says the same so."""
    kind = one.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == "application/json" or kind.endswith("+json"):
            return {"json": strict_json(one.data.decode())}
        if kind == "text/event-stream":
            return {"events": [_event(*event) for event in _decoded(one.data, "sse")]}
        if kind in {"application/x-ndjson", "application/ndjson", "application/jsonl"}:
            return {"lines": [strict_json(text) for _, text in _decoded(one.data, "ndjson")]}
    except (ValueError, RecursionError):
        return None
    return None


def _decoded(data: bytes, form: str) -> Iterator[Event]:
    reader = decoder(form)
    yield from reader.feed(data)
    yield from reader.end()


def _event(name: str | None, text: str) -> Any:
    """Return what an example writes for an event: JSON where it is an object or a list, else the text; and its name."""
    data = _data(text)
    return data if name is None else {"event": name, "data": data}


def _data(text: str) -> Any:
    try:
        found = strict_json(text)
    except ValueError:
        return text
    return found if isinstance(found, dict | list) else text


def strict_json(text: str) -> Any:
    """Read JSON that an example can write down.

    Raises:
        ValueError: it is none, or has what YAML would not give back: a name twice, infinite numbers, lone surrogates.
    """

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in found}) < len(found):
            raise ValueError("a name twice")
        return dict(found)

    def number(written: str) -> float:
        found = float(written)
        if not math.isfinite(found):
            raise ValueError(written)
        return found

    value = json.loads(text, object_pairs_hook=pairs, parse_float=number, parse_constant=number)
    json.dumps(value, ensure_ascii=False).encode()
    return value


def as_inputs(value: Any) -> Any:
    """Return inputs as JSON, files as examples write them."""
    if isinstance(value, File):
        return {"name": value.name, "data": base64.b64encode(value.read()).decode(), "media_type": value.media_type}
    if isinstance(value, Mapping):
        return {str(key): as_inputs(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [as_inputs(one) for one in value]
    return value


def output(value: Any, disguise: Disguise) -> Any:
    """Return what a call gave as an example states it."""
    if isinstance(value, File):
        stated = {"name": disguise.text(value.name), "media_type": value.media_type}
        return {**stated, **text_or_base64(disguise.data(value.read()))}
    if isinstance(value, Mapping):
        return {disguise.text(str(key)): output(one, disguise) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [output(one, disguise) for one in value]
    return disguise.value(value)


def error(found: ApiError, disguise: Disguise) -> dict[str, Any]:
    """Return an error as an example states it."""
    facts = {key: getattr(found, key) for key in _FACTS}
    stated = {key: disguise.value(value) for key, value in facts.items() if value is not None}
    return {"type": "ApiError", **stated}
