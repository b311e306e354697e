"""A module in one major version is one file.

Of `get_thing.v1.yaml` and `get_thing.v1.yml` only one is read, and which one is nobody's choice.

Wrong:

    # modules/get_thing.v1.yml whole
    name: get_thing
    version: 1.0.0
    title: Get another thing
    request: {method: GET, path: /things}

Right:

    # modules/get_thing.v1.yaml
    title: Get a thing
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from koppling.diagnostics import Location, Severity
from koppling_tools.rules.view import Finding, FolderView

SEVERITY: Severity = "error"


def of_folder(view: FolderView) -> Iterator[Finding]:
    """Find second files of one module."""
    first: dict[str, str] = {}
    for path in sorted(one.path for one in view.files if one.kind == "module"):
        stem = str(Path(path).with_suffix(""))
        if stem in first:
            message = f"the same module is {Path(first[stem]).name}, too"
            yield Finding(None, message, help="remove or rename one of them", location=Location(path))
        first.setdefault(stem, path)
