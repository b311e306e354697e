"""Every case of a response can be met: none follows one without `when`.

Wrong:

    # modules/get_thing.v1.yaml
    response:
      - {output: {name: name}}
      - {when: "${status == `201`}", output: {name: name}}

Right:

    # modules/get_thing.v1.yaml
    response:
      - {when: "${status == `201`}", output: {name: name}}
      - {output: {name: name}}
"""

from __future__ import annotations

from collections.abc import Iterator

from koppling.diagnostics import Severity
from koppling_tools.rules.view import Finding, ModuleView

SEVERITY: Severity = "warning"


def of_module(view: ModuleView) -> Iterator[Finding]:
    """Find the cases after the one that takes all."""
    seen = set()
    for merged in view.operations.values():
        cases = view.cases(merged)
        last = next((index for index, (_, case) in enumerate(cases) if "when" not in case), len(cases))
        for at, _ in cases[last + 1 :]:
            place = merged.origin(at)
            if place not in seen:
                seen.add(place)
                told = "an earlier case has no `when` and takes every answer"
                yield Finding(view.document, told, place, "move that one to the end")
