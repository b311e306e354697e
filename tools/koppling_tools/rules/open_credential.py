"""What proves who is calling is a field that is `secret`.

A field that is not is shown as it is typed, stands in lists of connections, in logs and in errors.

Wrong:

    # connector.yaml
    connection:
      fields:
        api_key: {type: string, title: API Key}
        base_url: {type: string, title: URL, format: uri, examples: ["https://acme.example/"]}
      required: [api_key]
    auth: {bearer: "${connection.api_key}"}
    request: {base_url: "${connection.base_url}"}

Right:

    # connector.yaml
    connection:
      fields:
        api_key: {type: string, title: API Key, secret: true}
        base_url: {type: string, title: URL, format: uri, examples: ["https://acme.example/"]}
      required: [api_key]
    auth: {bearer: "${connection.api_key}"}
    request: {base_url: "${connection.base_url}"}
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from koppling import expression, template
from koppling.diagnostics import Severity
from koppling.expression import ExpressionError
from koppling.read import Document, Pointer
from koppling.template import Reference
from koppling_tools.rules.view import Finding

SEVERITY: Severity = "warning"

_CREDENTIALS: Final[tuple[Pointer, ...]] = (
    ("bearer",),
    ("basic", "password"),
    ("api_key", "value"),
    ("oauth2", "client_secret"),
    ("oauth2", "refresh_token"),
)


def of_document(document: Document) -> Iterator[Finding]:
    """Find the fields of a connection that a credential is made of, none of which is secret."""
    value = document.value
    if not isinstance(value, dict) or not isinstance(value.get("auth"), dict):
        return
    fields = _inner(value, ("connection", "fields"))
    if not fields:
        return  # what is wrong with `auth` then is told elsewhere
    for pointer in _CREDENTIALS:
        for inner, reference, names in read_fields(_inner(value["auth"], pointer)):
            if names and not any(_inner(fields, (name, "secret")) for name in names):
                at = ("auth", *pointer, *inner)
                help_text = "add `secret: true` to the field"
                message = f"`connection.{names[0]}` is a credential, and its field is not secret"
                yield Finding(document, message, at, help_text, offset=reference.offset)


def read_fields(tree: Any) -> Iterator[tuple[Pointer, Reference, list[str]]]:
    """Yield the references of a tree, each with its place and the fields of the connection that it reads.

    What does not compile is somebody else's to tell.
    """
    with suppress(ExpressionError):
        for pointer, reference in template.references(tree):
            chains = expression.references(reference.expression)
            yield pointer, reference, [chain[1] for chain in chains if chain[0] == "connection" and len(chain) > 1]


def _inner(tree: Any, pointer: Pointer) -> Any:
    for key in pointer:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree
