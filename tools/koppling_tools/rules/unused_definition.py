"""A definition in `$defs` is referred to.

Wrong:

    # modules/get_thing.v1.yaml
    $defs:
      colour: {enum: [red, green]}

Right:

    # modules/get_thing.v1.yaml
    $defs:
      thing_id: {type: string, minLength: 1}
    fields:
      id: {$ref: "#/$defs/thing_id", title: ID}
"""

from __future__ import annotations

from collections.abc import Iterator

from koppling.compile.schemas import references
from koppling.diagnostics import Severity
from koppling_tools.rules.view import Finding, ModuleView

SEVERITY: Severity = "warning"


def of_module(view: ModuleView) -> Iterator[Finding]:
    """Find the definitions that nothing in the module's file refers to."""
    named = {text.rpartition("/")[2] for _, text in references(view.value) if text.startswith("#")}
    for name in view.value.get("$defs") or {}:
        if name not in named:
            yield Finding(view.document, f"nothing refers to `{name}`", ("$defs", name), "remove it", key=True)
