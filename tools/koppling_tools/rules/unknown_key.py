"""A key is one that the language knows.

A misspelt key would otherwise mean nothing, silently. Keys of your own start with `x-`.

Wrong:

    # modules/get_thing.v1.yaml
    fields:
      id: {type: string, title: ID, minLenght: 1}

Right:

    # modules/get_thing.v1.yaml
    fields:
      id: {type: string, title: ID, minLength: 1}
    x-owner: the team that sells things
"""

from __future__ import annotations

from koppling.diagnostics import Severity

SEVERITY: Severity = "error"
