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

    def without(self, sent: Sent) -> Sent:
        """Return the request without the credential in its query."""
        if self.place == "header":
            return sent
        return replace(sent, query={name: values for name, values in sent.query.items() if name != self.name})

    def unstated(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return what an example states of a request, without the credential."""
        key = "headers" if self.place == "header" else "query"
        if not isinstance(request.get(key), Mapping):
            return dict(request)
        ours = {name for name in request[key] if (name.lower() if key == "headers" else name) == self.name}
        return {**request, key: {name: value for name, value in request[key].items() if name not in ours}}


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
