"""A file can be read.

It is there, it is a file, and whoever checks it may open it. (In a text this cannot be shown, so the examples are those
of a file that holds nothing.)

Wrong:

    # modules/get_thing.v1.yaml unreadable

Right:

    # modules/get_thing.v1.yaml
    title: Get a thing
"""

from __future__ import annotations

from koppling.diagnostics import Severity

SEVERITY: Severity = "error"
