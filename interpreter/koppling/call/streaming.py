"""Streamed calls: deltas as they come, and in the end what the call would have given without streaming."""

from __future__ import annotations

from collections.abc import Callable
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

# Events are folded some at a time, which costs a fraction of folding each: so many bytes of them.
_AT_ONCE: Final = 1 << 16


def asked_stream(call: Call) -> Stream | None:
    """Return the stream that the inputs themselves ask for."""
    rules = call.operation.stream
    return rules if rules is not None and rules.asked(call.prepared.values) else None


def streamed(call: Call, rules: Stream) -> Life:
    """Emit the deltas; return the Result over the folded body.

    Its loop is where a stream spends its time: it enters no generator for a chunk, and makes no effect for an event.
    """
    request, reply = yield from authorized(call, call.render(), streamed=True)
    roots = roots_of(call, reply)
    case = case_of(call, request, reply, roots)
    if case.stream is None or media_type(reply.headers) == "application/json":  # the vendor chose not to stream
        body = yield from body_of(call, case, request, reply)
    else:
        folding = _Folding(rules, roots)
        events = Events(call, rules.format, request, reply, rules, folding.body)
        delta, seen, keep, emit, reading = rules.delta, folding.roots, folding.keep, Emit(None), Read(reply)
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
            for seen["event_name"], event in events.of(chunk):
                seen["event"] = event
                keep(event)
                emit.value = delta(event, seen)
                if emit.value is not None:
                    yield emit  # always the same one: the driver takes out what is in it
            if events.fault is not None:
                raise events.fault()
            folding.size += len(chunk)
            if folding.size > _AT_ONCE:
                folding.catch_up()
        body = folding.body()
    roots["body"] = body
    answer = Answer(case, reply.status, reply.headers, body, roots, request)
    return call.result(answer, case.bundle(body, roots))


class _Folding:
    """The body of one stream, folded as far as somebody needs it. `roots` are those of the event that is kept."""

    def __init__(self, rules: Stream, roots: Roots) -> None:
        self.roots = dict(roots)
        self.size = 0
        self._fold = rules.fold()
        self._waiting: list[Any] = []
        #: Fold an event in, now or later: now, where something of the event's roots is needed.
        self.keep: Callable[[Any], None] = self._now if rules.rooted else self._waiting.append

    def _now(self, event: Any) -> None:
        self._fold.take([event], self.roots)

    def catch_up(self) -> None:
        """Fold in what waits."""
        self._fold.take(self._waiting, self.roots)
        self._waiting.clear()
        self.size = 0

    def body(self) -> Any:
        """Return the body so far."""
        if self._waiting:
            self.catch_up()
        found = self._fold.body()
        return None if found is ABSENT else found
