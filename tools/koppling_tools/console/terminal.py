"""What a person sits at: whether there is a terminal, how wide it is, and what is said on standard error."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from types import TracebackType
from typing import IO, Any, Final, Self

import click

PATIENCE: Final = 0.5  # seconds before a wait is worth a word
_FRAMES: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_WIPE: Final = "\r\x1b[K"
_drawn: set[Waiting] = set()  # lines that stand on standard error now
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def prepare() -> None:
    """Keep a text that the locale cannot say from ending in an error: it is written with escapes."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="backslashreplace")


def is_terminal(stream: Any) -> bool:
    """Tell whether a person reads this stream."""
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):  # closed, or no stream at all
        return False


def wants_colour(stream: Any) -> bool:
    """Tell whether to write colours to this stream. See https://no-color.org."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def can_move(stream: Any) -> bool:
    """Tell whether a line on this stream can be wiped and written anew."""
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"


def width() -> int:
    """Return the columns of the terminal; 80 where there is none."""
    return max(40, shutil.get_terminal_size((80, 24)).columns)


def clean(text: str) -> str:
    """Make the control characters of somebody else's text visible: they could move the cursor, or rename the window."""
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def counted(number: int, thing: str) -> str:
    """Return how many there are of something: 1 module, 2 modules."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def say(text: str, colour: str | None = None, *, label: str = "") -> None:
    """Write a line to standard error, its label in colour."""
    head = click.style(label or text, fg=colour, bold=True) if colour and wants_colour(sys.stderr) else label or text
    try:
        if _drawn:
            sys.stderr.write(_WIPE)
        click.echo(f"{head}{clean(text)}" if label else head, err=True)
    except OSError:  # nobody listens, and that is no reason to fail
        return


def warn(text: str) -> None:
    """Say a warning on standard error."""
    say(text, "yellow", label="warning: ")


def hint(text: str) -> None:
    """Say what to do next, on standard error."""
    say(text, "cyan", label="  help: ")


@contextlib.contextmanager
def warnings_said() -> Iterator[None]:
    """Say what Koppling warns of (deprecated modules, fields, values) on standard error, each once."""
    said: set[str] = set()

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        if str(message) not in said:
            said.add(str(message))
            warn(str(message))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("always", category=DeprecationWarning, module=r"koppling(_tools)?(\.|$)")
        warnings.showwarning = show
        yield


class Waiting:
    """A line on standard error that moves while a person waits; silent where nobody looks, and at first.

    Use it as a context manager. `note` is what it says beside the seconds and may be set from anywhere.
    """

    def __init__(self, note: str, stream: IO[str] | None = None) -> None:
        self.note = note
        self._stream = stream or sys.stderr
        self._enough = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if can_move(self._stream):
            self._thread = threading.Thread(target=self._draw, daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Wipe the line and draw no more."""
        self._enough.set()
        if self._thread:
            self._thread.join()
            self._thread = None
        _drawn.discard(self)

    def _draw(self) -> None:
        if self._enough.wait(PATIENCE):
            return
        began, turn = time.monotonic() - PATIENCE, 0
        _drawn.add(self)
        try:
            while True:
                line = f"{_FRAMES[turn % len(_FRAMES)]} {clean(self.note)} · {time.monotonic() - began:.0f} s"
                self._stream.write(f"{_WIPE}{line[: width() - 1]}")
                self._stream.flush()
                turn += 1
                if self._enough.wait(0.1):
                    break
            self._stream.write(_WIPE)
            self._stream.flush()
        except (OSError, ValueError):  # the terminal went away
            return
