"""`koppling import`: specs from what there is already."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from koppling_tools.options import as_of_option, specs_option


@click.group("import")
def command() -> None:
    """Write modules from a vendor's OpenAPI document, or from a line of curl.

    What is written has examples that pass. What the language cannot say is listed, and stands as a comment at the head
    of each file. No file is ever written over.
    """


@command.command("openapi")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--operation",
    "operations",
    multiple=True,
    metavar="ID",
    help="Only this operation: its id, or 'METHOD /path'. May be repeated.",
)
@click.option("--name", metavar="NAME", help="What the connector is called.  [default: made of the document's title]")
@click.option("--into", metavar="CONNECTOR", help="Add to a connector that is there.")
@click.option("--base-url", metavar="URL", help="Where the API is, over what the document says.")
@click.option("--list", "show_list", is_flag=True, help="List the operations, and write nothing.")
@click.option("--dry-run", is_flag=True, help="Show the files, and write nothing.")
@as_of_option
@specs_option
def openapi(file: Path, specs: tuple[Path, ...], **flags: Any) -> int:
    """Write a connector with a module for each operation of an OpenAPI document, 3.0 or 3.1, YAML or JSON.

    The vendor's defaults are no defaults here: they stand in the descriptions. What the document calls deprecated is
    deprecated from today on (--as-of). It goes into the first folder of --specs, else into ./spec.

    The exit status is 1 where an operation had to be left out.
    """
    from koppling_tools.scaffold.importing import openapi as run

    return run(file, specs, **flags)
