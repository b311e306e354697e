"""How much may be sent in how much time, and whose turn it is. Decisions only: the clock is an argument, nobody sleeps.

A call enters the queue and is told when its turn comes; when it has come, it counts. Who came first goes first, each at
a time of its own, so nobody rushes. What an answer tells of its vendor's count moves everybody who still waits.
"""

from __future__ import annotations

from _thread import allocate_lock  # `threading` itself would cost every start-up a millisecond
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from koppling.diagnostics import kind_of
from koppling.expression import ABSENT, ExpressionError, Roots
from koppling.template import as_text, compile_template
from koppling.times import Form, header_form, seconds

_INSTANT: Final = 1e-6  # seconds; a float holds the seconds since 1970 no finer
_JITTER: Final = 1.0  # seconds by which two threads may read a clock in another order than they come here
_MOST_WINDOWS: Final = 1_000  # scopes, which may be as many as a caller's inputs, are forgotten beyond
_SETTLING: Final = 60  # plans are made anew at most so often in the span of a limit


class Told(NamedTuple):
    """What an answer tells of a limit: the amount, what remains of it, and in how many seconds it is whole again."""

    limit: float | None
    remaining: float | None
    reset: float | None


class Rule:
    """A limit as a spec declares it, compiled. `plan` is an entry of `limits`."""

    def __init__(self, name: str, plan: Mapping[str, Any]) -> None:
        self.name = name
        self.per = float(plan["per"])
        self.amount: float | None = plan.get("amount")
        learn = plan.get("learn", {})
        #: Whether what was used comes back little by little, or all at once.
        self.steady = bool(learn.get("steady"))
        self._weight = compile_template(plan.get("weight", 1))
        self._scope = compile_template(plan.get("scope", ""))
        self._limit, self._remaining = (learn[key].lower() if key in learn else None for key in ("limit", "remaining"))
        self._reset: tuple[str, Form | None] | None = header_form(learn["reset"]) if "reset" in learn else None

    def weight(self, roots: Roots) -> float:
        """Return how much a call counts: 1 where the spec's expression gives no number."""
        value = _value(self._weight, roots)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 else 1.0

    def scope(self, roots: Roots) -> str:
        """Return for what there is an amount of its own."""
        value = _value(self._scope, roots)
        return "" if value is None else as_text(value)

    def speaks(self, headers: Mapping[str, str]) -> bool:
        """Tell whether the headers of an answer say anything of this limit."""
        return self._limit in headers or self._remaining in headers

    def told(self, headers: Mapping[str, str], now: float) -> Told | None:
        """Return what the headers of an answer tell of this limit; `now` is seconds since 1970."""
        limit, remaining = (
            seconds(headers[name], now, "seconds") if name in headers else None
            for name in (self._limit or "", self._remaining or "")
        )
        if not limit and remaining is None:
            return None
        header, form = self._reset or ("", None)
        return Told(limit or None, remaining, seconds(headers[header], now, form) if header in headers else None)


def _value(find: Any, roots: Roots) -> Any:
    try:
        value = find(roots)
    except ExpressionError:
        return None
    return None if value is ABSENT else value


class _Window:
    """One limit of one connection, for one scope.

    `granted` holds what counts, `plan` that and what waits, each as (when it no longer counts, weight). An allowance is
    what the vendor told: from `told_at` to `told_until` so much may be sent, and `rate` more with each second.
    """

    def __init__(self, per: float, amount: float | None) -> None:
        self.per, self.amount = per, amount
        self.granted: deque[tuple[float, float]] = deque()
        self.plan: deque[tuple[float, float]] = deque()
        self.used = self.planned = 0.0
        self.last = self.told_at = self.told_until = float("-inf")
        self.allowed = self.rate = self.since = self.planned_since = self.in_flight = 0.0

    def grant(self, now: float, weight: float) -> None:
        self.granted.append((now + self.per, weight))
        self.used += weight
        self.since += weight
        self.in_flight += weight

    def trim(self, now: float) -> None:
        while self.granted and self.granted[0][0] <= now:
            self.used -= self.granted.popleft()[1]
        if not self.granted:
            self.used = 0.0  # what floats leave over

    def idle(self, now: float) -> bool:
        """Tell whether nothing counts any more."""
        self.trim(now)
        return not self.granted and not self.in_flight and self.told_until <= now

    def fits(self, now: float, weight: float) -> bool:
        """Tell whether so much may be sent now, whatever was planned."""
        self.trim(now)
        full = self.amount is not None and self.used and self.used + weight > self.amount * (1 + 1e-9)
        return not full and self._allowed_at(now, weight, self.since) <= now

    def replan(self, now: float) -> None:
        self.trim(now)
        self.plan, self.planned, self.planned_since, self.last = self.granted.copy(), self.used, self.since, now

    def earliest(self, start: float, weight: float) -> float:
        """Return from when so much fits behind all that is planned. What has gone by then is forgotten in the plan."""
        start = self._allowed_at(max(start, self.last), weight, self.planned_since)
        while self.plan and self.plan[0][0] <= start:
            self.planned -= self.plan.popleft()[1]
        if self.amount is not None:
            # Who is heavier than the amount goes alone.
            while self.plan and self.planned + weight > self.amount * (1 + 1e-9):
                gone, weight_gone = self.plan.popleft()
                self.planned -= weight_gone
                start = max(start, gone)
        if not self.plan:
            self.planned = 0.0
        return start

    def put(self, start: float, weight: float) -> None:
        self.plan.append((start + self.per, weight))
        self.planned += weight
        self.planned_since += weight
        self.last = start

    def allow(self, now: float, remaining: float, reset: float, *, steady: bool) -> None:
        """Take the vendor's word for what remains. What is under way it may not have counted yet."""
        self.told_at, self.told_until, self.since = now, now + reset, 0.0
        self.allowed = max(0.0, remaining - self.in_flight)
        missing = (self.amount or 0.0) - remaining
        self.rate = missing / reset if steady and missing > 0 and reset > 0 else 0.0

    def _allowed_at(self, start: float, weight: float, since: float) -> float:
        """Return from when the vendor's word allows so much."""
        over = since + weight - self.allowed
        if start >= self.told_until or over <= self.rate * (start - self.told_at):
            return start
        return min(self.told_until, self.told_at + over / self.rate) if self.rate else self.told_until


class Turn:
    """A place in the queue. `start` is when it comes, by the queue's own clock."""

    __slots__ = ("shares", "start")

    def __init__(self, shares: list[tuple[_Window, float]]) -> None:
        self.shares = shares
        self.start = 0.0


class Queue:
    """Whose turn it is on one connection. Threads may share one.

    Args:
        amounts: by the name of the limit; over what specs and answers say, where that is more. Infinite: no limit.
    """

    def __init__(self, amounts: Mapping[str, float]) -> None:
        self._amounts = amounts
        self._lock = allocate_lock()
        self._windows: dict[tuple[str, str], _Window] = {}
        self._waiting: dict[Turn, None] = {}
        self._now, self._offset, self._planned_at, self._stale = float("-inf"), 0.0, float("-inf"), False

    def knows(self, rules: Iterable[Rule]) -> bool:
        """Tell whether any amount is known, by which somebody might have to wait."""
        if self._windows:
            return True
        for one in rules:  # noqa: SIM110  (a loop takes a third of the time, and every call comes by here)
            if one.amount is not None or one.name in self._amounts:
                return True
        return False

    def enter(self, rules: Iterable[Rule], roots: Roots, now: float) -> Turn:
        """Return a place at the end of the queue, for a call of these roots."""
        with self._lock:
            now = self._forward(now)
            found = [(self._window(one, one.scope(roots), now), one.weight(roots)) for one in rules]
            turn = Turn([(window, weight) for window, weight in found if window is not None and weight])
            self._waiting[turn] = None
            self._place(turn, now)
            return turn

    def left(self, turn: Turn, now: float) -> float:
        """Return how many seconds are left until a turn comes; at 0 it has come, and counts from now on."""
        with self._lock:
            now = self._forward(now)
            if self._stale and now >= self._planned_at + min(one.per for one in self._windows.values()) / _SETTLING:
                self._replan(now)
            if turn.start - now < _INSTANT and not all(window.fits(now, weight) for window, weight in turn.shares):
                self._replan(now)  # somebody before was late
            if turn.start - now >= _INSTANT:
                return turn.start - now
            self._waiting.pop(turn, None)
            for window, weight in turn.shares:
                window.grant(now, weight)
            return 0.0

    def leave(self, turn: Turn) -> None:
        """Give up a place, or be done: the answer is there, or there will be none."""
        with self._lock:
            if turn in self._waiting:
                del self._waiting[turn]
                self._stale = True
                return
            for window, weight in turn.shares:
                window.in_flight -= weight
            turn.shares = []

    def learn(self, rule: Rule, roots: Roots, told: Told, now: float) -> None:
        """Take in what an answer told of a limit."""
        with self._lock:
            now = self._forward(now)
            most = self._amounts.get(rule.name, float("inf"))
            if rule.name in self._amounts and most == float("inf"):
                return
            key = (rule.name, rule.scope(roots))
            window = self._windows.get(key) or self._add(key, _Window(rule.per, None), now)
            if told.limit is not None:
                window.amount = min(told.limit, most)
            if told.remaining is not None:
                window.trim(now)
                reset = rule.per if told.reset is None else told.reset
                window.allow(now, told.remaining, reset, steady=rule.steady)
            if self._waiting:
                self._stale = True
            else:
                window.planned_since = window.since

    def _window(self, rule: Rule, scope: str, now: float) -> _Window | None:
        key = (rule.name, scope)
        amount = self._amounts.get(rule.name, rule.amount)
        if key not in self._windows and amount is not None and amount != float("inf"):
            return self._add(key, _Window(rule.per, amount), now)
        return self._windows.get(key)

    def _add(self, key: tuple[str, str], window: _Window, now: float) -> _Window:
        if len(self._windows) >= _MOST_WINDOWS and not self._waiting:
            self._windows = {key: one for key, one in self._windows.items() if not one.idle(now)}
        self._windows[key] = window
        return window

    def _place(self, turn: Turn, now: float) -> None:
        start, settled = now, False
        while not settled:
            settled = True
            for window, weight in turn.shares:
                found = window.earliest(start, weight)
                settled = settled and found == start
                start = found
        turn.start = start
        for window, weight in turn.shares:
            window.put(start, weight)

    def _replan(self, now: float) -> None:
        self._stale, self._planned_at = False, now
        for window in self._windows.values():
            window.replan(now)
        for turn in self._waiting:
            self._place(turn, now)

    def _forward(self, now: float) -> float:
        """Return a time that never runs back, whatever the clock does."""
        now += self._offset
        if now < self._now - _JITTER:
            self._offset += self._now - now
        self._now = now = max(now, self._now)
        return now


class Limits:
    """How fast a client sends: amounts of a caller's own, and what has been sent and learned so far.

    Clients that are given the same one share it for the same connection, from any thread or event loop.

    Args:
        amounts: by the names under which connectors declare limits, `requests=100`; over what the spec says. An answer
            that tells of less counts. `math.inf` lifts a limit.

    Raises:
        TypeError, ValueError: an amount is no number above 0.
    """

    def __init__(self, **amounts: float) -> None:
        for name, amount in amounts.items():
            if isinstance(amount, bool) or not isinstance(amount, int | float):
                raise TypeError(f"{name} is a number, not {kind_of(amount)}")
            if not amount > 0:
                raise ValueError(f"{name} is a number above 0, not {amount!r}")
        self.amounts: Mapping[str, float] = amounts
        self._queues: dict[str, Queue] = {}

    def queue(self, connection: str) -> Queue:
        """Return the queue of a connection; `connection` is what it is known by."""
        return self._queues.setdefault(connection, Queue(self.amounts))

    def __repr__(self) -> str:
        return f"Limits({', '.join(f'{name}={amount:g}' for name, amount in self.amounts.items())})"
