"""What is compared, or given to a function, is of a type that fits.

A number is never equal to a text: ``status == '200'`` is false at every call; ``status == `200` `` is meant.

Wrong:

    # modules/get_thing.v1.yaml
    response: {output: {name: name, nameless: "name == `0`"}}

Right:

    # modules/get_thing.v1.yaml
    response: {output: {name: name, nameless: "name == ''"}}
    # examples/get_thing.v1/smallest.yaml
    output: {name: Anvil, nameless: false}
"""

from __future__ import annotations

from collections.abc import Iterator

from koppling.diagnostics import Severity
from koppling_tools.rules.inference import never_matching
from koppling_tools.rules.view import Finding, ModuleView

SEVERITY: Severity = "warning"


def of_module(view: ModuleView) -> Iterator[Finding]:
    """Find the comparisons and calls whose types never fit."""
    yield from never_matching(view, "unlike-types")
