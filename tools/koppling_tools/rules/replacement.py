"""The module that callers are sent to is there, and lives.

Wrong:

    # modules/get_thing.v1.yaml
    lifecycle: {deprecated: 2094-01-01, replaced_by: get_item}

Right:

    # modules/get_thing.v1.yaml
    lifecycle: {deprecated: 2094-01-01, reason: Things are going.}
"""

from __future__ import annotations

from collections.abc import Iterator

from koppling.diagnostics import Severity, suggestion
from koppling_tools.rules.view import Facts, Finding, FolderView

SEVERITY: Severity = "warning"


def of_folder(view: FolderView) -> Iterator[Finding]:
    """Find the replacements that are no module, or retired themselves."""
    for one in view.files:
        for reference in one.references:
            if reference.what != "replacement":
                continue
            short, named = view.short(reference.name), view.named(reference.name)
            if not named:
                message = f"the replacement {short!r} is no module of this connector"
                yield Finding(None, message, help=suggestion(short, view.modules), location=one.at(reference))
            elif (around := _around(view, one, reference.name)) is not None:
                yield Finding(
                    None, around, help="name what lives on, or give a `reason` alone", location=one.at(reference)
                )
            elif all(str(view.lifecycle(module).get("retired", "9")) <= view.day for module in named):
                yield Finding(
                    None,
                    f"the replacement {short!r} is retired itself",
                    help="name the module that replaced that one",
                    location=one.at(reference),
                )


def _around(view: FolderView, one: Facts, name: str) -> str | None:
    """Say so, where the replacements lead back to where they began."""
    start = next((module for module, path in view.modules.items() if str(path) == one.path), "")
    seen, at = [start], view.short(name)
    while at in view.modules and at not in seen:
        seen.append(at)
        at = view.short(str(view.lifecycle(at).get("replaced_by", "")))
    if at != start or not start:
        return None
    return "it replaces itself" if len(seen) == 1 else f"the replacements go round: {' → '.join([*seen, start])}"
