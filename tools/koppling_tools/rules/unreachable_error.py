"""Every entry of an error map can be met: no earlier one without `when` takes all of its answers.

The first entry that matches wins.

Wrong:

    # modules/get_thing.v1.yaml
    errors:
      - {status: 400-499, kind: data}
      - {status: 404, kind: incomplete_data}

Right:

    # modules/get_thing.v1.yaml
    errors:
      - {status: 404, kind: incomplete_data}
      - {status: 400-499, kind: data}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from koppling.diagnostics import Severity
from koppling.read import Document, Pointer
from koppling_tools.rules.view import Finding

SEVERITY: Severity = "warning"


def of_document(document: Document) -> Iterator[Finding]:
    """Find the entries that an earlier one hides."""
    for pointer, entries in _maps(document.value):
        taken: dict[int, int] = {}
        for index, entry in enumerate(entries):
            own = _statuses(entry.get("status")) if isinstance(entry, dict) else set()
            told = str(entry.get("status", "")) if isinstance(entry, dict) else ""
            if "-" in told and not own and not isinstance(entry.get("status"), list):
                low, _, high = told.partition("-")
                help_text = f"write {high}-{low}"
                yield Finding(document, f"no status is in {told}", (*pointer, index, "status"), help_text)
            if own and own <= set(taken):
                first = document.locate((*pointer, taken[min(own)])).line
                told = f"the entry on line {first} takes every answer of this one"
                yield Finding(document, told, (*pointer, index), "move it up, or remove it")
            if isinstance(entry, dict) and "when" not in entry:
                for status in own:
                    taken.setdefault(status, index)


def _maps(value: Any) -> Iterator[tuple[Pointer, list[Any]]]:
    if not isinstance(value, dict):
        return
    if isinstance(value.get("errors"), list):
        yield ("errors",), value["errors"]
    operations = value.get("operations")
    for name, one in (operations if isinstance(operations, dict) else {}).items():
        if isinstance(one, dict) and isinstance(one.get("errors"), list):
            yield ("operations", name, "errors"), one["errors"]


def _statuses(told: Any) -> set[int]:
    """Return the statuses that an entry speaks of: a number, a range, or a list of both."""
    if isinstance(told, list):
        return set().union(*(_statuses(one) for one in told)) if told else set()
    first, _, last = str(told).partition("-")
    try:
        return set(range(int(first), int(last or first) + 1))
    except ValueError:
        return set()
