"""`koppling docs`: a static site of the connectors."""

from __future__ import annotations

from pathlib import Path

import click

from koppling_tools.console.mistakes import Misuse
from koppling_tools.console.options import as_of_option, specs_option


@click.command("docs")
@click.argument("connectors", nargs=-1, metavar="[CONNECTOR]…")
@click.option("--out", required=True, metavar="DIR", type=click.Path(path_type=Path), help="The folder of the site.")
@click.option("--check", is_flag=True, help="Write nothing; list what is stale, missing or left over, and exit 1.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How files are listed.",
)
@as_of_option
@specs_option
def command(connectors: tuple[str, ...], out: Path, check: bool, form: str, as_of: str, specs: tuple[Path, ...]) -> int:
    """Write a static site of the connectors: all of them, or those that are named.

    The site needs no server and no network: open DIR/index.html. It changes only when a spec does, or on the day of a
    lifecycle; --check tells whether it has to be written again. Pages of connectors that are gone are removed; other
    files in DIR are left alone.
    """
    from koppling.catalog import Catalog
    from koppling_tools.console import terminal
    from koppling_tools.console.output import as_json
    from koppling_tools.docs.atlas import survey
    from koppling_tools.docs.folder import differences, write
    from koppling_tools.docs.site import build
    from koppling_tools.rules import all_rules

    if out.exists() and not out.is_dir():
        raise Misuse(f"--out: {str(out)!r} is a file; name a folder")
    site = build(survey(Catalog(specs), as_of, connectors), list(all_rules().values()))
    found = differences(out, site) if check else write(out, site)
    files = terminal.counted(len(site), "file")
    if form == "json":
        click.echo(as_json([{"path": one.path, "state": one.state} for one in found]))
    elif check:
        for one in found:
            click.echo(f"{one.state}: {out / one.path}")
    if check:
        terminal.say(f"{files}, {len(found)} to be written again" if found else f"{files}, all current")
        if found:
            terminal.hint(f"`koppling docs --out {out}` writes them")
        return 1 if found else 0
    terminal.say(f"{files}, {len(found)} changed: {out / 'index.html'}")
    return 0
