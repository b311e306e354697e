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
from koppling_tools.rules.view import Finding, FolderView

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
            elif all(str(view.lifecycle(module).get("retired", "9")) <= view.day for module in named):
                yield Finding(
                    None,
                    f"the replacement {short!r} is retired itself",
                    help="name the module that replaced that one",
                    location=one.at(reference),
                )
