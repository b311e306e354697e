"""`koppling show`: one module, whole."""

from __future__ import annotations

from pathlib import Path

import click

from koppling_tools.console.mistakes import Misuse
from koppling_tools.console.options import as_of_option, specs_option


@click.command("show")
@click.argument("module")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the inputs.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@as_of_option
@specs_option
def command(module: str, schema: bool, as_json: bool, as_of: str, specs: tuple[Path, ...]) -> int:
    """Show one module: fields, request, output, an example, lifecycle. Retired ones as well."""
    from koppling.catalog import Catalog
    from koppling_tools.console.output import as_json as written
    from koppling_tools.describing import show

    if schema and as_json:
        raise Misuse("--schema and --json exclude each other")
    catalog = Catalog(specs)
    found = catalog.module(module, as_of, retired=True)
    if schema:
        click.echo(written(catalog.input_schema(found)))
    elif as_json:
        click.echo(written(show.everything(found, catalog, as_of)))
    else:
        from koppling_tools.console.page import print_page

        print_page(show.page(found, catalog.connector(found.connector), as_of))
    return 0
