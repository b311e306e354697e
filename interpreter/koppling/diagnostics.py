"""What is wrong with a spec or with inputs, as values: where, what, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "advice"]


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file. Lines and columns count from 1; line 0 is the file as a whole."""

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}" if self.line else self.path


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One fault. `pointer` is a JSON Pointer into the document, `help` tells what to write instead."""

    rule: str
    message: str
    location: Location
    severity: Severity = "error"
    pointer: str = ""
    help: str = ""

    def __str__(self) -> str:
        line = f"{self.location}: {self.severity}: {self.message} [{self.rule}]"
        return f"{line}\n  help: {self.help}" if self.help else line

    def as_json(self) -> dict[str, object]:
        """Return the fault as the command's `--format json` prints it."""
        return {
            "path": self.location.path,
            "line": self.location.line,
            "column": self.location.column,
            "severity": self.severity,
            "rule": self.rule,
            "message": self.message,
            "help": self.help,
            "pointer": self.pointer,
        }


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the inputs.

    `pointer` is a JSON Pointer into them, `place` the line of the spec that says so.
    """

    pointer: str
    message: str
    allowed: tuple[Any, ...] = ()
    place: str = ""

    def __str__(self) -> str:
        said = f"{self.pointer or '/'}: {self.message}"
        return f"{said} ({self.place})" if self.place else said


def kind_of(value: object) -> str:
    """Return what a value is, as a message names it: `an int`."""
    if value is None:
        return "None"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def near_miss(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """Return the known word that `word` was probably meant to be."""
    import difflib  # only ever needed once something is wrong

    names = sorted(known)
    same = [name for name in names if name.lower().replace("-", "_") == word.lower().replace("-", "_")]
    close = same or difflib.get_close_matches(word, names, n=1, cutoff=cutoff)
    return close[0] if close else None


def suggestion(word: str, known: Iterable[str], *, most: int = 12) -> str:
    """Return a help text: the near miss where there is one, else what would be allowed."""
    names = sorted(known)
    close = near_miss(word, names)
    if close is not None:
        return f"did you mean {close!r}?"
    if not names:
        return ""
    shown = ", ".join(names[:most])
    return f"known here: {shown}{', …' if len(names) > most else ''}"


def join_pointer(*parts: str | int) -> str:
    """Return the JSON Pointer (RFC 6901) of these keys and indexes."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def split_pointer(pointer: str) -> tuple[str, ...]:
    """Return the steps of a JSON Pointer. An index is a text of digits."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
