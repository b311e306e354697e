"""A document without the parts that are not the language, so that the rest can be checked at once."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from koppling.diagnostics import Diagnostic, split_pointer
from koppling.read import Document

# Without these the rest says nothing, or something else than was meant.
_NEEDED = frozenset({"name", "version", "title", "koppling", "request", "response", "fields", "operations", "select"})


def pruned(document: Document, faults: Iterable[Diagnostic]) -> Document | None:
    """Return the document without what these faults of the grammar are about; None where too little would be left."""
    value = copy.deepcopy(document.value)
    if not isinstance(value, dict):
        return None
    for fault in faults:
        steps = split_pointer(fault.pointer)
        if len(steps) < 2 and (not steps or steps[0] in _NEEDED):  # noqa: PLR2004  (at the top)
            return None
        if fault.rule in {"missing-key", "retired-silently", "unselectable-operation"}:
            steps = steps[:-1] if fault.rule == "missing-key" else steps
        if not steps or (steps[0] in {"operations", "select"} and len(steps) < 3):  # noqa: PLR2004  (an operation)
            return None
        _remove(value, steps)
    return replace(document, value=value)


def _remove(value: Any, steps: Sequence[str]) -> None:
    """Remove what steps lead to; of a list, all of it, since what is left would mean something else."""
    for index, step in enumerate(steps):
        inner = value.get(step) if isinstance(value, dict) else None
        if index == len(steps) - 1 or not isinstance(inner, dict):
            if isinstance(inner, str):
                return  # a text of the wrong kind keeps its place
            if index == 1 and steps[0] in {"fields", "$defs"}:
                value[step] = {}  # others may speak of it
            else:
                value.pop(step, None)
            return
        value = inner
