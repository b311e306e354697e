"""A field is not the one that selects the operation, too.

`select.field` makes a field of its own: the choice. Another of the same name could never be given.

Wrong:

    # modules/get_thing.v1.yaml
    select: {field: id, title: Action}
    operations: {one: {}}

Right:

    # modules/get_thing.v1.yaml
    select: {field: action, title: Action, default: one}
    operations: {one: {}}
"""

from __future__ import annotations

from koppling.diagnostics import Severity

SEVERITY: Severity = "error"
