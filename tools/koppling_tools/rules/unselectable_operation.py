"""Operations can be chosen: `select` names the field by which.

Wrong:

    # modules/get_thing.v1.yaml
    operations: {one: {}}

Right:

    # modules/get_thing.v1.yaml
    select: {field: action, title: Action, default: one}
    operations: {one: {}}
"""

from __future__ import annotations

from koppling.diagnostics import Severity

SEVERITY: Severity = "error"
