"""A file is YAML 1.2, one document, in UTF-8.

Inside `{…}` and `[…]`, a text that holds `:`, `,` or `?` is quoted, as is every `${…}`.

Wrong:

    # modules/get_thing.v1.yaml
    request: {method: GET, path: /things/${input.id}}

Right:

    # modules/get_thing.v1.yaml
    request: {method: GET, path: "/things/${input.id}"}
"""

from __future__ import annotations

from koppling.diagnostics import Severity

SEVERITY: Severity = "error"
