"""`koppling deprecate`: from a day on, callers are warned."""

from __future__ import annotations

from koppling_tools.editing.ending import ending

command = ending(
    "deprecate", "deprecated", "From a day on, warn the callers of a module, an operation, a field or a value."
)
