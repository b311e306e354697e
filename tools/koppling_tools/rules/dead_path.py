"""A path of an expression leads somewhere in an answer that is known.

What answers look like is told by the examples, and by `response.body` where the spec has one. A path that no answer has
is null at every call: a misspelt name, or one that the vendor has dropped.

Wrong:

    # modules/get_thing.v1.yaml
    response: {output: {name: nam}}

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
    """Find the paths that lead nowhere in any answer."""
    yield from never_matching(view, "dead-path")
