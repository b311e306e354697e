"""A key stands once in its map.

YAML readers silently keep the last one; whoever edits the first wonders why nothing changes.

Wrong:

    # modules/get_thing.v1.yaml
    fields:
      id: {type: string, title: ID}
      id: {type: string, title: Name}

Right:

    # modules/get_thing.v1.yaml
    fields:
      id: {type: string, title: ID}
"""

from __future__ import annotations

from koppling.diagnostics import Severity

SEVERITY: Severity = "error"
