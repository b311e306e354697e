"""`koppling lifecycle`: what is deprecated, retires soon, or is past its day."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, Literal

import click

from koppling_tools.console.mistakes import Misuse
from koppling_tools.console.options import as_of_option, specs_option


def _within(_context: click.Context, _parameter: click.Parameter, given: str) -> int:
    found = re.fullmatch(r"(\d{1,5})([dwmy]?)", given)
    if found is None:
        raise Misuse(f"--within: {given!r} is no time; write it as 90d, 12w, 3m or 1y")
    return int(found[1]) * {"": 1, "d": 1, "w": 7, "m": 30, "y": 365}[found[2]]


@click.command("lifecycle")
@click.argument("paths", nargs=-1, metavar="[PATH]…")
@click.option(
    "--within",
    default="90d",
    show_default=True,
    callback=_within,
    metavar="TIME",
    help="How long before its end a thing retires soon: 90d, 12w, 3m, 1y.",
)
@click.option(
    "--ci",
    is_flag=True,
    help="Print only what CI should hear of, and exit with 1 where something is past its day unattended.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "sarif", "junit", "ics"]),
    default="text",
    show_default=True,
    help="How it is printed; ics is a calendar.",
)
@as_of_option
@specs_option
def command(
    paths: tuple[str, ...],
    within: int,
    ci: bool,
    form: Literal["text", "json", "github", "sarif", "junit", "ics"],
    as_of: str,
    specs: tuple[Path, ...],
) -> int:
    """Show what has dates: modules, operations, fields and values, by the day on which they end.

    PATH is as `koppling validate` takes it, or names a connector or a module; without any, the folders of --specs.

    With --ci (and with github, sarif and junit), what ends within the time is a warning, and what is past its day is
    an error until somebody has looked: until `source.verified` of its module is that day or later. What is retired
    stays in its spec for ever, and does not fail for ever. The exit status is 2 where a file cannot be read.
    """
    from koppling_tools import report
    from koppling_tools.check.places import places
    from koppling_tools.console import terminal
    from koppling_tools.failure import COULD_NOT
    from koppling_tools.lifecycle.calendar_file import calendar
    from koppling_tools.lifecycle.dated import dated, diagnostics

    found, unreadable = dated(places(paths, specs, "nothing to look at"), as_of, within)
    if ci or form in {"github", "sarif", "junit"}:
        ends = list(diagnostics(found, as_of))
        faults = report.order([*ends, *unreadable])
        files = sorted({one.location.path for one in found} | {one.location.path for one in unreadable})
        colour = form == "text" and terminal.wants_colour(sys.stdout)
        for line in report.printed(faults, form, files, suite="koppling lifecycle", colour=colour):
            click.echo(line)
        errors = sum(one.severity == "error" for one in ends)
        terminal.say(f"{errors} past their day unattended, {len(ends) - errors} soon")
        return COULD_NOT if unreadable else 1 if errors else 0
    if form == "json":
        click.echo(json.dumps([one.as_json() for one in found], ensure_ascii=False, indent=2))
    elif form == "ics":
        click.echo(calendar(found), nl=False)
    else:
        _text(found, as_of)
    for line in report.text(unreadable, colour=terminal.wants_colour(sys.stderr)):
        terminal.say(line)
    return COULD_NOT if unreadable else 0


def _text(found: Any, day: str) -> None:
    from koppling_tools.console import terminal

    colours = {"retired": "red", "retires soon": "yellow", "deprecated": "yellow"}
    colour = terminal.wants_colour(sys.stdout)
    width = max((len(one.name) for one in found), default=0)
    for one in found:
        state = f"{one.state:12}"
        shown = click.style(state, fg=colours.get(one.state)) if colour else state
        mark = "  (nobody has looked since)" if one.unattended else ""
        told = terminal.clean(one.lifecycle.told(day) or f"since {one.lifecycle.since}")
        click.echo(f"{one.name:{width}}  {shown}  {told}{mark}")
    terminal.say(f"{len(found)} with dates, as of {day}")
