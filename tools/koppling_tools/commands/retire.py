"""`koppling retire`: from a day on, a thing refuses to run."""

from __future__ import annotations

from koppling_tools.editing.ending import ending

command = ending("retire", "retired", "From a day on, refuse a module, an operation, a field or a value.")
