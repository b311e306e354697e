"""The connection that examples are run with: made-up values for its fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from koppling.connection import Connection
from koppling.expression import ABSENT
from koppling.model import ConnectorSpec
from koppling.template import compile_template


def placeholders(connector: ConnectorSpec, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a value for each field of the connection.

    It is the one given (null leaves the field out), else its first example, its default, the first of its
    values, else `example-<field>`, or for an address `https://<field>.example`.
    """
    found = {name: _placeholder(name, field.schema) for name, field in connector.fields.items()}
    found |= given or {}
    return {name: value for name, value in found.items() if value is not None}


def connected(connector: ConnectorSpec, fields: Mapping[str, Any]) -> Connection:
    """Return a connection with made-up values, which never asks a vendor for tokens: where it needs one, it has one."""
    found = Connection(connector.name, **fields)
    if "oauth2" in connector.plan["auth"]:
        found.use_tokens({"access_token": "example-access-token"}, renew=False)
    return found


def _placeholder(name: str, schema: Mapping[str, Any]) -> Any:
    for known in (schema.get("examples"), [schema["default"]] if "default" in schema else (), schema.get("enum")):
        if known:
            return known[0]
    return f"https://{name.lower().replace('_', '-')}.example" if schema.get("format") == "uri" else f"example-{name}"


def base_url(request: Mapping[str, Any], connection: Mapping[str, Any]) -> str:
    """Return the address that paths are below of.

    Args:
        request: the `request` of a connector, or the merged one of an operation.
        connection: the fields of the connection.
    """
    found = compile_template(request.get("base_url", ""))({"connection": dict(connection)})
    return "" if found is ABSENT or found is None else str(found)
