"""The two commands that end a thing, which differ in one word."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Literal

import click

from koppling_tools.console.options import specs_option


def _day(_context: click.Context, _parameter: click.Parameter, given: str) -> str:
    from koppling_tools.console.mistakes import Misuse

    try:
        day = date.fromisoformat(given).isoformat()
    except ValueError:
        day = ""
    if day != given:
        raise Misuse(f"--on: {given!r} is no day; write it as 2027-01-31")
    return given


def ending(name: str, how: Literal["deprecated", "retired"], summary: str) -> click.Command:
    """Return the command.

    Args:
        name: its name.
        how: the key of the lifecycle that it writes.
        summary: what it does.
    """

    def command(
        target: str,
        on: str,
        replaced_by: str | None,
        reason: str | None,
        source: str | None,
        dry_run: bool,
        specs: tuple[Path, ...],
    ) -> int:
        from koppling.catalog import Catalog
        from koppling_tools.editing.lifecycle import Words, end
        from koppling_tools.editing.show import finish

        words = Words(replaced_by, reason, source)
        change = end(target, how, on, words, Catalog(specs))
        return finish(change.edits, change.notes, dry_run=dry_run)

    command.__doc__ = f"""{summary}

    TARGET is CONNECTOR.MODULE[@MAJOR][.OPERATION][.FIELD][=VALUE]. Only the lines that must change do; a diff of them
    is printed. The module's minor version is raised.
    """
    options: list[Callable[[Callable[..., int]], Callable[..., int]]] = [
        click.argument("target"),
        click.option("--on", required=True, metavar="DATE", callback=_day, help="The day, as 2027-01-31."),
        click.option(
            "--replaced-by", metavar="NAME", help="What to use instead: a module, an operation, a field, a value."
        ),
        click.option("--reason", metavar="WORDS", help="Why it goes, in one sentence."),
        click.option("--source", metavar="URL", help="The page that says so."),
        click.option("--dry-run", is_flag=True, help="Show the changes, and write nothing."),
        specs_option,
    ]
    decorated: Callable[..., int] = command
    for option in reversed(options):
        decorated = option(decorated)
    return click.command(name)(decorated)
