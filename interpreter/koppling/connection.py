"""A connection: whose account, where, with which secret."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from koppling import store
from koppling.diagnostics import suggestion
from koppling.errors import ConnectionInvalid
from koppling.masking import Masker
from koppling.model import ConnectorSpec
from koppling.validate import Schema


class Connection:
    """The fields of one connection to one connector. What is secret in it is never shown.

    Args:
        connector: the connector's name.
        fields: as the connector's spec declares them, `api_key="…"`.
    """

    __slots__ = ("_from_env", "connector", "fields", "name")

    def __init__(self, connector: str, /, **fields: Any) -> None:
        self.connector = connector
        self.fields = fields
        self.name: str | None = None
        self._from_env = False

    @classmethod
    def from_env(cls, connector: str) -> Connection:
        """Return the connection whose fields are in the environment, under the names that the spec gives (`env`).

        The environment is read when a client takes the connection; what is missing then is a ConnectionInvalid.
        """
        found = cls(connector)
        found._from_env = True
        return found

    @classmethod
    def load(cls, name: str) -> Connection:
        """Return a connection that `koppling connection add` has stored.

        Raises:
            ConnectionInvalid: there is none of that name.
        """
        known = stored_connections()
        if name not in known:
            said = suggestion(name, known) or "none is stored; `koppling connection add` stores one"
            raise ConnectionInvalid("", f"there is no stored connection {name!r}; {said}")
        found = cls(known[name]["connector"], **known[name]["fields"])
        found.name = name
        return found

    def bind(self, spec: ConnectorSpec) -> Bound:
        """Return the connection checked against its connector, defaults filled in.

        Raises:
            ConnectionInvalid: a field is missing, unknown or wrong.
        """
        values = {name: value for name, value in self.fields.items() if value is not None}
        for name in values:
            if name not in spec.fields:
                raise ConnectionInvalid(
                    spec.name,
                    f"a connection to {spec.name} has no field {name!r}; {suggestion(name, spec.fields)}",
                    name,
                )
        for name, field in spec.fields.items():
            variable = field.schema.get("env")
            if name not in values and self._from_env and variable and os.environ.get(variable):
                values[name] = _from_text(os.environ[variable], field.schema)
            if name not in values and "default" in field.schema:
                values[name] = field.schema["default"]
            if name not in values and field.required:
                raise ConnectionInvalid(spec.name, _missing(spec, name, variable), name, variable)
        self._check(spec, values)
        secrets = [str(values[name]) for name, field in spec.fields.items() if field.secret and name in values]
        return Bound(spec.name, values, tuple(secrets), Masker(secrets))

    def _check(self, spec: ConnectorSpec, values: dict[str, Any]) -> None:
        masker = Masker(str(values[name]) for name, field in spec.fields.items() if field.secret and name in values)
        for fault in Schema(spec.plan["schema"]).faults(values):
            name = str(fault.pointer[0]) if fault.pointer else ""
            raise ConnectionInvalid(
                spec.name, masker.text(f"the field {name!r} of the connection to {spec.name} {fault.message}"), name
            )
        for name, field in spec.fields.items():
            if field.schema.get("format") == "uri" and name in values and (why := _no_base(values[name])):
                raise ConnectionInvalid(spec.name, f"the field {name!r} of the connection to {spec.name} {why}", name)

    def __repr__(self) -> str:
        shown = "".join(f", {name}=***" for name in self.fields)
        return f"Connection({self.connector!r}{shown}{', from the environment' if self._from_env else ''})"


def _missing(spec: ConnectorSpec, name: str, variable: str | None) -> str:
    said = f"a connection to {spec.name} needs {name}: pass Connection({spec.name!r}, {name}=…)"
    return f"{said}, or set {variable} in the environment" if variable else said


def _from_text(text: str, schema: Mapping[str, Any]) -> Any:
    """Return an environment variable as its field's type."""
    if schema.get("type") in {"integer", "number", "boolean"}:
        import json

        try:
            return json.loads(text.lower())
        except ValueError:
            return text
    return text


def _no_base(value: Any) -> str:
    """Say why a value is no address to send to; nothing where it is one."""
    parts = urlsplit(str(value))
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "must be an http or https address"
    if parts.username is not None or parts.password is not None:
        return "must not hold a user name or password"
    return "must not hold a query or a fragment" if parts.query or parts.fragment else ""


@dataclass(frozen=True, slots=True, repr=False)
class Bound:
    """A connection that was checked. `values` are what templates see, `secrets` what nobody may."""

    connector: str
    values: dict[str, Any]
    secrets: tuple[str, ...]
    masker: Masker

    def __repr__(self) -> str:
        return f"Bound({self.connector!r})"


def stored_connections() -> dict[str, Any]:
    """Return the stored connections by name: `{"connector": …, "fields": {…}}` each.

    Raises:
        ConnectionInvalid: the file of connections cannot be read.
    """
    try:
        return store.load_connections()
    except (OSError, ValueError) as error:
        raise ConnectionInvalid("", f"the stored connections cannot be read: {error}") from None


def store_connection(name: str, connector: str, fields: dict[str, Any]) -> None:
    """Store a connection under a name, in a file that only its owner can read.

    Raises:
        OSError: it cannot be written.
    """
    store.save_connections({**stored_connections(), name: {"connector": connector, "fields": fields}})


def remove_connection(name: str) -> bool:
    """Forget a stored connection; tell whether there was one."""
    known = stored_connections()
    if name not in known:
        return False
    store.save_connections({one: value for one, value in known.items() if one != name})
    return True


store_path = store.connections_path
