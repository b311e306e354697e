"""The default and the examples of a field keep to its own schema.

A default that is refused makes every call that relies on it fail; an example that is refused teaches a mistake.

Wrong:

    # modules/get_thing.v1.yaml
    fields:
      id: {type: string, title: ID, minLength: 3, examples: [x]}

Right:

    # modules/get_thing.v1.yaml
    fields:
      id: {type: string, title: ID, minLength: 3, examples: [th_1]}
"""

from __future__ import annotations

from koppling.diagnostics import Severity

SEVERITY: Severity = "error"
