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
from koppling.read import Pointer
from koppling_tools.rules.view import Finding, ModuleView

SEVERITY: Severity = "warning"


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
