"""Time and chance, as values that a test can choose."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from random import random


@dataclass(frozen=True, slots=True)
class Clock:
    """Time and chance, as values.

    `now` is seconds since 1970, `sleep` waits seconds, `random` is from 0 to 1. `tick` measures, and never runs back;
    without one, a `now` of one's own measures as well.
    """

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random
    tick: Callable[[], float] | None = None

    @property
    def ticking(self) -> Callable[[], float]:
        """What measures: `tick`, else the clock of one's own, else one that nobody sets."""
        return self.tick or (time.monotonic if self.now is time.time else self.now)

    async def asleep(self, seconds: float) -> None:
        """Wait without holding up the event loop."""
        if self.sleep is not time.sleep:
            self.sleep(seconds)
            return
        import asyncio

        await asyncio.sleep(seconds)
