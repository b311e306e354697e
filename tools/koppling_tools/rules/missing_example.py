"""Every operation has an example that sends a request.

Examples are the tests of a spec, and the first thing that its readers look for.

Wrong:

    # examples/get_thing.v1/smallest.yaml absent

Right:

    # examples/get_thing.v1/smallest.yaml
    title: The smallest call
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from koppling.diagnostics import Severity
from koppling_tools.rules.view import Finding, ModuleView

SEVERITY: Severity = "warning"


def of_module(view: ModuleView) -> Iterator[Finding]:
    """Find the operations that no example shows."""
    path = Path(view.document.path)
    for operation in view.operations:
        if not any(one.faults or one.exchanges for one in view.examples_of(operation)):
            what = "the module" if operation is None else f"operation `{operation}`"
            pointer = ("name",) if operation is None else ("operations", operation)
            place = path.parent.parent / "examples" / path.stem / "CASE.yaml"
            yield Finding(
                view.document, f"{what} has no example that sends a request", pointer, f"write {place}", key=True
            )
