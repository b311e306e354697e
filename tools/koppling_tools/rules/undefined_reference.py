"""What is named is there: an input, a field of the connection, a cursor, a definition, an operation.

A name that is misspelt would be absent at every call, and what it stands in silently dropped.

Wrong:

    # modules/get_thing.v1.yaml
    request: {method: GET, path: "/things/${input.ids}"}

Right:

    # modules/get_thing.v1.yaml
    request: {method: GET, path: "/things/${input.id}"}
"""

from __future__ import annotations

from koppling.diagnostics import Severity

SEVERITY: Severity = "error"
