"""A key that is needed is there.

Wrong:

    # modules/get_thing.v1.yaml
    request: {method: GET}

Right:

    # modules/get_thing.v1.yaml
    request: {method: GET, path: "/things/${input.id}"}
"""

from __future__ import annotations

from koppling.diagnostics import Severity

SEVERITY: Severity = "error"
