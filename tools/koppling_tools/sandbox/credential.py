"""The credential that a connector's `auth` declares, looked for in a request.

Its value is free: a sandbox knows no keys.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from koppling.expression import references as names
from koppling.model import ConnectorSpec
from koppling.template import references
from koppling_tools.examples.wire import Sent

_SCHEMES = {"bearer": "Bearer", "basic": "Basic"}


@dataclass(frozen=True, slots=True)
class Credential:
    """Where a credential stands.

    A header (its name in lower case; with a scheme, perhaps) or a parameter of the query.
    """

    place: Literal["header", "query"]
    name: str
    scheme: str = ""

    def missing(self, sent: Sent) -> str | None:
        """Return in words what a request lacks, None where it has the credential."""
        if self.place == "query":
            return None if any(sent.query.get(self.name, ())) else f"the query has no {self.name!r}"
        value = sent.headers.get(self.name, "").strip()
        if not value:
            return f"there is no header {self.name!r}"
        if not self.scheme:
            return None
        scheme, _, rest = value.partition(" ")
        if scheme.lower() != self.scheme.lower() or not rest.strip():
            return f"the header {self.name!r} is not `{self.scheme} …`"
        if self.scheme == "Basic" and not _is_basic(rest.strip()):
            return f"the header {self.name!r} holds no base64 of `user:password`"
        return None


def _is_basic(text: str) -> bool:
    try:
        return b":" in base64.b64decode(text, validate=True)
    except ValueError:
        return False


def credential_of(connector: ConnectorSpec) -> Credential | None:
    """Return what every request must carry; None where there is no `auth`, or where the connection may do without."""
    auth = connector.plan.get("auth")
    if not isinstance(auth, dict) or not auth:
        return None
    if "oauth2" in auth:
        return Credential("header", "authorization", "Bearer")
    read = {
        chain[1]
        for _, reference in references(auth)
        for chain in names(reference.expression)
        if chain[0] == "connection" and len(chain) > 1
    }
    if not all(field.required for name, field in connector.fields.items() if name in read):
        return None
    for key, scheme in _SCHEMES.items():
        if key in auth:
            return Credential("header", "authorization", scheme)
    declared = auth.get("api_key")
    if not isinstance(declared, dict):
        return None
    if declared["in"] == "query":
        return Credential("query", declared["name"])
    return Credential("header", declared["name"].lower())


@dataclass(frozen=True, slots=True)
class Personal:
    """What a request has of its connection alone, by name: no example can know it, so none is refused for it."""

    headers: frozenset[str]
    query: frozenset[str]

    def out_of(self, sent: Sent) -> Sent:
        """Return a request without it. Headers stay: only those that are stated are compared."""
        return replace(sent, query={name: values for name, values in sent.query.items() if name not in self.query})

    def unstated(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return what an example states of a request, without it."""
        found = dict(request)
        if isinstance(stated := request.get("headers"), Mapping):
            found["headers"] = {name: value for name, value in stated.items() if name.lower() not in self.headers}
        if isinstance(stated := request.get("query"), Mapping):
            found["query"] = {name: value for name, value in stated.items() if name not in self.query}
        return found


def personal(connector: ConnectorSpec) -> Personal:
    """Return what the connector makes of the connection in every request: the credential, and its shared parts."""
    shared = connector.plan.get("request") or {}
    headers = {name.lower() for name in shared.get("headers") or {}} | {"authorization"}
    query = set(shared.get("query") or {})
    auth = connector.plan.get("auth")
    declared = auth.get("api_key") if isinstance(auth, dict) else None
    if isinstance(declared, dict):
        if declared["in"] == "query":
            query.add(declared["name"])
        else:
            headers.add(declared["name"].lower())
    return Personal(frozenset(headers), frozenset(query))
