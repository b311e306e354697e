"""Mutual exclusion: one of many does a thing, the others wait for it; threads, and tasks of any event loop, alike."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Mutex:
    """Taken by one at a time. Nothing here waits: who finds it taken asks to be woken, and tries again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = False
        self._waiting: list[Callable[[], None]] = []

    def take(self) -> bool:
        """Take it, where nobody has it; tell whether it was taken."""
        with self._lock:
            taken, self._taken = not self._taken, True
        return taken

    def give_back(self) -> None:
        """Let another take it; all that wait are woken."""
        with self._lock:
            self._taken = False
            woken, self._waiting = self._waiting, []
        for wake in woken:
            wake()

    def when_free(self, wake: Callable[[], None]) -> None:
        """Have somebody woken once it is given back; at once, where nobody has it."""
        with self._lock:
            if self._taken:
                self._waiting.append(wake)
                return
        wake()
