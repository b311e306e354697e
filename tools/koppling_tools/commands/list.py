"""`koppling list`: the modules, their versions and states."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from koppling_tools.console.options import as_of_option, specs_option


@click.command("list")
@click.argument("connector", required=False)
@click.option("--all", "everything", is_flag=True, help="Retired modules as well.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
@as_of_option
@specs_option
def command(connector: str | None, everything: bool, as_json: bool, as_of: str, specs: tuple[Path, ...]) -> int:
    """List the modules, their versions and states.

    A module is run by its name: `koppling run acme.get_thing`. With @ and a number it is that major version, without,
    the newest that is not retired.
    """
    from koppling.catalog import Catalog

    catalog = Catalog(specs)
    if connector is not None:
        from koppling_tools.connections.stored import find_connector

        find_connector(catalog, connector)
    entries = catalog.entries(connector)
    shown = [one for one in entries if everything or one.lifecycle.state(as_of) != "retired"]
    if as_json:
        from koppling_tools.console.output import as_json as written

        click.echo(written([_as_json(one, as_of) for one in shown]))
    else:
        _print(catalog, shown, as_of)
    for path in catalog.broken:
        from koppling_tools.console import terminal

        terminal.warn(f"{path} has faults and is not listed")
        terminal.hint(f"`koppling validate {path}` shows them")
    if hidden := len(entries) - len(shown):
        from koppling_tools.console import terminal

        terminal.say(f"{hidden} retired module{' is' if hidden == 1 else 's are'} not shown; --all shows them")
    return 1 if catalog.broken else 0


def _as_json(entry: Any, day: str) -> dict[str, Any]:
    return {
        "name": f"{entry.connector}.{entry.name}@{entry.major}",
        "version": entry.version,
        "connector": entry.connector,
        "title": entry.title,
        "kind": entry.kind,
        "state": entry.lifecycle.state(day),
        "lifecycle": entry.lifecycle.as_json(),
        "path": str(entry.path),
    }


def _print(catalog: Any, entries: list[Any], day: str) -> None:
    from koppling_tools.console.page import Table, print_table

    several = len({one.root for one in entries}) > 1
    for index, name in enumerate(dict.fromkeys(one.connector for one in entries)):
        spec = catalog.connector(name)
        if index:
            click.echo()
        rows = list(_rows([one for one in entries if one.connector == name], catalog.roots, day, several=several))
        print_table(Table(f"{spec.name} {spec.version}", spec.title, ("MODULE", "VERSION", "STATE", "TITLE"), rows))


def _rows(entries: list[Any], roots: tuple[Path, ...], day: str, *, several: bool) -> Iterator[tuple[str, ...]]:
    for one in entries:
        title = one.title
        if several:
            title += f"  [{'built in' if one.root == roots[-1] else one.root}]"
        yield f"{one.connector}.{one.name}@{one.major}", one.version, state_words(one.lifecycle, day), title


def state_words(lifecycle: Any, day: str) -> str:
    """Return the state on a day, with the date that matters next to it."""
    state: str = lifecycle.state(day)
    match state:
        case "retired":
            return f"retired {lifecycle.retired}"
        case "deprecated" if lifecycle.retired:
            return f"until {lifecycle.retired}"
        case "deprecated":
            return f"deprecated {lifecycle.deprecated}"
        case "planned":
            return f"from {lifecycle.since}"
        case _:
            return f"until {lifecycle.retired}" if lifecycle.retired else "active"
