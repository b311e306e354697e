"""A value is what the language wants in its place.

The whole language is in `spec/README.md`; its grammar is JSON Schema, which editors read through the first line of each
file. Unknown keys and missing ones have rules of their own.

Wrong:

    # modules/get_thing.v1.yaml
    kind: task

Right:

    # modules/get_thing.v1.yaml
    kind: action
"""

from __future__ import annotations

from koppling.diagnostics import Severity

SEVERITY: Severity = "error"
