"""The dates of lifecycles: days that exist, in the order in which a thing lives. They are compared as text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Any

from koppling.diagnostics import Diagnostic
from koppling.read import Document, Pointer

_ORDER = ("since", "deprecated", "retired")
_PARTS = ("fields", "operations", "$defs", "connection", "properties", "items", "anyOf", "oneOf", "allOf")


def check_lifecycles(document: Document) -> Iterator[Diagnostic]:
    """Yield what is wrong with the dates of a connector or a module, and of everything in it."""
    for pointer, lifecycle in lifecycles(document.value):
        days = [(key, lifecycle[key]) for key in _ORDER if isinstance(lifecycle.get(key), str)]
        wrong = [(key, day) for key, day in days if not _exists(day)]
        for key, day in wrong:
            help_text = f"write a day of the calendar, as {_nearest(day)}"
            yield document.fault("lifecycle-dates", f"there is no day {day}", (*pointer, key), help=help_text)
        if wrong:
            continue
        for (earlier, first), (later, second) in pairwise(days):
            if first > second:
                message = f"`{later}` ({second}) comes before `{earlier}` ({first})"
                help_text = "a thing is there, then deprecated, then retired; are the two days swapped?"
                yield document.fault("lifecycle-dates", message, (*pointer, later), help=help_text)


def _nearest(day: str) -> str:
    """Return the last day that there is in the month that was written, or in the last month of its year."""
    try:
        year, month, number = (int(part) for part in day.split("-"))
    except ValueError:
        return "2026-12-31"
    month = min(max(month, 1), 12)
    for last in range(min(max(number, 1), 31), 0, -1):
        if _exists(f"{max(year, 1):04}-{month:02}-{last:02}"):
            return f"{max(year, 1):04}-{month:02}-{last:02}"
    return day


def _exists(day: str) -> bool:
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True


def lifecycles(value: Any, pointer: Pointer = ()) -> Iterator[tuple[Pointer, dict[str, Any]]]:
    """Yield every lifecycle of a connector or a module, its operations, fields and values, with its place."""
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from lifecycles(one, (*pointer, index))
        return
    if not isinstance(value, dict):
        return
    if isinstance(value.get("lifecycle"), dict):
        yield (*pointer, "lifecycle"), value["lifecycle"]
    values = value.get("values")
    for name, one in (values if isinstance(values, dict) else {}).items():
        if isinstance(one, dict):
            yield (*pointer, "values", name), one
    inside_map = bool(pointer) and pointer[-1] in {"fields", "operations", "$defs", "properties"}
    for key, one in value.items():
        if inside_map or key in _PARTS:
            yield from lifecycles(one, (*pointer, key))
