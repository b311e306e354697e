"""Faults that an editor has looked at and lets stand, with a reason, beside what they are about.

    retry: {methods: [POST]}  # koppling: ignore[unsafe-retry] the vendor's own clients repeat it

The comment counts for its own line; alone on a line, for the next one that is no comment; as `ignore-file`, for all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from koppling.diagnostics import Diagnostic, Location, suggestion
from koppling_tools import rules

_COMMENT: Final = re.compile(r"(?:^|\s)#\s*koppling:\s*(?P<word>[\w-]+)(?P<list>\[[^\]]*\])?(?P<reason>.*)$")
_WORDS: Final = ("ignore", "ignore-file")


@dataclass(frozen=True, slots=True)
class Suppression:
    """One such comment. `line` is the one that it counts for, 0 for all; `place` is where it stands (line, column)."""

    rules: tuple[str, ...]
    reason: str
    line: int
    place: tuple[int, int]
    fault: str = ""


def suppressions(text: str) -> list[Suppression]:
    """Return the comments of a file that let faults stand."""
    if "koppling:" not in text:
        return []
    lines = text.splitlines()
    return [one for number, line in enumerate(lines, 1) if (one := _read(line, number, lines)) is not None]


def _read(line: str, number: int, lines: list[str]) -> Suppression | None:
    found = _COMMENT.search(line)
    if found is None or found["word"] == "no-mutant":
        return None
    named = tuple(one.strip() for one in (found["list"] or "[]")[1:-1].split(",") if one.strip())
    reason = found["reason"].strip(" :-")
    fault = ""
    if found["word"] not in _WORDS:
        fault = f"`koppling: {found['word']}` is no comment that is known here; {suggestion(found['word'], _WORDS)}"
    elif not named:
        fault = f"name the rules: `# koppling: {found['word']}[RULE] why`"
    elif unknown := [one for one in named if one not in rules.names()]:
        fault = f"there is no rule {unknown[0]!r}; {suggestion(unknown[0], rules.names())}"
    elif not reason:
        fault = f"say why: `# koppling: {found['word']}[{', '.join(named)}] …`"
    place = (number, line.index("#", found.start()) + 1)
    own = bool(line[: place[1] - 1].strip())
    counts = 0 if found["word"] == "ignore-file" else number if own else _next(lines, number)
    return Suppression(named, reason, counts, place, fault)


def _next(lines: list[str], number: int) -> int:
    """Return the number of the next line that says something."""
    following = (at for at, line in enumerate(lines, 1) if at > number and line.strip(" \t")[:1] not in {"", "#"})
    return next(following, number)


def apply(path: str, found: Iterable[Diagnostic], comments: Iterable[Suppression]) -> Iterator[Diagnostic]:
    """Yield the faults of a file that are not let stand, and what is wrong with the comments.

    Errors are never let stand: what has them does not run.
    """
    found, comments = list(found), list(comments)
    broken = any(one.severity == "error" for one in found)  # then not all rules have had their say
    used: set[Suppression] = set()
    for one in found:
        fitting = [
            comment
            for comment in comments
            if not comment.fault and one.rule in comment.rules and comment.line in {0, one.location.line}
        ]
        if fitting and one.severity != "error":
            used.update(fitting)
        else:
            yield one
            if fitting:
                used.update(fitting)
    for comment in comments:
        place = Location(path, *comment.place)
        if comment.fault:
            yield Diagnostic("suppression", comment.fault, place)
        elif comment not in used and not broken:
            told = f"nothing here breaks {', '.join(comment.rules)}"
            yield Diagnostic("suppression", told, place, "warning", help="remove the comment")
