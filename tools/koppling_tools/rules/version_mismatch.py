"""The version of a module begins with the number in its file's name.

A new major version goes into a file of its own beside the old one, so that callers of the old one notice nothing.

Wrong:

    # modules/get_thing.v1.yaml
    version: 2.0.0

Right:

    # modules/get_thing.v1.yaml
    version: 1.4.2
"""

from __future__ import annotations

from koppling.diagnostics import Severity

SEVERITY: Severity = "error"
