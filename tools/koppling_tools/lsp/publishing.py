"""Diagnostics while somebody types: the last text wins, and nothing waits for an older one.

Each text is checked twice: first for what is quick to tell, the errors in the language, then for everything, examples
run and all. What the slow check said of the text before stands beside the quick one's until it is told anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from koppling.diagnostics import Diagnostic

PAUSE: Final = 0.01
"""So many seconds of rest before a text is checked: shorter than two keystrokes of anybody, far below what is felt."""

Check = Callable[[Path], list[Diagnostic]]
Publish = Callable[[Path, list[Diagnostic]], None]


@dataclass(slots=True)
class _Turn:
    number: int = 0
    timer: asyncio.TimerHandle | None = None
    rest: list[Diagnostic] = field(default_factory=list)
    said: list[Diagnostic] = field(default_factory=list)


class Publisher:
    """Checks files off the event loop and publishes what came of the newest text.

    Args:
        quick: a file to its errors in the language; called in a thread of its own.
        full: a file to all its faults; called there, too.
        publish: called on the event loop.
    """

    def __init__(self, quick: Check, full: Check, publish: Publish) -> None:
        self._quick = quick
        self._full = full
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
        def work() -> None:
            if self._current(path, number):
                quick = self._quick(path)
                loop.call_soon_threadsafe(self._tell, path, number, quick, None)
            if self._current(path, number):
                loop.call_soon_threadsafe(self._tell, path, number, quick, self._full(path))

        loop.run_in_executor(self._worker, work).add_done_callback(_raise)

    def _tell(self, path: Path, number: int, quick: list[Diagnostic], full: list[Diagnostic] | None) -> None:
        turn = self._turns.get(path)
        if turn is None or turn.number != number:
            return
        if full is not None:
            turn.rest = [one for one in full if one not in quick]
        said = in_order([*quick, *turn.rest])
        if full is None or said != turn.said:
            turn.said = said
            self._publish(path, said)

    def _current(self, path: Path, number: int) -> bool:
        turn = self._turns.get(path)
        return turn is not None and turn.number == number


def in_order(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Return faults in the order of their places, each once."""
    return sorted(dict.fromkeys(found), key=lambda one: (one.location.line, one.location.column, one.rule))


def _raise(done: asyncio.Future[None]) -> None:
    if not done.cancelled():
        done.result()
