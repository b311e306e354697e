"""Waiting for one's turn, where the connection's rate limits are known."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from koppling.call.deadline import passes
from koppling.call.failures import too_late
from koppling.call.state import Call
from koppling.effects import Effect, Now, Sleep, Tick
from koppling.limits import Rule, Turn
from koppling.model import Request

_LOOK_UP = 1.0  # seconds: who waits longer looks half-way whether what was learned since has moved its turn


def limited(call: Call) -> bool:
    """Tell whether any limit is known that a call might have to wait for."""
    rules = call.operation.limits
    return bool(rules) and call.queue.knows(rules)


def take_turn(call: Call, request: Request, *, sent: bool) -> Generator[Effect, Any, tuple[Turn, float]]:
    """Wait until it is this call's turn; return it, and how long that took.

    Raises:
        TransportError: the turn comes after the deadline; it was not waited for.
    """
    rules, queue = call.operation.limits, call.queue
    start = now = yield Tick()
    turn = queue.enter(rules, call.roots_of_limits(), now)
    try:
        while (wait := queue.left(turn, now)) > 0:
            if (yield from passes(call, wait)):
                raise too_late(call, request, sent=sent, wait=wait, what="its turn under the rate limits, in {},")  # noqa: TRY301  (who waits leaves the queue in one place)
            yield Sleep(min(wait, max(_LOOK_UP, wait / 2)))
            now = yield Tick()
    except BaseException:  # also of a call that is closed while it waits
        queue.leave(turn)
        raise
    return turn, now - start


def learn(call: Call, rule: Rule, headers: Mapping[str, str]) -> Generator[Effect, Any, None]:
    """Take in what an answer tells of a rate limit."""
    since_1970: float = yield Now()
    told = rule.told(headers, since_1970)
    if told is not None:
        now: float = yield Tick()
        call.queue.learn(rule, call.roots_of_limits(), told, now)
