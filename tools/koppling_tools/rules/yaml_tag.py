"""A value has no tag.

Tags make objects of programs out of text. A spec is data: texts, numbers, lists, maps.

Wrong:

    # modules/get_thing.v1.yaml
    title: !python/name:os.system Get a thing

Right:

    # modules/get_thing.v1.yaml
    title: Get a thing
"""

from __future__ import annotations

from koppling.diagnostics import Severity

SEVERITY: Severity = "error"
