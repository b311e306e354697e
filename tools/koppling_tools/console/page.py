"""Tables and pages on standard output: with rich where a person looks, as plain text where not."""

from __future__ import annotations

import sys
import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import click

from koppling_tools.console import terminal

_TERM_WIDTH: Final = 26


@dataclass(frozen=True)
class Table:
    """Rows under a head, below a name and a title."""

    name: str
    title: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


@dataclass(frozen=True)
class Row:
    """A term and what is said about it: paragraphs. `bold` marks what is required."""

    term: str
    lines: tuple[str, ...]
    bold: bool = False
    depth: int = 0


@dataclass
class Section:
    """A heading, with paragraphs, rows, or a block of text that keeps its lines.

    `part` begins a part of the page; other sections follow it.
    """

    heading: str
    rows: list[Row] = field(default_factory=list)
    block: str = ""
    syntax: Literal["", "yaml", "console", "python"] = ""
    note: str = ""
    part: bool = False
    paragraphs: list[str] = field(default_factory=list)


@dataclass
class Page:
    """A page about one thing: its name, facts beside it, paragraphs, sections."""

    name: str
    facts: str
    paragraphs: list[str]
    sections: list[Section]


def print_table(table: Table) -> None:
    """Print a table."""
    if terminal.wants_colour(sys.stdout):
        _rich_table(table)
        return
    click.echo(f"{table.name}  {table.title}\n")
    lines = [table.head, *table.rows]
    widths = [max(_columns(line[index]) for line in lines) for index in range(len(table.head))]
    for line in lines:
        cells = (cell + " " * (size - _columns(cell)) for cell, size in zip(line, widths, strict=True))
        click.echo(("  " + "  ".join(cells)).rstrip())


def print_page(page: Page) -> None:
    """Print a page."""
    if terminal.wants_colour(sys.stdout):
        _rich_page(page)
        return
    for line in plain_lines(page, min(terminal.width(), 100)):
        click.echo(line)


def plain_lines(page: Page, width: int) -> list[str]:
    """Return a page as lines of plain text."""
    lines = [f"{page.name}  {page.facts}"]
    for paragraph in page.paragraphs:
        lines += textwrap.wrap(paragraph, width, break_long_words=False, break_on_hyphens=False)
    for section in page.sections:
        lines += ["", *_plain_heading(section)]
        for paragraph in section.paragraphs:
            lines += textwrap.wrap(paragraph, width, break_long_words=False, break_on_hyphens=False)
        for row in section.rows:
            lines += _plain_row(row, width)
        lines += [f"  {line}".rstrip() for line in section.block.splitlines()]
    return lines


def _plain_heading(section: Section) -> list[str]:
    if section.part:
        return ["-" * len(section.heading), section.heading, "-" * len(section.heading)]
    return [section.heading.upper() + (f"  ({section.note})" if section.note else "")]


def _plain_row(row: Row, width: int) -> list[str]:
    indent = "  " + "  " * row.depth
    term = row.term + ("*" if row.bold else "")
    column = _TERM_WIDTH + 2
    room = max(20, width - column)
    texts = [
        part
        for line in row.lines
        for part in textwrap.wrap(line, room, break_long_words=False, break_on_hyphens=False) or [""]
    ]
    head = f"{indent}{term}"
    if len(head) + 2 > column or not texts:
        return [head, *(" " * column + one for one in texts)]
    return [head.ljust(column) + texts[0], *(" " * column + one for one in texts[1:])]


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def _console() -> Any:
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False, width=min(terminal.width(), 120))


def _rich_table(table: Table) -> None:
    from rich.table import Table as Rich
    from rich.text import Text

    console = _console()
    console.print(Text.assemble((table.name, "bold"), "  ", (table.title, "dim")))
    shown = Rich(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", expand=False)
    for index, name in enumerate(table.head):
        shown.add_column(name, no_wrap=index < len(table.head) - 1, overflow="fold")
    for row in table.rows:
        shown.add_row(*(Text(terminal.clean(cell), style=_cell_style(index, cell)) for index, cell in enumerate(row)))
    console.print(shown)


def _cell_style(index: int, cell: str) -> str:
    if index == 0:
        return "cyan"
    if cell == "active":
        return "green"
    if cell.startswith("retired "):
        return "red"
    return "yellow" if cell.startswith(("deprecated ", "until ", "from ")) else ""


def _rich_page(page: Page) -> None:
    from rich.padding import Padding
    from rich.rule import Rule
    from rich.syntax import Syntax
    from rich.table import Table as Rich
    from rich.text import Text

    console = _console()
    console.print(Text.assemble((page.name, "bold cyan"), "  ", (page.facts, "dim")))
    for paragraph in page.paragraphs:
        console.print(Text(terminal.clean(paragraph)))
    for section in page.sections:
        console.print()
        if section.part:
            console.print(Rule(Text(section.heading, style="bold cyan"), align="left", style="dim"))
        else:
            note = (f"  {section.note}" if section.note else "", "dim")
            console.print(Text.assemble((section.heading, "bold underline"), note))
        for paragraph in section.paragraphs:
            console.print(Text(terminal.clean(paragraph)))
        if section.rows:
            grid = Rich.grid(padding=(0, 2, 0, 0), pad_edge=False)
            grid.add_column(overflow="fold", max_width=_TERM_WIDTH + 8)
            grid.add_column(overflow="fold", ratio=1)
            for row in section.rows:
                term = Text("  " * row.depth + row.term, style="bold" if row.bold else "")
                if row.bold:
                    term.append("*", style="bold red")
                said = Text(terminal.clean(row.lines[0]) if row.lines else "")
                for line in row.lines[1:]:
                    said.append(f"\n{terminal.clean(line)}", style="dim")
                grid.add_row(term, said)
            console.print(Padding(grid, (0, 0, 0, 2)))
        if section.block:
            block = (
                Syntax(section.block, section.syntax, theme="ansi_dark", background_color="default", word_wrap=True)
                if section.syntax
                else Text(section.block)
            )
            console.print(Padding(block, (0, 0, 0, 2)))
