"""A comment that lets a fault stand names its rules, says why, and is needed.

A fault that is not an error can be let stand where it is, by `# koppling: ignore[RULE] why`, at the end of its line or
on a line of its own above; `ignore-file` counts for the whole file. A comment without a reason helps nobody who comes
later, and one that is no longer needed hides what comes next. Errors cannot be let stand: such a spec does not run.

Wrong:

    # modules/get_thing.v1.yaml
    title: Get a thing  # koppling: ignore[unused-field]

Right:

    # modules/get_thing.v1.yaml
    fields:
      id: {type: string}
      trace: {type: string}  # koppling: ignore[unused-field] forms of ours show it; the vendor never sees it
"""

from __future__ import annotations

from koppling.diagnostics import Severity

SEVERITY: Severity = "error"
