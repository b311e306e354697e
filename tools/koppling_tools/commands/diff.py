"""`koppling diff`: what changed for callers, and which version that asks for."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Literal

import click

from koppling_tools.console.mistakes import Misuse
from koppling_tools.console.options import as_of_option

_COLOURS = {"breaking": "red", "additive": "green", "cosmetic": "cyan"}


@click.command("diff")
@click.argument("old")
@click.argument("new", required=False)
@click.option(
    "--folder",
    default="spec",
    show_default=True,
    type=click.Path(path_type=Path),
    help="The specs whose revisions are meant.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="How the changes are printed.",
)
@as_of_option
def command(old: str, new: str | None, folder: Path, form: Literal["text", "json", "github"], as_of: str) -> int:
    """Show what changed between two states of some specs, as callers of their modules see it.

    OLD and NEW are folders (of connectors, or one connector) or git revisions; without NEW, it is --folder as it
    stands. Each change is breaking, additive or cosmetic, and asks for a major, minor or patch version. The exit
    status is 1 where a version did not do what its changes ask for or NEW has faults of the language, 0 else, 2 when a
    side could not be read.
    """
    from koppling.errors import SpecError
    from koppling_tools.console import terminal
    from koppling_tools.diff.folders import differences, read_state
    from koppling_tools.diff.sources import side

    if new is None and not folder.is_dir():
        raise Misuse(
            f"there is no folder {str(folder)!r}; name it with --folder, or name NEW", click.get_current_context()
        )
    with side(old, folder) as (before, shown), side(new or str(folder), folder) as (after, now):
        first, second = read_state(before, shown), read_state(after, now)
    for given, state in ((old, first), (new or str(folder), second)):
        _refuse_unreadable(given, state.unreadable)
    if second.faults:
        raise SpecError(tuple(second.faults))
    changes = differences(first, second, as_of)
    if form == "json":
        click.echo(json.dumps([one.as_json() for one in changes], ensure_ascii=False, indent=2))
    for one in changes if form != "json" else ():
        _show(one, form)
    counts = [f"{sum(one.verdict == verdict for one in changes)} {verdict}" for verdict in _COLOURS]
    terminal.say(", ".join(counts))
    return 1 if any(one.rule.startswith("version-") for one in changes) else 0


def _refuse_unreadable(side: str, unreadable: list[Any]) -> None:
    """Refuse to compare a side with files that say nothing: each would look as if it were gone, or new."""
    if unreadable:
        told = [f"{one.location}: {one.message}" for one in unreadable]
        raise Misuse("\n  ".join([f"the side {side!r} cannot be read", *told]), click.get_current_context())


def _show(change: Any, form: str) -> None:
    from koppling.diagnostics import Diagnostic
    from koppling_tools.console import terminal
    from koppling_tools.report.github import github

    wrong = change.rule.startswith("version-")
    if form == "github":
        severity: Any = "error" if wrong else "warning" if change.verdict == "breaking" else "advice"
        told = f"{change.subject}: {change.verdict}: {change.message}"
        for line in github([Diagnostic(change.rule, told, change.location, severity, help=change.help)]):
            click.echo(line)
        return
    colour = terminal.wants_colour(sys.stdout)
    verdict = "error" if wrong else change.verdict
    shown = click.style(f"{verdict}:", fg=_COLOURS.get(verdict, "red"), bold=True) if colour else f"{verdict}:"
    click.echo(f"{change.location}: {shown} {change.subject}: {terminal.clean(change.message)} [{change.rule}]")
    if change.help:
        click.echo(f"  help: {terminal.clean(change.help)}")
