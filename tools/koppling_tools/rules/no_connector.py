"""A module has a connector: `connector.yaml` in the folder above, or further along the search path.

Wrong:

    # connector.yaml absent

Right:

    # connector.yaml
    name: acme
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from koppling.diagnostics import Location, Severity
from koppling_tools.rules.view import Finding, FolderView

SEVERITY: Severity = "error"


def of_folder(view: FolderView) -> Iterator[Finding]:
    """Find the modules of a connector that is not there."""
    if view.connector is not None:
        return
    for one in view.files:
        if one.kind == "module":
            path = Path(one.path).parent.parent / "connector.yaml"
            yield Finding(
                None,
                f"there is no connector {view.name!r} for this module",
                help=f"write {path}, or name the folder that holds it with --specs",
                location=Location(one.path),
            )
