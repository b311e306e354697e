"""A module is named as its file, a connector as its folder.

The name is how callers find it, the file how editors do; two names for one thing lead both astray.

Wrong:

    # modules/get_thing.v1.yaml
    name: fetch_thing

Right:

    # modules/get_thing.v1.yaml
    name: get_thing
"""

from __future__ import annotations

from koppling.diagnostics import Severity

SEVERITY: Severity = "error"
