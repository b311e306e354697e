"""Times as vendors write them into headers and bodies, as seconds to wait. The clock is an argument."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final, Literal

Form = Literal["seconds", "milliseconds", "duration", "date", "epoch"]

LONGEST: Final = 1e9
"""Seconds that anybody waits, some thirty years: a vendor may write more, and no clock would take it."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_UNITS = {
    "d": 86_400,
    "h": 3_600,
    "m": 60,
    "s": 1,
    "ms": 1e-3,
    "us": 1e-6,
    "\u00b5s": 1e-6,
    "\u03bcs": 1e-6,
    "ns": 1e-9,
}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|us|\u00b5s|\u03bcs|ns|[dhms])", re.ASCII)
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|us|\u00b5s|\u03bcs|ns|[dhms]))+", re.ASCII)


def header_form(plan: str | Mapping[str, Any]) -> tuple[str, Form | None]:
    """Return the name of a header, in lower case, and the form of the time it holds, as the language writes the two."""
    if isinstance(plan, str):
        return plan.lower(), "milliseconds" if plan.lower().endswith("-ms") else None
    return plan["header"].lower(), plan["form"]


def seconds(value: str, now: float, form: Form | None = None) -> float | None:
    """Return how many seconds from now a time lies, from 0 to `LONGEST`; None where the text is no such time.

    Args:
        value: the text.
        now: seconds since 1970.
        form: what it is. `seconds` and `milliseconds` are numbers; `duration` is `6m0s` or `120ms` (a number alone is
            seconds); `date` an HTTP date (RFC 9110, 5.6.7) or one of RFC 3339; `epoch` seconds since 1970. None: a
            number of seconds, a duration or a date, by its looks.
    """
    value = value.strip()
    number = float(value) if _NUMBER.fullmatch(value) else None
    match form:
        case "seconds":
            found = number
        case "milliseconds":
            found = None if number is None else number / 1000
        case "epoch":
            found = None if number is None else number - now
        case "date":
            found = _until_date(value, now)
        case _:
            found = number if number is not None else _duration(value)
            if found is None and form is None:
                found = _until_date(value, now)
    return min(max(0.0, found), LONGEST) if found is not None and math.isfinite(found) else None


def _duration(value: str) -> float | None:
    if not _DURATION.fullmatch(value):
        return None
    return sum(float(amount) * _UNITS[unit] for amount, unit in _PART.findall(value))


def _until_date(value: str, now: float) -> float | None:
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            found = parse(value)
            # A date without a zone is one in UTC (RFC 9110, 5.6.7).
            return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp() - now
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None
