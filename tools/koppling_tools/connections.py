"""What the subcommands of `koppling connection` do."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from koppling.diagnostics import suggestion
from koppling_tools import terminal
from koppling_tools.advice import advised
from koppling_tools.failure import GivenWrong, Misuse
from koppling_tools.values import read_inputs

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def add(
    connector: str,
    arguments: Sequence[str],
    specs: tuple[Path, ...],
    *,
    name: str | None,
    from_env: bool,
    source: str | None,
    advanced: bool,
    replace: bool,
    no_test: bool,
) -> int:
    """Gather the fields of a connection, try it, store it.

    Raises:
        Misuse: a secret as an argument, a name that is taken, nobody there to ask.
        KopplingError: the fields are wrong, or the test failed; then nothing is stored.
    """
    from koppling import Connection
    from koppling.catalog import Catalog
    from koppling.connection import store_connection, store_path, stored_connections

    name = name or connector
    if not _NAME.fullmatch(name):
        raise Misuse(f"{name!r} is no name for a connection: letters, digits, and _ . - within")
    if name in stored_connections() and not replace:
        raise Misuse(f"there is a connection {name!r} already; --replace replaces it, --name gives another name")
    catalog = Catalog(specs)
    spec = find_connector(catalog, connector)
    fields = _arguments(arguments, spec)
    if source is not None:
        fields = {**read_inputs((), source).values, **fields}
    if from_env:
        fields = {**_environment(spec), **fields}
    if source is None and not from_env:
        fields = _ask(spec, fields, advanced=advanced)
    connection = Connection(connector, **fields)
    if not no_test:
        _try(catalog, specs, spec, connection)
    store_connection(name, connector, fields)
    terminal.say(f"stored as {name!r} in {store_path()}; use it with `koppling run … --connection {name}`")
    return 0


def listed(specs: tuple[Path, ...]) -> list[dict[str, Any]]:
    """Return the stored connections by name, secrets masked. Where a connector is unknown, every field is masked."""
    from koppling.catalog import Catalog
    from koppling.connection import stored_connections
    from koppling.errors import KopplingError
    from koppling.masking import MASK

    catalog, found = Catalog(specs), []
    for name, one in sorted(stored_connections().items()):
        try:
            open_fields = {key for key, spec in catalog.connector(one["connector"]).fields.items() if not spec.secret}
        except KopplingError:
            open_fields = set()
        shown = {key: value if key in open_fields else MASK for key, value in sorted(one["fields"].items())}
        found.append({"name": name, "connector": one["connector"], "fields": shown})
    return found


def test(name: str, specs: tuple[Path, ...]) -> int:
    """Make the declared test call of a stored connection."""
    from koppling import Connection
    from koppling.catalog import Catalog

    connection = Connection.load(name)
    catalog = Catalog(specs)
    _try(catalog, specs, find_connector(catalog, connection.connector), connection)
    return 0


def remove(name: str) -> int:
    """Remove a stored connection.

    Raises:
        GivenWrong: there is none of that name.
    """
    from koppling.connection import remove_connection, stored_connections

    stored = stored_connections()
    if name not in stored:
        raise GivenWrong(f"there is no stored connection {name!r}; {suggestion(name, stored) or 'none is stored'}")
    remove_connection(name)
    terminal.say(f"removed {name!r}")
    return 0


def find_connector(catalog: Any, name: str) -> Any:
    """Return the ConnectorSpec of that name.

    Raises:
        GivenWrong: there is none; with the near miss.
        SpecError: it has faults.
    """
    names = catalog.connectors()
    if name not in names:
        raise GivenWrong(f"there is no connector {name!r}; {suggestion(name, names)}")
    return catalog.connector(name)


def _arguments(arguments: Sequence[str], spec: Any) -> dict[str, Any]:
    given = read_inputs(arguments, None)
    if given.files:
        raise Misuse("the fields of a connection are no files; --input FILE reads all of them")
    for key in given.values:
        if key in spec.fields and spec.fields[key].secret:
            raise Misuse(
                f"{key} is a secret, and a command line is no place for it: "
                "leave it out to be asked, or use --from-env or --input -"
            )
    return given.values


def _environment(spec: Any) -> dict[str, Any]:
    variables = {name: one.schema["env"] for name, one in spec.fields.items() if "env" in one.schema}
    return {
        name: _typed(os.environ[variable], spec.fields[name])
        for name, variable in variables.items()
        if os.environ.get(variable)
    }


def _ask(spec: Any, given: dict[str, Any], *, advanced: bool) -> dict[str, Any]:
    wanted = {
        name: one
        for name, one in spec.fields.items()
        if name not in given and (advanced or one.required or not one.advanced)
    }
    if wanted and not terminal.is_terminal(sys.stdin):
        raise Misuse("nobody is there to be asked; use --from-env, or --input - with a JSON object on standard input")
    fields = dict(given)
    for name, one in wanted.items():
        answer = _question(one)
        if answer:
            fields[name] = _typed(answer, one)
    return fields


def _typed(text: str, field: Any) -> Any:
    """Return what was typed as its field's type, where that can be told; else the text, for the check to refuse."""
    if field.schema.get("type") in {"integer", "number", "boolean"}:
        with contextlib.suppress(ValueError):
            return json.loads(text)
    return text


def _question(field: Any) -> str:
    default = field.schema.get("default", None if field.required else "")
    optional = "" if field.required else " (optional)"
    answer: Any = click.prompt(
        f"{field.title}{optional}",
        default=default,
        hide_input=field.secret,
        err=True,
        show_default=bool(default),
        type=str,
    )
    return str(answer).strip()


def _try(catalog: Any, specs: tuple[Path, ...], spec: Any, connection: Any) -> None:
    """Make the declared test call and say how it went."""
    from koppling import Client
    from koppling_tools.options import today

    declared = spec.plan["connection"].get("test")
    if not declared:
        terminal.say(f"the connector {spec.name} declares no call that proves a connection; nothing was tried")
        return
    module = catalog.module(f"{spec.name}.{declared['module']}", today())
    began = time.monotonic()
    with (
        advised(module, spec, set()),
        terminal.Waiting(f"trying {module.full_name}"),
        Client(connection=connection, specs=specs) as client,
    ):
        result = client.execute(module.full_name, declared.get("inputs", {}))
    terminal.say(
        f"{spec.name}: the connection works (status {result.response.status}, {time.monotonic() - began:.1f} s)"
    )
