"""A key is text, not a list or a map.

Mostly it is an expression that wants quotes.

Wrong:

    # modules/get_thing.v1.yaml
    x-note: {[a, b]: c}

Right:

    # modules/get_thing.v1.yaml
    x-note: {"[a, b]": c}
"""

from __future__ import annotations

from koppling.diagnostics import Severity

SEVERITY: Severity = "error"
