"""An explanation as text, for people: sections of aligned rows, as wide as the terminal."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
from rich.cells import cell_len, set_cell_size

from koppling.trace import Leaf, Trace
from koppling_tools.console.terminal import clean
from koppling_tools.explain.explanation import Explanation
from koppling_tools.explain.shown import given_value, leaf_value, one_line

_WIDEST: Final = 120
_WHOLE: Final = re.compile(r"\$\{\+?[\w.]+\}")  # its sources say all there is to it
_FEW: Final = 6  # so many inputs that were not given are shown row by row
_BY: Final = {"caller": "given", "default": "default", "stream": "set by streaming"}


@dataclass(frozen=True)
class _Cell:
    """A text in a colour; `link` is the file that a terminal may open."""

    text: str
    colour: str = ""
    link: str = ""


class _Sheet:
    """Lines of text; with colours, or without any."""

    def __init__(self, width: int, *, colour: bool) -> None:
        self.width, self._colour = min(width, _WIDEST), colour
        self.lines: list[str] = []

    def heading(self, text: str) -> None:
        self.lines += ["", self._styled(text, bold=True) if self._colour else text.upper()]

    def line(self, text: str, colour: str = "") -> None:
        for part in textwrap.wrap(clean(text), self.width - 2, break_long_words=False, break_on_hyphens=False):
            self.lines.append("  " + self._styled(part, fg=colour))

    def raw(self, text: str, colour: str = "") -> None:
        self.lines += [("  " + self._styled(one, fg=colour)).rstrip() for one in clean(text).splitlines()]

    def rows(self, rows: Sequence[Sequence[_Cell]], elastic: int) -> None:
        """Add aligned rows. The elastic column takes what is left, and is cut; the last one is wrapped."""
        if not rows:
            return
        columns = range(len(rows[0]))
        widths = [max(cell_len(clean(row[index].text)) for row in rows) for index in columns]
        last = columns[-1]
        fixed = sum(widths[index] for index in columns if index not in {elastic, last}) + 2 * len(rows[0])
        free = max(24, self.width - fixed)
        widths[last] = min(widths[last], max(free // 2, free - widths[elastic]))
        widths[elastic] = min(widths[elastic], free - widths[last])
        for row in rows:
            self.lines += self._row(row, widths, elastic)

    def _row(self, row: Sequence[_Cell], widths: list[int], elastic: int) -> Iterator[str]:
        last = len(row) - 1
        tail = textwrap.wrap(clean(row[last].text), max(widths[last], 1), break_on_hyphens=False) or [""]
        shown = ""
        for index, cell in enumerate(row[:-1]):
            text = _cut(clean(cell.text), widths[index]) if index == elastic else clean(cell.text)
            shown += "  " + self._cell(text, cell) + " " * (widths[index] - cell_len(text))
        yield f"{shown}  {self._cell(tail[0], row[last])}".rstrip()
        indent = " " * (sum(widths[:-1]) + 2 * len(row))
        yield from (indent + self._cell(one, row[last]) for one in tail[1:])

    def _cell(self, text: str, cell: _Cell) -> str:
        shown = self._styled(text, fg=cell.colour)
        if self._colour and cell.link and text:
            return f"\x1b]8;;{Path(cell.link).resolve().as_uri()}\x1b\\{shown}\x1b]8;;\x1b\\"
        return shown

    def _styled(self, text: str, *, fg: str = "", bold: bool = False) -> str:
        return click.style(text, fg=fg or None, bold=bold or None) if self._colour and text and (fg or bold) else text


def lines(found: Explanation, width: int, *, colour: bool = False) -> list[str]:
    """Return an explanation as lines of text, secrets masked."""
    sheet = _Sheet(width, colour=colour)
    names = _Names(found)
    _head(sheet, found, names)
    trace = found.trace
    if trace is not None:
        _settings(sheet, found, trace, names)
        if trace.request is not None:
            sheet.heading("Request")
            sheet.raw(f"{trace.request.method} {trace.masker.text(trace.request.url)}", "green")
        sheet.heading("Where each part comes from")
        sheet.rows([_sent(leaf, trace, names) for leaf in trace.sent], 1)
        _left_out(sheet, trace, names)
        if trace.warnings:
            sheet.heading("Warnings")
            for said in trace.warnings:
                sheet.line(said, "yellow")
    if found.problems:
        sheet.heading("Problems")
        rows = [(_Cell(one.pointer or "/", "red"), names.cell(one.place), _Cell(one.message)) for one in found.problems]
        sheet.rows(rows, 0)
        for note in dict.fromkeys(found.notes):
            sheet.line(f"help: {note}", "cyan")
    return sheet.lines


class _Names:
    """Short names for the two files that every place is in."""

    def __init__(self, found: Explanation) -> None:
        self._files = {found.module.path: "module", found.connector.path: "connector"}

    def files(self) -> list[tuple[str, str]]:
        return [(short, path) for path, short in self._files.items()]

    def cell(self, place: str) -> _Cell:
        for path, short in self._files.items():
            if place == path or place.startswith(f"{path}:"):
                return _Cell(short + place[len(path) :], "cyan", path)
        return _Cell(place, "cyan")


def _head(sheet: _Sheet, found: Explanation, names: _Names) -> None:
    module, asked = found.module, found.asked
    sheet.lines.append(sheet._styled(module.full_name, fg="cyan", bold=True) + f"  {clean(module.title)}")  # noqa: SLF001  (of this file's own kind)
    sheet.line(f"version {module.version}: {found.why_version}")
    told = next(one.told for one in found.versions if one.chosen)
    if told != "active":
        sheet.line(told, "red" if module.lifecycle.state(asked.as_of) == "retired" else "yellow")
    others = [one for one in found.versions if not one.chosen]
    sheet.rows([(_Cell(f"@{one.name.rpartition('@')[2]}"), _Cell(one.version), _Cell(one.told)) for one in others], 1)
    if (choice := found.operation) is not None:
        said = f"operation {choice.name}" if choice.name else "no operation"
        sheet.line(f"{said}: {choice.why} ({names.cell(choice.place).text})", "" if choice.name else "red")
        if choice.others:
            sheet.line(f"{'not chosen' if choice.name else 'there are'}: {', '.join(choice.others)}")
    sheet.heading("Files")
    sheet.rows([(_Cell(short), _Cell(path, "cyan", path)) for short, path in names.files()], 0)


def _settings(sheet: _Sheet, found: Explanation, trace: Trace, names: _Names) -> None:
    if found.connection:
        sheet.heading("Connection")
        sheet.rows(
            [
                (_Cell(one.name), _Cell(_shown(trace.masker.value(one.value))), names.cell(one.place), _Cell(one.by))
                for one in found.connection
            ],
            1,
        )
    sheet.heading("Inputs")
    if not trace.inputs:
        sheet.line("none")
    sheet.rows(
        [
            (
                _Cell(f"/{one.name}", "red" if one.wrong else ""),
                _Cell(one_line(given_value(one, trace))),
                names.cell(one.place),
                _Cell(("wrong, " if one.wrong else "") + (_BY[one.by] if one.place else "given, and not declared")),
            )
            for one in trace.inputs
        ],
        1,
    )


def _sent(leaf: Leaf, trace: Trace, names: _Names) -> tuple[_Cell, ...]:
    value = leaf_value(leaf, trace)
    origin = [*(one or "/" for one in leaf.inputs), *leaf.others]
    unread = [f"{one} (not given)" for one in leaf.missing]
    if leaf.refused:
        return (
            _Cell(leaf.part),
            _Cell(leaf.name or leaf.template, "red"),
            names.cell(leaf.place),
            _Cell(f"refused: {trace.masker.text(leaf.refused)}", "red"),
        )
    said = ", ".join([*origin, *unread]) + _by(leaf)
    said = said or ("" if leaf.template else "added by Koppling" if not leaf.place else "")
    return _Cell(leaf.part), _Cell(_named(leaf, value)), names.cell(leaf.place), _Cell(said, "green" if origin else "")


def _by(leaf: Leaf) -> str:
    """Return the expression of a leaf whose sources alone do not tell how it came about."""
    if leaf.exact or leaf.template.startswith(("{", "[")) or _WHOLE.fullmatch(leaf.template):
        return ""
    if not (leaf.inputs or leaf.missing or leaf.others) or not leaf.template:
        return ""
    return f" by {leaf.template}"


def _named(leaf: Leaf, value: Any) -> str:
    match leaf.part:
        case "header":
            return f"{leaf.name}: {_shown(value)}"
        case "query" | "form":
            return f"{leaf.name}={_shown(value)}"
        case "multipart":
            return f"{leaf.name} = {_shown(value)}"
        case "json":
            return f"{leaf.name or '/'}  {one_line(value)}"
        case _:
            return _shown(value)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else one_line(value)


def _left_out(sheet: _Sheet, trace: Trace, names: _Names) -> None:
    left = [leaf for leaf in trace.dropped if leaf.template]
    if not left:
        return
    sheet.heading("Left out")
    plain = [leaf for leaf in left if len(leaf.missing) == 1 and leaf.dropped.endswith(" was not given")]
    many = plain if len(plain) > _FEW else []
    rows = [
        (
            _Cell(leaf.part),
            _Cell(leaf.name or leaf.template),
            names.cell(leaf.place),
            _Cell(trace.masker.text(leaf.dropped)),
        )
        for leaf in left
        if leaf not in many
    ]
    sheet.rows(rows, 1)
    if many:
        listed = ", ".join(f"{one.missing[0].removeprefix('/')}:{one.place.split(':')[-2]}" for one in many)
        file = names.cell(many[0].place).text.partition(":")[0]
        sheet.line(f"{len(many)} parts whose inputs were not given, with their lines of the {file}: {listed}")


def _cut(text: str, width: int) -> str:
    return text if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"
