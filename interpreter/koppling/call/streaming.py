"""Streamed calls: deltas as they come, and in the end what the call would have given without streaming."""

from __future__ import annotations

from koppling.call.answer import body_of, case_of
from koppling.call.authorize import authorized
from koppling.call.reading import Events, roots_of
from koppling.call.state import Answer, Call
from koppling.effects import Emit, Life
from koppling.expression import ABSENT
from koppling.extract import Stream, media_type


def asked_stream(call: Call) -> Stream | None:
    """Return the stream that the inputs themselves ask for."""
    rules = call.operation.stream
    return rules if rules is not None and rules.asked(call.prepared.values) else None


def streamed(call: Call, rules: Stream) -> Life:
    """Emit the deltas; return the Result over the folded body."""
    request, reply = yield from authorized(call, call.render(), streamed=True)
    roots = roots_of(call, reply)
    case = case_of(call, request, reply, roots)
    if case.stream is None or media_type(reply.headers) == "application/json":  # the vendor chose not to stream
        body = yield from body_of(call, case, request, reply)
    else:
        fold = rules.fold()
        events = Events(call, rules.format, request, reply, rules, lambda: _or_none(fold.body()))
        take, delta, seen = fold.take, rules.delta, events.roots
        while found := (yield from events.more()):
            for seen["event_name"], event in found:
                seen["event"] = event
                take(event, seen)
                shown = delta(event, seen)
                if shown is not None:
                    yield Emit(shown)
        body = _or_none(fold.body())
    roots["body"] = body
    answer = Answer(case, reply.status, reply.headers, body, roots, request)
    return call.result(answer, case.bundle(body, roots))


def _or_none(value: object) -> object:
    return None if value is ABSENT else value
