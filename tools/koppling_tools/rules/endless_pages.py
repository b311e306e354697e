"""Pages have a stop.

A cursor that is not read from the answer never runs out, and one that no request uses asks for the same page again.
Counted pages end at an empty one, which a vendor that repeats its last page never sends; `while` says when there is
more.

Wrong:

    # modules/get_thing.v1.yaml
    kind: search
    request: {method: GET, path: "/things/${input.id}/parts", query: {page: "${page.number}"}}
    response: {items: parts, output: {name: name}, pages: {number: {start: 1}}}
    # examples/get_thing.v1/smallest.yaml
    exchanges:
      - request: {method: GET, path: /things/th_1/parts, query: {page: "1"}}
        response: {json: {parts: [{name: Anvil}]}}
      - request: {method: GET, path: /things/th_1/parts, query: {page: "2"}}
        response: {json: {parts: []}}
    request:
    response:
    output: [{name: Anvil}]

Right:

    # modules/get_thing.v1.yaml
    kind: search
    request: {method: GET, path: "/things/${input.id}/parts", query: {page: "${page.number}"}}
    response: {items: parts, output: {name: name}, pages: {number: {start: 1}, while: more}}
    # examples/get_thing.v1/smallest.yaml
    request: {method: GET, path: /things/th_1/parts, query: {page: "1"}}
    response: {json: {parts: [{name: Anvil}], more: false}}
    output: [{name: Anvil}]
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from koppling import expression, template
from koppling.diagnostics import Severity
from koppling_tools.rules.view import Finding, ModuleView

SEVERITY: Severity = "warning"


def of_module(view: ModuleView) -> Iterator[Finding]:
    """Find the pages that may never end."""
    seen = set()
    for merged in view.operations.values():
        used = _used(merged.tree["request"])
        for at, case in view.cases(merged):
            pages = case.get("pages") or {}
            place = merged.origin((*at, "pages"))
            if not pages or place in seen:
                continue
            seen.add(place)
            for name in pages.get("next") or {}:
                if name not in used:
                    told = f"no request uses the cursor `{name}`: every page is the first"
                    help_text = f'send it, as query: {{{name}: "${{page.{name}}}"}}'
                    yield Finding(view.document, told, (*place, "next", name), help_text, key=True)
            if "while" in pages:
                continue
            counted = next((key for key in ("number", "offset") if key in pages), None)
            if counted is not None:
                told = f"only an empty page stops these, which are counted by `{counted}`"
                yield Finding(view.document, told, (*place, counted), "while: has_more", key=True)
            for name, text in (pages.get("next") or {}).items():
                inner = template.whole(text)
                roots = {chain[0] for chain in expression.references(inner)} if inner is not None else {"body"}
                if roots <= {"input", "status"}:
                    told = f"the cursor `{name}` is not read from the answer, and never runs out"
                    yield Finding(
                        view.document, told, (*place, "next", name), "read it from the body, headers or links"
                    )


def _used(request: Any) -> set[str]:
    """Return the names under `page` that a request reads."""
    found: set[str] = set()
    try:
        for _, reference in template.references(request):
            chains = expression.references(reference.expression)
            found |= {chain[1] for chain in chains if chain[0] == "page" and len(chain) > 1}
    except (template.TemplateError, expression.ExpressionError):
        return found
    return found
