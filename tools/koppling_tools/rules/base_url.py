"""The address that requests start from is one, over TLS, and nothing else: no user, no query, no fragment.

Paths are written behind it. What is sent to an `http://` address is read by everybody on the way, the credential first;
on one's own machine that does not matter.

Wrong:

    # connector.yaml
    connection:
      fields:
        api_key: {type: string, title: API Key, secret: true, env: ACME_API_KEY}
        base_url: {type: string, title: URL, format: uri, default: "https://acme.example/?v=1", env: ACME_BASE_URL}
      required: [api_key]

Right:

    # connector.yaml
    connection:
      fields:
        api_key: {type: string, title: API Key, secret: true, env: ACME_API_KEY}
        base_url: {type: string, title: URL, format: uri, default: "https://acme.example/v1/", env: ACME_BASE_URL}
      required: [api_key]
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from koppling.diagnostics import Severity
from koppling.read import Document, Pointer
from koppling_tools.rules.view import Finding

SEVERITY: Severity = "warning"


def of_document(document: Document) -> Iterator[Finding]:
    """Find the addresses that are none to start from."""
    value = document.value
    if not isinstance(value, dict):
        return
    connection = value.get("connection")
    fields = connection.get("fields") if isinstance(connection, dict) else None
    places: list[tuple[Pointer, Any]] = []
    for name, field in (fields if isinstance(fields, dict) else {}).items():
        if isinstance(field, dict) and field.get("format") == "uri":
            places.append((("connection", "fields", name, "default"), field.get("default")))
    request = value.get("request")
    if isinstance(request, dict):
        places.append((("request", "base_url"), request.get("base_url")))
    for at, text in places:
        if isinstance(text, str) and "${" not in text and (wrong := _wrong(text)):
            yield Finding(document, wrong[0], at, wrong[1])


def _wrong(text: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(text)
    except ValueError:
        return f"{text!r} is no address", "write https://host/path/"
    if parts.query or parts.fragment:
        rest = text.partition("?")[0].partition("#")[0]
        return "a base address has no query and no fragment", f"write {rest}, and the query under `request.query`"
    if parts.username is not None or parts.password is not None:
        return "a base address holds no user and no password", "make them fields, and use `auth: {basic: …}`"
    local = (parts.hostname or "") in {"localhost", "::1"} or (parts.hostname or "").startswith("127.")
    if parts.scheme == "http" and not local:
        return "what is sent there is read by everybody on the way", f"write https{text[4:]}"
    return None
