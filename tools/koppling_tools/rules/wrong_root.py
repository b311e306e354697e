"""A root stands where there is such a thing: no answer before there was a request.

Which roots a place has is told in `spec/README.md`, section 4.

Wrong:

    # modules/get_thing.v1.yaml
    request: {method: GET, path: "/things/${input.id}", headers: {X-Tag: "${body.tag}"}}

Right:

    # modules/get_thing.v1.yaml
    request: {method: GET, path: "/things/${input.id}", headers: {X-Tag: "${call.id}"}}
"""

from __future__ import annotations

from koppling.diagnostics import Severity

SEVERITY: Severity = "error"
