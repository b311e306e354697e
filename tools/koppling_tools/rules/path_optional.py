"""What stands in a path is required, or has a default.

A path with a hole in it is another path: `/things/` lists what `/things/1` shows, or deletes it all. So a value that is
absent there is refused at the call; here it is found before.

Wrong:

    # modules/get_thing.v1.yaml
    required: []

Right:

    # modules/get_thing.v1.yaml
    required: [id]
"""

from __future__ import annotations

from koppling.diagnostics import Severity

SEVERITY: Severity = "error"
