"""The dates of a lifecycle are days that exist, in the order in which a thing lives.

`since`, then `deprecated`, then `retired`. Dates are compared as text, so one that is no day would be passed on no day,
or on the wrong one.

Wrong:

    # modules/get_thing.v1.yaml
    lifecycle: {deprecated: 2027-06-31, replaced_by: get_thing}

Right:

    # modules/get_thing.v1.yaml
    lifecycle: {deprecated: 2094-06-30, reason: It moves.}
"""

from __future__ import annotations

from koppling.diagnostics import Severity

SEVERITY: Severity = "error"
