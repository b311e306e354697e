"""Faults of specs as a person and as a program read them. `validate` and `run` show them through here alike."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click

from koppling.diagnostics import Diagnostic
from koppling_tools.console.terminal import clean

_WIDEST = 96
_COLOURS = {"error": "red", "warning": "yellow", "advice": "cyan"}


def order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Return the faults by file and place, each once."""
    unique = dict.fromkeys(diagnostics)
    return sorted(
        unique, key=lambda one: (one.location.path, one.location.line, one.location.column, one.rule, one.message)
    )


def text(diagnostics: Iterable[Diagnostic], *, colour: bool = False) -> Iterator[str]:
    """Yield the lines that show the faults: place and message, the line of the file with a caret, the help."""
    sources: dict[str, list[str]] = {}
    for one in order(diagnostics):
        path = one.location.path
        if path not in sources:
            sources[path] = _lines(path)
        yield from _fault(one, sources[path], colour=colour)


def as_json(diagnostics: Iterable[Diagnostic]) -> str:
    """Return the faults as a JSON array; `page` is the address of the rule's page."""
    from koppling_tools.rules.page import address

    found = [{**one.as_json(), "page": address(one.rule)} for one in order(diagnostics)]
    return json.dumps(found, ensure_ascii=False, indent=2)


def printed(
    found: Sequence[Diagnostic],
    form: str,
    files: Sequence[str],
    *,
    suite: str = "koppling validate",
    colour: bool = False,
) -> Iterator[str]:
    """Yield what is printed of faults.

    Args:
        found: the faults, in order.
        form: text, json, sarif, github or junit.
        files: the files that were looked at.
        suite: the command that looked, for junit.
        colour: whether text has colours, and its rules links.
    """
    if form == "json":
        yield as_json(found)
    elif form == "sarif":
        from koppling_tools.report.sarif import sarif

        yield sarif(found)
    elif form == "github":
        from koppling_tools.report.github import github

        yield from github(found)
    elif form == "junit":
        from koppling_tools.report.junit import junit

        yield junit(found, files, suite)
    else:
        yield from text(found, colour=colour)


def closing(files: int, diagnostics: Iterable[Diagnostic]) -> str:
    """Return the last line of a check: what was looked at, what was found."""
    found = order(diagnostics)
    counts = [(files, "file")] + [
        (sum(one.severity == severity for one in found), severity) for severity in ("error", "warning")
    ]
    advice = sum(one.severity == "advice" for one in found)
    return ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts) + (
        f", {advice} advice" if advice else ""
    )


def _lines(path: str) -> list[str]:
    from koppling.read import read_regular

    try:
        return read_regular(Path(path)).decode("utf-8-sig", errors="replace").splitlines()
    except OSError:
        return []


def _fault(one: Diagnostic, source: list[str], *, colour: bool) -> Iterator[str]:
    def paint(words: str, foreground: str | None = None, *, bold: bool = False, dim: bool = False) -> str:
        return click.style(words, fg=foreground, bold=bold, dim=dim) if colour else words

    severity = paint(f"{one.severity}:", _COLOURS[one.severity], bold=True)
    rule = _linked(paint(f"[{one.rule}]", dim=True), one.rule) if colour else f"[{one.rule}]"
    yield f"{paint(str(one.location), bold=True)}: {severity} {clean(one.message)} {rule}"
    line = one.location.line
    if 0 < line <= len(source):
        shown, column = _window(source[line - 1], max(1, one.location.column))
        margin = " " * len(str(line))
        yield f"  {paint(f'{line} |', dim=True)} {shown}"
        yield f"  {paint(f'{margin} |', dim=True)} {' ' * column}{paint('^', _COLOURS[one.severity], bold=True)}"
    if one.help:
        yield f"  {paint('help:', 'cyan')} {clean(one.help)}"


def _linked(words: str, rule: str) -> str:
    """Return words as a link to the page of a rule, as terminals have them (OSC 8)."""
    from koppling_tools.rules.page import address

    page = address(rule)
    return f"\x1b]8;;{page}\x1b\\{words}\x1b]8;;\x1b\\" if page else words


def _window(line: str, column: int) -> tuple[str, int]:
    """Return the part of a line around a column (from 1), and the columns that stand before the caret."""
    line = clean(line.expandtabs(1).rstrip())
    before = min(column - 1, len(line))
    start = 0
    if len(line) > _WIDEST and before > _WIDEST * 2 // 3:
        start = min(before - _WIDEST // 2, len(line) - _WIDEST)
    shown = line[start : start + _WIDEST]
    if start:
        shown = "…" + shown[1:]
    if start + _WIDEST < len(line):
        shown = shown[:-1] + "…"
    return shown, sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in shown[: before - start])
