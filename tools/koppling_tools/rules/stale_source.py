"""Somebody compared a module with the vendor's page within the last year.

`source.verified` is the day on which that was done. Vendors change their pages weekly.

Wrong:

    # modules/get_thing.v1.yaml
    source: {page: "https://acme.example/docs/things", verified: 2020-01-01}

Right:

    # modules/get_thing.v1.yaml
    title: Get a thing
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from koppling.diagnostics import Severity
from koppling_tools.console.options import today
from koppling_tools.rules.view import Finding, ModuleView

SEVERITY: Severity = "advice"

_DAYS: Final = 365


def of_module(view: ModuleView) -> Iterator[Finding]:
    """Find a day that is long past."""
    if str((view.value.get("lifecycle") or {}).get("retired", "9")) <= view.day:
        return
    try:
        day = date.fromisoformat(str((view.value.get("source") or {})["verified"]))
    except (KeyError, ValueError):
        return
    age = (date.fromisoformat(view.day) - day).days
    pointer = ("source", "verified")
    if str(day) > max(view.day, today()):
        yield Finding(view.document, f"{day} is a day to come", pointer, "write the day on which somebody compared")
    if age > _DAYS:
        told = f"the vendor's page was last compared {age} days ago"
        yield Finding(view.document, told, pointer, "compare the module with its page, and write the day")
