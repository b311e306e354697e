"""An expression is JMESPath, and a `${` is closed.

What does not compile would fail at every call. The caret stands where the parser gave up.

Wrong:

    # modules/get_thing.v1.yaml
    response: {output: {name: "name["}}

Right:

    # modules/get_thing.v1.yaml
    response: {output: {name: "name"}}
"""

from __future__ import annotations

from koppling.diagnostics import Severity

SEVERITY: Severity = "error"
