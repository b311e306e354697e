"""Streamed calls: deltas as they come, and in the end what the call would have given without streaming."""

from __future__ import annotations

from typing import Any, Final

from koppling.call.answer import body_of, case_of
from koppling.call.authorize import authorized
from koppling.call.deadline import passes
from koppling.call.failures import no_answer, too_late
from koppling.call.reading import Events, roots_of
from koppling.call.state import Answer, Call
from koppling.effects import Emit, Life, NoAnswer, Read
from koppling.expression import ABSENT, Roots
from koppling.extract import Stream, media_type

# Folding some events at once costs a fraction of folding each: so many of them, or those of so many bytes.
_MANY: Final = 32
_MUCH: Final = 1 << 16


def asked_stream(call: Call) -> Stream | None:
    """Return the stream that the inputs themselves ask for."""
    rules = call.operation.stream
    return rules if rules is not None and rules.asked(call.prepared.values) else None


def streamed(call: Call, rules: Stream) -> Life:
    """Emit the deltas; return the Result over the folded body.

    Its loop is where a stream spends its time: it enters no generator for a chunk, and makes no effect for an event.
    What a chunk brought is shown at once, and was there at once.
    """
    request, reply = yield from authorized(call, call.render(), streamed=True)
    roots = roots_of(call, reply)
    case = case_of(call, request, reply, roots)
    if case.stream is None or media_type(reply.headers) == "application/json":  # the vendor chose not to stream
        body = yield from body_of(call, case, request, reply)
    else:
        folding = _Folding(rules)
        events = Events(call, rules.format, request, reply, rules, folding.body)
        delta, seen, reading = rules.delta, events.roots, Read(reply)
        while not events.over:
            chunk, failure = b"", None
            try:
                chunk = (yield reading) if reply.body is None else reply.taken()
            except NoAnswer as found:
                failure = found.with_traceback(None)
            if call.ends is not None and (chunk or failure) and (yield from passes(call)):
                raise too_late(call, request, sent=True, partial=folding.body())
            if failure is not None:
                raise no_answer(call, request, failure, folding.body())
            for some in events.of(chunk):
                deltas = [shown for event in some if (shown := delta(event, seen)) is not None]
                folding.keep(some, seen, len(chunk))
                if deltas:
                    yield Emit(deltas)
            if events.fault is not None:
                raise events.fault()
        body = folding.body()
    roots["body"] = body
    answer = Answer(case, reply.status, reply.headers, body, roots, request)
    return call.result(answer, case.bundle(body, roots))


class _Folding:
    """The body of one stream, folded as far as somebody needs it."""

    def __init__(self, rules: Stream) -> None:
        self._fold = rules.fold()
        self._at_once = rules.rooted  # where something of an event's roots is needed, it can't wait
        self._waiting: list[Any] = []
        self._size = 0

    def keep(self, events: list[Any], roots: Roots, size: int) -> None:
        """Fold events in, now or later: those of a chunk of so many bytes."""
        self._waiting += events
        self._size += size
        if self._at_once or len(self._waiting) >= _MANY or self._size > _MUCH:
            self._catch_up(roots)

    def _catch_up(self, roots: Roots) -> None:
        self._fold.take(self._waiting, roots)
        self._waiting.clear()
        self._size = 0

    def body(self) -> Any:
        """Return the body so far."""
        if self._waiting:
            self._catch_up({})
        found = self._fold.body()
        return None if found is ABSENT else found
