"""Options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from koppling_tools.console.mistakes import Misuse

F = TypeVar("F", bound=Callable[..., Any])


def _specs(context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> tuple[Path, ...]:
    if context.resilient_parsing:
        return ()
    source = "--specs"
    if not given and (variable := os.environ.get("KOPPLING_SPECS")):
        given, source = tuple(one for one in variable.split(os.pathsep) if one), "KOPPLING_SPECS"
    if not given:
        here = Path("spec")
        return (here,) if here.is_dir() else ()
    for one in given:
        if (Path(one) / "connector.yaml").is_file():
            raise Misuse(
                f"{source}: {one!r} is a connector; name the folder that holds it: {Path(one).resolve().parent}"
            )
        if not Path(one).is_dir():
            what = "is a file; name the folder that holds the connectors" if Path(one).exists() else "is no folder"
            raise Misuse(f"{source}: {one!r} {what}")
    return tuple(Path(one) for one in given)


def specs_option(command: F) -> F:
    """Add `--specs`: the folders before the built-in connectors, as `specs: tuple[Path, ...]`."""
    return click.option(
        "--specs",
        multiple=True,
        metavar="PATH",
        callback=_specs,
        help="A folder of connectors, before the built-in ones. May be repeated. "
        "[env: KOPPLING_SPECS; default: ./spec, if it is there]",
    )(command)


def _day(_context: click.Context, _parameter: click.Parameter, given: str | None) -> str:
    if given is None:
        return today()
    try:
        day = date.fromisoformat(given).isoformat()
    except ValueError:
        day = ""
    if day != given:  # what else fromisoformat takes, as 20261123 or 2026-W48, would not compare as text
        raise Misuse(f"--as-of: {given!r} is no day; write it as 2026-11-23")
    return given


def as_of_option(command: F) -> F:
    """Add `--as-of`: the day that lifecycles are read at, as `as_of: str`; today in UTC when not given."""
    return click.option(
        "--as-of", metavar="DATE", callback=_day, help="Read lifecycles as of this day, as 2026-11-23."
    )(command)


def today() -> str:
    """Return today's ISO day in UTC."""
    return datetime.now(UTC).date().isoformat()
