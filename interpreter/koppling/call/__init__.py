"""The life of one call: attempts, pages, polls, streams. Generators of effects: no I/O, no clock, no dice.

They close nothing (a generator may not yield in `finally`): what is open belongs to the driver.
"""

from __future__ import annotations

from koppling.call.answer import fetch
from koppling.call.search import search
from koppling.call.state import Call, Position
from koppling.call.streaming import asked_stream, streamed
from koppling.effects import Life

__all__ = ["Call", "Position", "execute", "items", "stream"]


def execute(call: Call) -> Life:
    """Live the whole call and return its Result."""
    rules = asked_stream(call)
    if rules is not None:
        return (yield from streamed(call, rules))
    if call.operation.is_search:
        return (yield from search(call, emit=False))
    answer = yield from fetch(call, call.render())
    return call.result(answer, answer.case.bundle(answer.body, answer.roots))


def stream(call: Call) -> Life:
    """Live a streamed call: emits the deltas, returns the Result that `execute` would have."""
    rules = call.operation.stream
    assert rules is not None  # noqa: S101  (the client asks only what streams)
    return streamed(call, rules)


def items(call: Call) -> Life:
    """Live a search lazily: emits the bundles, and asks for the next page when they are used up."""
    return search(call, emit=True)
