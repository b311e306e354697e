"""An input is used: in the request, or to tell how the answer is read.

Callers give it, nothing refuses it, and the vendor never sees it.

Wrong:

    # modules/get_thing.v1.yaml
    fields:
      id: {type: string, title: ID}
      colour: {type: string, title: Colour}

Right:

    # modules/get_thing.v1.yaml
    fields:
      id: {type: string, title: ID}
      colour: {type: string, title: Colour}
    request: {method: GET, path: "/things/${input.id}", query: {colour: "${input.colour}"}}
"""

from __future__ import annotations

from collections.abc import Iterator

from koppling import expression, template
from koppling.diagnostics import Severity
from koppling.read import Pointer
from koppling_tools.rules.view import Finding, ModuleView

SEVERITY: Severity = "warning"


def of_module(view: ModuleView) -> Iterator[Finding]:
    """Find the fields that an operation takes and does not use."""
    unused: dict[Pointer, list[str | None]] = {}
    for operation, merged in view.operations.items():
        used = {chain[1] if len(chain) > 1 else "*" for chain in _inputs(merged.tree)}
        if "*" in used:
            continue
        for name in merged.tree["fields"]:
            if name not in used:
                unused.setdefault(merged.origin(("fields", name)), []).append(operation)
    for pointer, operations in unused.items():
        name = pointer[-1]
        if len(operations) == len(view.operations):
            what = f"nothing uses the field `{name}`"
        else:
            what = f"{' and '.join(f'`{one}`' for one in operations)} takes the field `{name}`, and does not use it"
        yield Finding(view.document, what, pointer, f"send it, as ${{input.{name}}}, or remove it", key=True)


def _inputs(tree: object) -> Iterator[tuple[str, ...]]:
    assert isinstance(tree, dict)  # noqa: S101  (a merged tree is a map; for the type checker)
    for part in ("request", "response"):
        for _, reference in template.references(tree[part]):
            yield from (one for one in expression.references(reference.expression) if one[0] == "input")
