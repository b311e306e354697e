"""`koppling import`: specs from what there is already."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from koppling_tools.console.options import as_of_option, specs_option


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


@command.command("curl", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": True})
@click.argument("line", nargs=-1, type=click.UNPROCESSED, metavar="'LINE'")
@click.option(
    "--file", "file", type=click.File("r", encoding="utf-8"), metavar="FILE|-", help="Read the line from a file."
)
@click.option(
    "--as",
    "target",
    metavar="CONNECTOR.NAME",
    help="What it becomes; the connector is made where there is none.  [default: made of the address]",
)
@click.option("--base-url", metavar="URL", help="What all paths are below of, where the connector is new.")
@click.option("--dry-run", is_flag=True, help="Show the files, and write nothing.")
@specs_option
def curl(line: tuple[str, ...], file: Any, specs: tuple[Path, ...], **flags: Any) -> int:
    """Write a module of a line of curl, and a connector where there is none for its address.

    What varies becomes a field: what stands in the query and in the body, numbers and ids in the path, variables of the
    shell. Their values become the example. Credentials are left out of every file: the connection holds them.
    """
    import shlex

    from koppling_tools.console.mistakes import Misuse
    from koppling_tools.scaffold.from_curl import curl as run

    if (file is None) == (not line):
        raise Misuse("give a line of curl, in quotes, or --file FILE")
    text = file.read() if file is not None else line[0] if len(line) == 1 else shlex.join(line)
    return run(text, specs, **flags)
