"""`koppling drift`: a connector held against the vendor's OpenAPI document."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click

from koppling_tools.console.options import as_of_option, specs_option


@click.command("drift")
@click.argument("connector")
@click.option(
    "--openapi",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The vendor's document: OpenAPI 3.0 or 3.1, YAML or JSON.",
)
@click.option("--all", "everything", is_flag=True, help="Show what has a reason in the spec, too, with the reason.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "sarif", "junit"]),
    default="text",
    show_default=True,
    help="How rows are printed.",
)
@as_of_option
@specs_option
def command(
    connector: str,
    openapi: Path,
    everything: bool,
    form: Literal["text", "json", "github", "sarif", "junit"],
    as_of: str,
    specs: tuple[Path, ...],
) -> int:
    """Hold each operation of a connector against the vendor's OpenAPI document.

    What differs is a row: an operation that is gone, a parameter that is missing, bounds that are wider or narrower,
    values that came or went, deprecations. A row whose reason stands in the spec, as `source: {differs: {PLACE: why}}`,
    is explained; a reason that explains nothing any more is a row itself.

    The exit status is 0 where every row is explained, 1 where one is not.
    """
    from dataclasses import replace

    from koppling.catalog import Catalog
    from koppling_tools import report
    from koppling_tools.console import terminal
    from koppling_tools.drift.report import drift
    from koppling_tools.openapi.document import load

    found = list(drift(Catalog(specs), connector, load(openapi), as_of))
    open_rows = [one.diagnostic for one in found if one.why is None]
    shown = [
        one.diagnostic if one.why is None else replace(one.diagnostic, severity="advice", help=f"why: {one.why}")
        for one in found
        if everything or one.why is None
    ]
    files = sorted({one.diagnostic.location.path for one in found})
    colour = form == "text" and terminal.wants_colour(sys.stdout)
    for line in report.printed(report.order(shown), form, files, suite="koppling drift", colour=colour):
        click.echo(line)
    explained = len(found) - len(open_rows)
    terminal.say(f"{terminal.counted(len(open_rows), 'row')} without a reason, {explained} explained")
    return 1 if open_rows else 0
