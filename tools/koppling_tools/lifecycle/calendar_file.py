"""The ends of things as a calendar that people subscribe to: iCalendar, https://www.rfc-editor.org/rfc/rfc5545."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from koppling_tools.lifecycle.dated import Dated

_WIDEST = 70  # octets of a line; the rest is folded


def calendar(found: Sequence[Dated]) -> str:
    """Return a calendar with a day for each end."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//koppling//lifecycle//EN", "CALSCALE:GREGORIAN"]
    for one in found:
        for key, words in (("deprecated", "is deprecated"), ("retired", "retires")):
            day = getattr(one.lifecycle, key)
            if day:
                lines += list(_event(one, key, words, date.fromisoformat(day)))
    return "".join(f"{folded}\r\n" for line in [*lines, "END:VCALENDAR"] for folded in _folded(line))


def _event(one: Dated, key: str, words: str, day: date) -> Iterator[str]:
    said = ". ".join(
        text
        for text in (
            f"Use {one.lifecycle.replaced_by}" if one.lifecycle.replaced_by else "",
            (one.lifecycle.reason or "").rstrip("."),
            one.lifecycle.source or "",
        )
        if text
    )
    yield "BEGIN:VEVENT"
    yield f"UID:{_escaped(one.name)}/{key}@koppling"
    yield f"DTSTAMP:{day:%Y%m%d}T000000Z"
    yield f"DTSTART;VALUE=DATE:{day:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}"
    yield f"SUMMARY:{_escaped(f'{one.name} {words}')}"
    if said:
        yield f"DESCRIPTION:{_escaped(said)}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _escaped(text: str) -> str:
    for character in "\\;,":
        text = text.replace(character, f"\\{character}")
    return text.replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    while len(line.encode()) > _WIDEST:
        at = _WIDEST
        while len(line[:at].encode()) > _WIDEST:
            at -= 1
        yield line[:at]
        line = f" {line[at:]}"
    yield line
