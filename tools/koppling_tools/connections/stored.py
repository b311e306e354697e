"""What the subcommands of `koppling connection` do."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from koppling.diagnostics import suggestion
from koppling.masking import SHORTEST
from koppling_tools.console import terminal
from koppling_tools.console.advice import advised
from koppling_tools.console.mistakes import GivenWrong, Misuse
from koppling_tools.running.values import read_inputs

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class Order:
    """The words of `koppling connection add`."""

    connector: str | None
    arguments: tuple[str, ...]
    name: str | None
    from_env: bool
    env_file: str | None
    source: str | None
    stdin: str | None
    store: Any
    default: bool
    advanced: bool
    replace: bool
    no_test: bool
    no_browser: bool
    paste: bool
    specs: tuple[Path, ...]

    @property
    def asks(self) -> bool:
        """Whether a person is asked for what was not given."""
        return self.source is None and self.stdin is None and not self.from_env and self.env_file is None


def add(order: Order) -> int:
    """Gather the fields of a connection, try it, store it.

    Raises:
        Misuse: a secret as an argument, a name that is taken, nobody there to ask.
        KopplingError: the fields are wrong, or the test failed; then nothing is stored.
    """
    from koppling import Connection
    from koppling.catalog import Catalog
    from koppling.store import connections
    from koppling_tools.connections.sign_in import sign_in, signs_in

    catalog = Catalog(order.specs)
    spec = find_connector(catalog, order.connector or _which(catalog))
    name = order.name or spec.name
    if not _NAME.fullmatch(name):
        raise Misuse(f"{name!r} is no name for a connection: letters, digits, and _ . - within")
    if name in connections.entries() and not order.replace:
        raise Misuse(f"there is a connection {name!r} already; --replace replaces it, --name gives another name")
    fields = _given(order, spec)
    connection = Connection(spec.name, **fields)
    connection.bind(spec)
    if signs_in(spec, fields):
        sign_in(connection, spec, order.specs, browser=not order.no_browser, paste=order.paste)
    if not order.no_test:
        _try(catalog, order.specs, spec, connection)
    hidden = {key: value for key, value in fields.items() if spec.fields[key].secret}
    entry = connections.add(
        name,
        spec.name,
        {key: value for key, value in fields.items() if key not in hidden},
        hidden,
        tokens=connection.tokens,
        home=order.store,
        default=order.default,
        overwrite=order.replace,
    )
    terminal.say(f"stored as {name!r}{_where(entry.home, asked=order.store is not None)}")
    terminal.say(f"use it with `koppling run … --connection {name}`" + (", or without" if entry.default else ""))
    for key, value in hidden.items():
        if len(str(value)) < SHORTEST:
            terminal.warn(f"{key} is too short to be told from other text: it will not be masked in what is shown")
    return 0


def _where(home: str | None, *, asked: bool) -> str:
    from koppling.store import vault
    from koppling.store.connections import connections_path

    if home == "keyring":
        return ", its secrets in the system's keyring"
    if home == "file":
        why = "" if asked else f": {vault.missing() or 'the keyring did not take them'}"
        return f", its secrets as plain text in {connections_path()}, which only you can read (mode 0600){why}"
    return f" in {connections_path()}"


def _which(catalog: Any) -> str:
    """Ask for the connector, where there are several."""
    names: list[str] = catalog.connectors()
    if len(names) == 1:
        return names[0]
    if not terminal.is_terminal(sys.stdin):
        raise Misuse(f"name the connector: {', '.join(names)}")
    answer: str = click.prompt("Connector", type=click.Choice(names), err=True)
    return answer


def _given(order: Order, spec: Any) -> dict[str, Any]:
    """Return the fields, from wherever the command line says; asked for where it says nothing."""
    from koppling.connection import environment

    fields = _arguments(order.arguments, spec)
    if order.stdin is not None:
        fields[order.stdin] = _piped(order, spec)
    if order.source is not None:
        fields = {**read_inputs((), order.source).values, **fields}
    if order.from_env or order.env_file is not None:
        fields = {**_variables(spec, environment(order.env_file)), **fields}
    if order.asks:
        fields = _ask(spec, fields, advanced=order.advanced)
    return {key: value for key, value in fields.items() if value is not None}


def _piped(order: Order, spec: Any) -> str:
    if order.source == "-":
        raise Misuse("--stdin and --input - both read standard input; use one of them")
    if order.stdin not in spec.fields:
        raise Misuse(f"--stdin: {spec.name} has no field {order.stdin!r}; {suggestion(str(order.stdin), spec.fields)}")
    if terminal.is_terminal(sys.stdin):
        raise Misuse("--stdin reads what is piped into it; without it, you are asked, and what you type stays hidden")
    return sys.stdin.read().rstrip("\r\n")


def listed(specs: tuple[Path, ...]) -> list[dict[str, Any]]:
    """Return the stored connections by name, secrets masked. Where a connector is unknown, every field is masked."""
    from koppling.catalog import Catalog
    from koppling.errors import KopplingError
    from koppling.masking import MASK
    from koppling.store import connections

    catalog, found = Catalog(specs), []
    if path := connections.exposed():
        terminal.warn(f"others may read {path}, and the secrets in it: `chmod 600 {path}`")
    for name, one in sorted(connections.entries().items()):
        try:
            secret = {key for key, spec in catalog.connector(one.connector).fields.items() if spec.secret}
        except KopplingError:
            secret = set(one.fields)
        shown = {key: MASK if key in secret else value for key, value in one.fields.items()}
        shown |= dict.fromkeys(one.secrets, MASK)
        about = {"name": name, "connector": one.connector, "default": connections.default_name(one.connector) == name}
        found.append({**about, "secrets": one.home, "fields": dict(sorted(shown.items()))})
    return found


def test(name: str, specs: tuple[Path, ...]) -> int:
    """Make the declared test call of a stored connection."""
    from koppling import Connection
    from koppling.catalog import Catalog

    connection = Connection.load(name)
    catalog = Catalog(specs)
    _try(catalog, specs, find_connector(catalog, connection.connector), connection)
    return 0


def sign_in_again(name: str, specs: tuple[Path, ...], *, no_browser: bool, paste: bool) -> int:
    """Have a person sign in to a stored connection, whose fields stay.

    Raises:
        ConnectionInvalid: there is none of that name, or nobody signs in to its connector.
        GivenWrong: nobody signed in, in time.
    """
    from koppling import Connection
    from koppling.catalog import Catalog
    from koppling_tools.connections.sign_in import sign_in

    connection = Connection.load(name)
    spec = find_connector(Catalog(specs), connection.connector)
    sign_in(connection, spec, specs, browser=not no_browser, paste=paste)
    return 0


def remove(name: str) -> int:
    """Remove a stored connection.

    Raises:
        ConnectionInvalid: there is none of that name.
    """
    from koppling.store import connections

    gone = connections.find(name)
    heir = connections.remove(name)
    terminal.say(f"removed {name!r}" + (f"; {heir!r} is the default of {gone.connector} now" if heir else ""))
    left = connections.names(gone.connector)
    if left and connections.default_name(gone.connector) is None:
        terminal.say(f"{gone.connector} has no default any more, of {', '.join(left)}")
        terminal.hint("`koppling connection default NAME` makes one")
    return 0


def make_default(name: str) -> int:
    """Make a stored connection its connector's default.

    Raises:
        ConnectionInvalid: there is none of that name.
    """
    from koppling.store import connections

    connections.make_default(name)
    terminal.say(f"{name!r} is what `koppling run` uses where the environment has no connection")
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
    given = read_inputs(arguments, None, {name for name, one in spec.fields.items() if one.secret})
    if given.files:
        raise Misuse("the fields of a connection are no files; --input FILE reads all of them")
    for key in given.values:
        if key in spec.fields and spec.fields[key].secret:
            raise Misuse(
                f"{key} is a secret, and a command line is no place for it: it stays in the shell's history, and "
                "everybody here sees it in the list of processes. Leave it out to be asked, or use --stdin "
                f"{key}, --from-env or --input -"
            )
    return given.values


def _variables(spec: Any, environment: Mapping[str, str]) -> dict[str, Any]:
    from koppling.connection import from_text

    variables = {name: one.schema["env"] for name, one in spec.fields.items() if "env" in one.schema}
    return {
        name: from_text(environment[variable], spec.fields[name].schema)
        for name, variable in variables.items()
        if environment.get(variable)
    }


def _ask(spec: Any, given: dict[str, Any], *, advanced: bool) -> dict[str, Any]:
    from koppling.connection import from_text
    from koppling.validate import Schema

    wanted = {
        name: one
        for name, one in spec.fields.items()
        if name not in given and (advanced or one.required or not one.advanced)
    }
    if wanted and not terminal.is_terminal(sys.stdin):
        if not (lacking := [name for name, one in wanted.items() if one.required and "default" not in one.schema]):
            return dict(given)
        raise Misuse(
            f"nobody is there to be asked for {', '.join(lacking)}; use --from-env, --stdin FIELD, or --input - with a "
            "JSON object on standard input"
        )
    fields, schema = dict(given), Schema({**spec.plan["schema"], "required": []})
    for name, one in wanted.items():
        while answer := _question(one):
            value = from_text(answer, one.schema)
            fault = next((told for told in schema.faults({name: value}) if told.pointer[:1] == (name,)), None)
            if fault is None:
                fields[name] = value
                break
            said = fault.message.replace(str(value), "***") if one.secret else fault.message
            terminal.say(f"{one.title} {said}", "yellow")
    return fields


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
    from koppling_tools.console.options import today

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
