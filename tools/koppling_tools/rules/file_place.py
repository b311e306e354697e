"""A file in a connector's folder stands where something reads it.

A module is `modules/NAME.vMAJOR.yaml`, an example `examples/NAME.vMAJOR/CASE.yaml`. What stands elsewhere looks as if
it counted, and does not.

Wrong:

    # get_thing.v1.yaml
    name: get_thing

Right:

    # modules/get_thing.v1.yaml
    name: get_thing
"""

from __future__ import annotations

from koppling.diagnostics import Severity

SEVERITY: Severity = "error"
