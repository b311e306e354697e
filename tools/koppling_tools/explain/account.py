"""The connection that a request is explained with: what is known of it, and placeholders for the rest."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Any

from koppling import Connection
from koppling.masking import MASK
from koppling.model import ConnectorSpec
from koppling_tools.examples.placeholders import placeholders


@dataclass(frozen=True)
class Known:
    """One field of the connection: its value as it may be shown, where the value came from, its line of the spec."""

    name: str
    value: Any
    by: str
    place: str


def account(connector: ConnectorSpec, stored: str | None) -> tuple[Connection, list[Known]]:
    """Return a connection to explain with, and where its fields come from.

    It needs no credential: a required field that nothing supplies gets a placeholder.

    Args:
        connector: whose.
        stored: the name of a stored connection; without it, the environment's.

    Raises:
        ConnectionInvalid: there is no stored connection of that name.
    """
    fields: dict[str, Any] = {}
    if stored is not None:
        connection = Connection.load(stored)
        if connection.connector != connector.name:
            return connection, []  # a client says what is wrong with it
        fields = connection.fields
    invented = placeholders(connector)
    values, known = dict(fields), []
    for name, field in connector.fields.items():
        variable = field.schema.get("env")
        if fields.get(name) is not None:
            one = Known(name, fields[name], f"stored as {stored}", field.place)
        elif stored is None and variable and os.environ.get(variable):
            one = Known(name, os.environ[variable], f"variable {variable}", field.place)
        elif "default" in field.schema:
            one = Known(name, field.schema["default"], "default", field.place)
        elif field.required:
            values[name] = invented[name]
            missing = f", as {variable} is not set" if variable and stored is None else ""
            one = Known(name, invented[name], f"placeholder{missing}", field.place)
        else:
            continue
        known.append(replace(one, value=MASK) if field.secret else one)
    connection = Connection.from_env(connector.name) if stored is None else Connection(connector.name)
    connection.fields = values
    return connection, known
