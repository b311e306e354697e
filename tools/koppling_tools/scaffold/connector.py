"""A connector to be: its address, its credential, and what all connectors have alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from koppling_tools.console.mistakes import Misuse
from koppling_tools.scaffold.draft import Case, Module
from koppling_tools.scaffold.names import title_of

KINDS: Final = ("bearer", "basic", "api-key", "none")


@dataclass(frozen=True)
class Credential:
    """How callers prove who they are. `shown` are the connection's fields by name, `auth` is the connector's key."""

    fields: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    auth: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    required: Sequence[str] = ()


def credential(kind: str, connector: str, header: str | None = None) -> Credential:
    """Return one of the usual credentials.

    Args:
        kind: bearer, basic, api-key or none.
        connector: whose variables it is read from.
        header: what an API key's header is called.
    """
    if kind == "bearer":
        return Credential(
            {"api_key": secret("API Key", connector, "api_key")},
            {"bearer": "${connection.api_key}"},
            required=["api_key"],
        )
    if kind == "basic":
        fields = {
            "username": {"type": "string", "title": "User Name", "env": variable(connector, "username")},
            "password": secret("Password", connector, "password"),
        }
        auth = {"basic": {"username": "${connection.username}", "password": "${connection.password}"}}
        return Credential(fields, auth, required=["username", "password"])
    if kind == "api-key":
        key = {"in": "header", "name": header or "X-API-Key", "value": "${connection.api_key}"}
        return Credential({"api_key": secret("API Key", connector, "api_key")}, {"api_key": key}, required=["api_key"])
    return Credential()


def secret(title: str, connector: str, name: str) -> dict[str, Any]:
    """Return a field for what is never shown."""
    return {"type": "string", "minLength": 1, "title": title, "secret": True, "env": variable(connector, name)}


def variable(connector: str, name: str) -> str:
    """Return the variable of the environment that supplies a field."""
    return f"{connector}_{name}".upper()


@dataclass(frozen=True)
class Address:
    """Where an API is. Without a default whoever connects has to say it; then there is an example."""

    url: str
    known: bool = True
    description: str = "Where the API is."

    def field(self, connector: str) -> dict[str, Any]:
        """Return the connection's field."""
        found: dict[str, Any] = {"type": "string", "format": "uri", "title": "Base URL"}
        found |= {"default": self.url} if self.known else {"examples": [self.url]}
        found["env"] = variable(connector, "base_url")
        return {**found, **({"advanced": True} if self.known else {}), "description": self.description}


def checked_url(text: str) -> str:
    """Return an address that paths can stand below, with the slash at its end.

    Raises:
        Misuse: it is none.
    """
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in {"http", "https"} or not host or any(one.isspace() for one in text):
        near = f"; did you mean 'https://{text.removeprefix('//')}'?" if "." in text and "://" not in text else ""
        raise Misuse(f"{text!r} is no base URL, such as https://api.acme.example/v1/{near}")
    if parts.username is not None:
        raise Misuse("the base URL holds a user name or password; leave it out, and say --auth basic")
    if parts.query or parts.fragment:
        raise Misuse(f"{text!r} has a query or a fragment; a base URL is what stands before all paths")
    return text if text.endswith("/") else f"{text}/"


def connector_tree(
    name: str, title: str, address: Address, given: Credential, more: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return what a connector.yaml says.

    Args:
        name: the connector's.
        title: as people call it.
        address: where it is.
        given: who calls.
        more: keys that are known besides: api, test, error_body.
    """
    more = more or {}
    fields = {**given.fields, "base_url": address.field(name)}
    required = [*given.required, *([] if address.known else ["base_url"])]
    connection: dict[str, Any] = {"fields": fields, **({"required": required} if required else {})}
    if "test" in more:
        connection["test"] = more["test"]
    request: dict[str, Any] = {"base_url": "${connection.base_url}"}
    request |= {key: dict(value) for key, value in (("headers", given.headers), ("query", given.query)) if value}
    tree: dict[str, Any] = {"koppling": 1, "name": name, "title": title, "version": "1.0.0"}
    if more.get("api"):
        tree["api"] = more["api"]
    tree["connection"] = connection
    if given.auth is not None:
        tree["auth"] = dict(given.auth)
    tree["request"] = {**request, "timeout": {"connect": 5, "read": 60}}
    tree["errors"] = [
        {"status": 401, "kind": "invalid_access_token"},
        {"status": 429, "kind": "rate_limit"},
        {"status": [408, "500-599"], "kind": "connection"},
        {"status": "400-499", "kind": "data"},
    ]
    tree["error_body"] = more.get("error_body") or {"message": "error.message || error || message"}
    tree["retry"] = {"attempts": 3, "when": ["connect", "timeout", 408, 429, "500-599"]}
    return tree


def free_call() -> Module:
    """Return the module that a connector starts with: any request below its address, with its credential."""
    fields: dict[str, Any] = {
        "url": {
            "type": "string",
            "minLength": 1,
            "title": "URL",
            "description": "A path below the API's address, with its query: `things/1`, `/things?limit=10`.",
        },
        "method": {"enum": ["GET", "POST", "PUT", "PATCH", "DELETE"], "title": "Method"},
        "headers": {"type": "object", "parse": "json", "title": "Headers"},
        "query": {"type": "object", "parse": "json", "title": "Query String"},
        "body": {"type": ["object", "array"], "parse": "json", "title": "Body", "description": "It is sent as JSON."},
    }
    tree = {
        "name": "make_api_call",
        "version": "1.0.0",
        "kind": "action",
        "title": title_of("make_an_api_call"),
        "summary": "Sends any request to the API, below the address of the connection and with its credential.",
        "fields": fields,
        "required": ["url", "method"],
        "request": {
            "method": "${input.method}",
            "target": "${input.url}",
            "query": "${input.query}",
            "headers": "${input.headers}",
            "json": "${input.body}",
        },
        "response": {
            "format": "auto",
            "output": {"status": "${status}", "headers": "${headers}", "body": "${body}"},
        },
    }
    answer = {"status": 200, "headers": {"content-type": "application/json"}, "json": {"id": 1}}
    whole = {"url": "things", "method": "POST", "headers": {"X-Trace": "a"}, "query": {"b": 1}, "body": {"c": True}}
    cases = {
        "smallest": Case("A path and a method", {"url": "things/1", "method": "GET"}, answer),
        "every_field": Case("Everything that can be given", whole, answer),
    }
    return Module("make_api_call", tree, cases)
