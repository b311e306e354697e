"""What an expression takes apart as a list is one in some answer.

`things[*].id` over an object is null at every call.

Wrong:

    # modules/get_thing.v1.yaml
    response: {output: {name: "name[*].text"}}

Right:

    # modules/get_thing.v1.yaml
    response: {output: {name: name}}
"""

from __future__ import annotations

from collections.abc import Iterator

from koppling.diagnostics import Severity
from koppling_tools.rules.inference import never_matching
from koppling_tools.rules.view import Finding, ModuleView

SEVERITY: Severity = "warning"


def of_module(view: ModuleView) -> Iterator[Finding]:
    """Find the lists that are none."""
    yield from never_matching(view, "not-a-list")
