"""How long a call may take in all. What would end too late is not begun."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import replace
from typing import Any

from koppling.call.failures import too_late
from koppling.call.state import Call
from koppling.effects import Effect, Sleep, Tick
from koppling.model import Request

_SLACK = 0.01  # seconds: a timeout that was cut to what is left may end a little before it


def within(call: Call, request: Request, *, sent: bool) -> Generator[Effect, Any, Request]:
    """Return the request with its timeouts cut to what is left of a call that has a deadline.

    Raises:
        TransportError: nothing is left.
    """
    now: float = yield Tick()
    left = _ends(call, now) - now
    if left <= _SLACK:
        raise too_late(call, request, sent=sent)
    return replace(request, timeout={**request.timeout, "total": left})


def passes(call: Call, wait: float = 0.0) -> Generator[Effect, Any, bool]:
    """Tell whether the deadline has passed, or will have after a wait of so many seconds."""
    if call.deadline is None:
        return False
    now: float = yield Tick()
    return now + wait >= _ends(call, now) - _SLACK


def _ends(call: Call, now: float) -> float:
    """Return when the call must be over; its time runs from when this is first asked."""
    if call.ends is None:
        call.ends = now + (math.inf if call.deadline is None else call.deadline)
    return call.ends


def pause(call: Call, request: Request, seconds: float) -> Generator[Effect, Any, None]:
    """Wait between two requests.

    Raises:
        TransportError: the call would have to end before; it did not wait.
    """
    if (yield from passes(call, seconds)):
        raise too_late(call, request, sent=True, wait=seconds)
    yield Sleep(seconds)
