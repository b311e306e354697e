"""Streamed calls: deltas as they come, and in the end what the call would have given without streaming."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from koppling.call.answer import body_of, case_of, read_events, roots_of
from koppling.call.attempt import attempt
from koppling.call.state import Answer, Call
from koppling.effects import Effect, Emit, Life
from koppling.expression import ABSENT
from koppling.extract import Stream, media_type


def asked_stream(call: Call) -> Stream | None:
    """Return the stream that the inputs themselves ask for."""
    rules, values = call.operation.stream, call.prepared.values
    if rules is None or not rules.set or any(values.get(name) != value for name, value in rules.set.items()):
        return None
    return rules


def streamed(call: Call, rules: Stream) -> Life:
    """Emit the deltas; return the Result over the folded body."""
    request, reply = yield from attempt(call, call.render(), streamed=True)
    roots = roots_of(call, reply)
    case = case_of(call, request, reply, roots)
    body: Any = ABSENT
    if case.stream is None or media_type(reply.headers) == "application/json":  # the vendor chose not to stream
        body = yield from body_of(call, case, request, reply)
    else:

        def take(event: Any) -> Generator[Effect, Any, bool]:
            nonlocal body
            body = rules.fold(body, event)
            delta = rules.delta(event, {**roots, "event": event})
            if delta is not None and not (isinstance(delta, dict) and all(one is None for one in delta.values())):
                yield Emit(delta)
            return False

        def partial() -> Any:
            return None if body is ABSENT else body

        yield from read_events(call, rules.format, request, reply, take, rules=rules, partial=partial)
    roots["body"] = body = None if body is ABSENT else body
    answer = Answer(case, reply.status, reply.headers, body, roots, request)
    return call.result(answer, case.bundle(body, roots))
