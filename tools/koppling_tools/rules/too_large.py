"""A spec is no larger than a person can read.

The bound is 2 MiB a file. It keeps a file that is none, or was made to do harm, from stopping whoever reads it.

Wrong:

    # examples/get_thing.v1/smallest.yaml repeated 40000
    title: The smallest call, written out so often that nobody will ever read it

Right:

    # examples/get_thing.v1/smallest.yaml
    title: The smallest call
"""

from __future__ import annotations

from koppling.diagnostics import Severity

SEVERITY: Severity = "error"
