"""Who retires a thing says what to use instead, or at least why.

The callers of a retired module see these words and nothing else.

Wrong:

    # modules/get_thing.v1.yaml
    lifecycle: {retired: 2094-01-01}

Right:

    # modules/get_thing.v1.yaml
    lifecycle: {retired: 2094-01-01, reason: The vendor has no things any more.}
"""

from __future__ import annotations

from koppling.diagnostics import Severity

SEVERITY: Severity = "error"
