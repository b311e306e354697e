"""A spec writes no header that the connection or the transport makes.

`Host`, `Content-Length`, `Transfer-Encoding`, `Connection` belong to the transport, `Cookie` to nobody here. What
`auth` writes, it writes alone: two credentials in one request are one too many.

Wrong:

    # modules/get_thing.v1.yaml
    request: {method: GET, path: "/things/${input.id}", headers: {Host: acme.example}}

Right:

    # modules/get_thing.v1.yaml
    request: {method: GET, path: "/things/${input.id}", headers: {X-Tag: "${input.id}"}}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from koppling.diagnostics import Severity
from koppling.read import Document, Pointer
from koppling_tools.rules.view import Finding, ModuleView

SEVERITY: Severity = "error"

_FORBIDDEN: Final = {"host", "content-length", "transfer-encoding", "connection", "cookie"}


def of_module(view: ModuleView) -> Iterator[Finding]:
    """Find such headers in a module, and in its operations."""
    auth = view.shared.get("auth") or {}
    written = {"authorization"} if {"bearer", "basic", "oauth2"} & set(auth) else set()
    key = auth.get("api_key") or {}
    written |= {str(key.get("name", "")).lower()} if key.get("in") == "header" else set()
    layers: list[tuple[Pointer, Any]] = [((), view.value)]
    layers += [(("operations", name), one) for name, one in (view.value.get("operations") or {}).items()]
    for at, layer in layers:
        headers = ((layer or {}).get("request") or {}).get("headers")
        yield from _found(view.document, headers, (*at, "request", "headers"), written)


def _found(document: Document, headers: Any, at: Pointer, written: set[str]) -> Iterator[Finding]:
    for name in headers if isinstance(headers, dict) else ():
        if name.lower() in _FORBIDDEN:
            yield Finding(document, f"the header {name} is the transport's alone", (*at, name), "remove it", key=True)
        elif name.lower() in written:
            help_text = "remove it; a call without `auth` belongs to another connector"
            yield Finding(document, f"the header {name} is written by `auth`", (*at, name), help_text, key=True)
