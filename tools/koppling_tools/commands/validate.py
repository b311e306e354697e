"""`koppling validate`: every fault of every spec, on its line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click

from koppling_tools.console.mistakes import Misuse
from koppling_tools.console.options import as_of_option, specs_option

Format = Literal["text", "json", "sarif", "github", "junit"]


@click.command("validate")
@click.argument("paths", nargs=-1, metavar="[PATH]…")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "github", "junit"]),
    default="text",
    show_default=True,
    help="How the faults are printed.",
)
@click.option(
    "--select", multiple=True, metavar="RULE,…", help="Show these rules only; a severity names all of its own."
)
@click.option(
    "--ignore", multiple=True, metavar="RULE,…", help="Leave these rules out. Errors of a spec stay errors to `run`."
)
@click.option("--statistics", is_flag=True, help="Print how often each rule was broken, instead of the faults.")
@as_of_option
@specs_option
def command(
    paths: tuple[str, ...],
    form: Format,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    statistics: bool,
    as_of: str,
    specs: tuple[Path, ...],
) -> int:
    """Check specs and show every fault on its line.

    PATH is a folder of connectors, a connector, any folder in it, or one file; without any, the folders of --specs. The
    exit status is 0 when there are no errors, 1 when there are, 2 when there was nothing to check or Koppling itself
    failed. `koppling rules` tells what is looked at; `# koppling: ignore[RULE] why` lets a warning or advice stand
    where it is.
    """
    from koppling_tools import report
    from koppling_tools.check import check
    from koppling_tools.check.own_fault import is_own
    from koppling_tools.console import terminal
    from koppling_tools.failure import COULD_NOT, FAULT
    from koppling_tools.report import choose

    if not paths and not specs:
        raise Misuse("nothing to check: name a folder or a file (there is no ./spec here)", click.get_current_context())
    wanted, unwanted = choose.named(select, "--select"), choose.named(ignore, "--ignore")
    checked = check([Path(one) for one in paths] or list(specs), specs, as_of)
    found = report.order(choose.chosen(checked.diagnostics, wanted, unwanted))
    if statistics:
        lines = list(choose.statistics(found))
    else:
        colour = form == "text" and terminal.wants_colour(sys.stdout)
        lines = list(report.printed(found, form, checked.files, colour=colour))
    for line in lines:
        click.echo(line)
    terminal.say(report.closing(len(checked.files), found))
    if any(map(is_own, checked.diagnostics)):
        return COULD_NOT
    return FAULT if any(one.severity == "error" for one in found) else 0
