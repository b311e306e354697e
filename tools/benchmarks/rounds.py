"""Sides measured in turn, round by round, and the rows that come of it."""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

ROUNDS, QUICK = 30, 3
NOISE = 0.03  # how far the control may be from 1 where a ratio is to mean something
ATTEMPTS = 3
BATCH = 0.02  # seconds of CPU in one measurement

# What costs so many seconds, measured now.
Side = Callable[[], float]


class Row(NamedTuple):
    """One line of the table: what something costs, beside a peer where there is one, held against its budget.

    The budget is one of the ratio where there is one, else of the cost itself. `control` is the peer measured against
    itself in the same rounds.
    """

    what: str
    ours: float
    unit: str
    peer: str = ""
    theirs: float | None = None
    ratio: float | None = None
    budget: float | None = None
    control: float | None = None

    def verdict(self, *, quick: bool) -> str:
        """Say whether the budget is met; nothing where there is none, or where too few rounds were looked at."""
        if self.budget is None or quick:
            return ""
        if self.control is not None and abs(self.control - 1) > NOISE:
            return "no verdict"
        return "met" if (self.ours if self.ratio is None else self.ratio) <= self.budget else "MISSED"


class Costs:
    """What each side cost, round by round, in seconds. The side `control` was measured twice in each round."""

    def __init__(self, control: str) -> None:
        self._control = control
        self.rounds: list[dict[str, float]] = []

    def median(self, side: str, over: str | None = None) -> float:
        """Return the median cost of a side, or of what it costs more than another in the same round."""
        return statistics.median(one[side] - (one[over] if over else 0.0) for one in self.rounds)

    def ratio(self, side: str, peer: str) -> float:
        """Return the median of the ratios within the rounds."""
        return statistics.median(one[side] / one[peer] for one in self.rounds)

    @property
    def control(self) -> float:
        """What the control costs over itself: 1, but for the machine's unrest."""
        return self.ratio(_again(self._control), self._control)

    def against(self, what: str, peer: str, budget: float | None, *, unit: str = "µs", ours: str = "koppling") -> Row:
        """Return the row of our side beside a peer."""
        scale = {"µs": 1e6, "ms": 1e3}[unit]
        mine, theirs = self.median(ours) * scale, self.median(peer) * scale
        return Row(what, mine, unit, peer, theirs, self.ratio(ours, peer), budget, self.control)


def _again(side: str) -> str:
    return f"{side} again"


def measure(sides: Mapping[str, Side], control: str, *, quick: bool) -> Costs:
    """Measure all sides in turn, round by round; anew, a few times, while the machine is too restless."""
    all_sides = {**sides, _again(control): sides[control]}
    for side in sides.values():
        side()  # what is made once, is made now
    gc.collect()
    gc.freeze()
    try:
        best = _rounds(all_sides, control, QUICK if quick else ROUNDS)
        for _ in range(0 if quick else ATTEMPTS - 1):
            if abs(best.control - 1) <= NOISE:
                break
            best = min(best, _rounds(all_sides, control, ROUNDS), key=lambda one: abs(math.log(one.control)))
    finally:
        gc.unfreeze()
    return best


def _rounds(sides: Mapping[str, Side], control: str, count: int) -> Costs:
    costs, order = Costs(control), list(sides)
    for _ in range(count):
        costs.rounds.append({name: sides[name]() for name in order})
        order = [*order[1:], order[0]]  # nobody always follows the same one
    return costs


def cpu(call: Callable[[], object], calls: int = 1) -> Side:
    """Return the side that makes a call again and again, and tells the seconds of CPU of one.

    Args:
        call: what is measured.
        calls: how many calls it makes by itself.
    """
    call()
    began = time.process_time()
    call()
    times = max(1, round(BATCH / max(time.process_time() - began, 1e-9)))

    def side() -> float:
        gc.collect()
        began = time.process_time()
        for _ in range(times):
            call()
        return (time.process_time() - began) / times / calls

    return side
