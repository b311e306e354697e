"""The schema of a field is JSON Schema that every validator reads alike.

A type or keyword that is none, a pattern that does not compile or that engines read differently (look-around,
back-references), and rules of `validation` that are none, are all found here.

Wrong:

    # modules/get_thing.v1.yaml
    fields:
      id: {type: string, title: ID, pattern: "(th_"}

Right:

    # modules/get_thing.v1.yaml
    fields:
      id: {type: string, title: ID, pattern: "^th_"}
"""

from __future__ import annotations

from koppling.diagnostics import Severity

SEVERITY: Severity = "error"
