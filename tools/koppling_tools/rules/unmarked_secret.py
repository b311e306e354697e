"""A field of the connection that is a credential is marked `secret`.

What is not marked is shown: in errors, logs, dry runs, and in recorded examples.

Wrong:

    # connector.yaml
    connection:
      fields:
        api_key: {type: string, title: API Key, env: ACME_API_KEY}
        base_url: {type: string, title: URL, format: uri, examples: ["https://acme.example/"], env: ACME_BASE_URL}
      required: [api_key]

Right:

    # connector.yaml
    connection:
      fields:
        api_key: {type: string, title: API Key, secret: true, env: ACME_API_KEY}
        base_url: {type: string, title: URL, format: uri, examples: ["https://acme.example/"], env: ACME_BASE_URL}
      required: [api_key]
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from koppling import expression, template
from koppling.diagnostics import Severity
from koppling.read import Document
from koppling_tools.rules.view import Finding

SEVERITY: Severity = "warning"

# What of `auth` is seen by everybody, and says who, not that it is them.
_OPEN: Final = {"username", "name", "in", "client_id", "scopes", "scope", "token_url", "authorize_url", "audience"}


def of_document(document: Document) -> Iterator[Finding]:
    """Find the fields that `auth` sends, and nobody hides."""
    value = document.value
    if not isinstance(value, dict) or not isinstance(value.get("connection"), dict):
        return
    fields = value["connection"].get("fields")
    for name in dict.fromkeys(_sent(value.get("auth"))):
        field = fields.get(name) if isinstance(fields, dict) else None
        if isinstance(field, dict) and not field.get("secret"):
            told = f"`auth` sends the field `{name}`, and it is not secret"
            yield Finding(document, told, ("connection", "fields", name), "add `secret: true`", key=True)


def _sent(auth: Any) -> Iterator[str]:
    """Yield the fields of the connection that are credentials in an `auth`."""
    if isinstance(auth, str):
        try:
            for _, reference in template.references(auth):
                for chain in expression.references(reference.expression):
                    if chain[:1] == ("connection",) and len(chain) > 1:
                        yield chain[1]
        except expression.ExpressionError:
            return  # told elsewhere
    elif isinstance(auth, dict):
        for key, one in auth.items():
            if key not in _OPEN and not str(key).endswith(("_url", "_uri")):
                yield from _sent(one)
