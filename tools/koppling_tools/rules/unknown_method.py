"""A method is one that HTTP knows.

Wrong:

    # modules/get_thing.v1.yaml
    request: {method: GTE, path: "/things/${input.id}"}

Right:

    # modules/get_thing.v1.yaml
    request: {method: GET, path: "/things/${input.id}"}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from koppling.diagnostics import Severity, suggestion
from koppling_tools.rules.view import Finding, ModuleView

SEVERITY: Severity = "warning"

# The methods that vendors use, of https://www.iana.org/assignments/http-methods
_METHODS: Final = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "SEARCH", "PROPFIND", "REPORT"}


def of_module(view: ModuleView) -> Iterator[Finding]:
    """Find the methods that nobody knows."""
    seen = set()
    for merged in view.operations.values():
        method = merged.tree["request"].get("method")
        place = merged.origin(("request", "method"))
        if isinstance(method, str) and "${" not in method and method not in _METHODS and place not in seen:
            seen.add(place)
            yield Finding(view.document, f"{method!r} is no method of HTTP", place, suggestion(method, _METHODS))
