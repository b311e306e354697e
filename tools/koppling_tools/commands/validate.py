"""`koppling validate`: every fault of every spec, on its line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click

from koppling_tools.failure import Misuse
from koppling_tools.options import as_of_option, specs_option


@click.command("validate")
@click.argument("paths", nargs=-1, metavar="[PATH]…")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How the faults are printed.",
)
@as_of_option
@specs_option
def command(paths: tuple[str, ...], form: Literal["text", "json"], as_of: str, specs: tuple[Path, ...]) -> int:
    """Check specs and show every fault on its line.

    PATH is a folder of connectors, a connector, any folder in it, or one file; without any, the folders of --specs. The
    exit status is 0 when there are no errors, 1 when there are, 2 when there was nothing to check.
    """
    from koppling_tools import report, terminal
    from koppling_tools.check import check

    if not paths and not specs:
        raise Misuse("nothing to check: name a folder or a file (there is no ./spec here)", click.get_current_context())
    checked = check([Path(one) for one in paths] or list(specs), specs, as_of)
    if form == "json":
        click.echo(report.as_json(checked.diagnostics))
    else:
        for line in report.text(checked.diagnostics, colour=terminal.wants_colour(sys.stdout)):
            click.echo(line)
    terminal.say(report.closing(checked.files, checked.diagnostics))
    return 1 if any(one.severity == "error" for one in checked.diagnostics) else 0
