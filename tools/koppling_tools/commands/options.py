"""`koppling options`: what a dynamic select offers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from koppling_tools.console.options import as_of_option, specs_option


@click.command("options", context_settings={"max_content_width": 100})
@click.argument("module")
@click.argument("field")
@click.argument("inputs", nargs=-1, metavar="[KEY=VALUE]…")
@click.option(
    "--connection",
    metavar="NAME",
    help="A stored connection. Without it: the environment's, else the connector's default.",
)
@click.option("--env-file", metavar="FILE", help="Variables for what the environment does not have, as in a .env.")
@click.option("--json", "as_json", is_flag=True, help="Print a list of {value, label}.")
@as_of_option
@specs_option
def command(
    module: str,
    field: str,
    inputs: tuple[str, ...],
    connection: str | None,
    env_file: str | None,
    as_json: bool,
    as_of: str,
    specs: tuple[Path, ...],
) -> int:
    """Ask the vendor which values a field may have, and print them.

    One value a line, with a tab and its label where that is another. Where a module has several operations, the inputs
    say which one is meant: operation=create.
    """
    from koppling import Client
    from koppling.catalog import Catalog
    from koppling_tools.console import terminal
    from koppling_tools.console.advice import advised
    from koppling_tools.console.mistakes import Misuse
    from koppling_tools.console.output import as_json as written
    from koppling_tools.running.calling import connection_of
    from koppling_tools.running.values import read_inputs, secret_inputs

    if env_file is not None and connection is not None:
        raise Misuse("--env-file and --connection exclude each other")
    catalog = Catalog(specs)
    found = catalog.module(module, as_of, retired=True)
    given = read_inputs(inputs, None, secret_inputs(catalog, found, None, as_of))
    connector = catalog.connector(found.connector)
    with advised(found, connector, given.texts), terminal.Waiting(found.full_name):
        chosen = connection_of(connector, connection, env_file)
        with Client(connection=chosen, specs=specs, as_of=as_of) as client:
            choices = client.catalog.options(found.full_name, field, given.values)
    if as_json:
        click.echo(written(choices))
    for one in () if as_json else choices:
        click.echo(_line(one))
    return 0


def _line(choice: dict[str, Any]) -> str:
    value, label = (_text(choice[key]) for key in ("value", "label"))
    return value if value == label else f"{value}\t{label}"


def _text(value: Any) -> str:
    from koppling_tools.console.output import as_json

    return value if isinstance(value, str) else as_json(value)
