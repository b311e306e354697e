"""Diagnostics while somebody types: the last text wins, and nothing waits for an older one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from koppling.diagnostics import Diagnostic

PAUSE: Final = 0.02
"""So many seconds of rest before a text is checked: shorter than two keystrokes of anybody, far below what is felt."""

Check = Callable[[Path], list[Diagnostic]]
Publish = Callable[[Path, list[Diagnostic]], None]


@dataclass(slots=True)
class _Turn:
    number: int = 0
    timer: asyncio.TimerHandle | None = None


class Publisher:
    """Checks files off the event loop and publishes what came of the newest text.

    Args:
        check: a file to its faults; called in a thread of its own.
        publish: called on the event loop.
    """

    def __init__(self, check: Check, publish: Publish) -> None:
        self._check = check
        self._publish = publish
        self._turns: dict[Path, _Turn] = {}
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="checks")

    def changed(self, path: Path, pause: float = PAUSE) -> None:
        """Check a file soon; an earlier wish for the same file is forgotten."""
        turn = self._turns.setdefault(path, _Turn())
        turn.number += 1
        if turn.timer is not None:
            turn.timer.cancel()
        loop = asyncio.get_running_loop()
        turn.timer = loop.call_later(pause, self._begin, path, turn.number, loop)

    def all_changed(self, paths: Iterable[Path], pause: float = PAUSE) -> None:
        """Check several files soon."""
        for path in paths:
            self.changed(path, pause)

    def closed(self, path: Path) -> None:
        """Forget a file, and clear what was said of it."""
        turn = self._turns.pop(path, None)
        if turn is not None and turn.timer is not None:
            turn.timer.cancel()
        self._publish(path, [])

    def stop(self) -> None:
        """Begin nothing more."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _begin(self, path: Path, number: int, loop: asyncio.AbstractEventLoop) -> None:
        def work() -> list[Diagnostic] | None:
            return self._check(path) if self._current(path, number) else None

        def done(task: asyncio.Future[list[Diagnostic] | None]) -> None:
            if not task.cancelled() and self._current(path, number) and (found := task.result()) is not None:
                self._publish(path, found)

        loop.run_in_executor(self._worker, work).add_done_callback(done)

    def _current(self, path: Path, number: int) -> bool:
        turn = self._turns.get(path)
        return turn is not None and turn.number == number
