"""Time and chance, as values that a test can choose."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from random import random


@dataclass(frozen=True, slots=True)
class Clock:
    """Time and chance, as values. `now` is seconds since 1970, `sleep` waits seconds, `random` is from 0 to 1."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random

    async def asleep(self, seconds: float) -> None:
        """Wait without holding up the event loop."""
        if self.sleep is not time.sleep:
            self.sleep(seconds)
            return
        import asyncio

        await asyncio.sleep(seconds)
