"""A secret is sent in `auth`, a header or a body, not in an address or an output.

Addresses stand in logs of servers and proxies, and in histories; outputs are shown to people.

Wrong:

    # modules/get_thing.v1.yaml
    request: {method: GET, path: "/things/${input.id}", query: {key: "${connection.api_key}"}}

Right:

    # modules/get_thing.v1.yaml
    request: {method: GET, path: "/things/${input.id}", headers: {X-Key: "${connection.api_key}"}}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from koppling import expression, template
from koppling.diagnostics import Severity
from koppling.read import Document, Pointer
from koppling_tools.rules.open_credential import read_fields
from koppling_tools.rules.view import Finding, ModuleView

SEVERITY: Severity = "warning"


def of_document(document: Document) -> Iterator[Finding]:
    """Find the secrets in the address where a person signs in, which a browser shows and remembers."""
    value = document.value
    auth = value.get("auth") if isinstance(value, dict) else None
    oauth = auth.get("oauth2") if isinstance(auth, dict) else None
    if not isinstance(oauth, dict) or not isinstance(value.get("connection"), dict):
        return
    secret = set(_secret(value["connection"].get("fields")))
    for key in ("token_url", "authorize_url", "authorize_params"):
        for pointer, reference, names in read_fields(oauth.get(key)):
            for name in secret.intersection(names):
                told = f"`connection.{name}` is secret, and stands in an address"
                help_text = "`client_secret`, `refresh_token` and `params` stand in headers and bodies"
                yield Finding(document, told, ("auth", "oauth2", key, *pointer), help_text, offset=reference.offset)


def of_module(view: ModuleView) -> Iterator[Finding]:
    """Find the secrets in paths, queries and outputs."""
    connection = _secret((view.shared.get("connection") or {}).get("fields"))
    for merged in view.operations.values():
        secret = {("connection", name) for name in connection}
        secret |= {("input", name) for name in _secret(merged.tree["fields"])}
        request = merged.tree["request"]
        places: list[tuple[Pointer, Any, str]] = [
            (("request", key), request[key], f"the {key}") for key in ("path", "target", "query") if key in request
        ]
        places += [
            ((*at, key), case[key], "an output")
            for at, case in view.cases(merged)
            for key in ("output", "envelope", "usage")
            if key in case
        ]
        for at, tree, what in places:
            for pointer, reference in template.references(tree):
                for chain in expression.references(reference.expression):
                    if chain[:2] in secret:
                        told = f"`{'.'.join(chain[:2])}` is secret, and stands in {what}"
                        help_text = "send it in a header, a body or by `auth`"
                        origin = merged.origin((*at, *pointer))
                        yield Finding(view.document, told, origin, help_text, offset=reference.offset)


def _secret(fields: Any) -> list[str]:
    return [name for name, one in (fields or {}).items() if isinstance(one, dict) and one.get("secret")]
