"""A file is not nested or unfolded beyond what any honest one is.

At most 64 levels, 200 000 values, 1 000 aliases: a few lines of aliases can otherwise fill a machine's memory.

Wrong:

    # modules/get_thing.v1.yaml
    x-bomb:
      a: &a [x, x, x, x, x, x, x, x, x, x]
      b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]
      c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]
      d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]

Right:

    # modules/get_thing.v1.yaml
    x-short:
      a: &a [x, x]
      b: [*a, *a]
"""

from __future__ import annotations

from koppling.diagnostics import Severity

SEVERITY: Severity = "error"
