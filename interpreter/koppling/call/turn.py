"""Waiting for one's turn, where the connection's rate limits are known."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from koppling.call.deadline import passes
from koppling.call.failures import too_late
from koppling.call.state import Call
from koppling.effects import Effect, Now, Sleep, Tick
from koppling.limits import Turn
from koppling.model import Request

_LOOK_UP = 1.0  # seconds: who waits longer looks half-way whether what was learned since has moved its turn


def take_turn(call: Call, request: Request, *, sent: bool) -> Generator[Effect, Any, tuple[Turn | None, float]]:
    """Wait until it is this call's turn; return it, and how long that took. Where no limit is known, there is none.

    Raises:
        TransportError: the turn comes after the deadline; it was not waited for.
    """
    rules, line = call.operation.limits, call.line
    if not rules or not line.knows(rules):
        return None, 0.0
    start = now = yield Tick()
    turn = line.enter(rules, call.roots_of_limits(), now)
    try:
        while (wait := line.left(turn, now)) > 0:
            if (yield from passes(call, wait)):
                raise too_late(call, request, sent=sent, wait=wait, what="its turn under the rate limits, in {},")  # noqa: TRY301
            yield Sleep(min(wait, max(_LOOK_UP, wait / 2)))
            now = yield Tick()
    except BaseException:  # also of a call that is closed while it waits
        line.leave(turn)
        raise
    return turn, now - start


def learn(call: Call, headers: Mapping[str, str]) -> Generator[Effect, Any, None]:
    """Take in what an answer tells of the rate limits."""
    if not call.operation.limits:
        return
    since_1970: float = yield Now()
    now: float = yield Tick()
    for rule in call.operation.limits:
        told = rule.told(headers, since_1970)
        if told is not None:
            call.line.learn(rule, call.roots_of_limits(), told, now)
