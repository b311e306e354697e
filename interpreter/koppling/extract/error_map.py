"""The error map: which answers are errors, of which kind, and where the vendor says why."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from koppling.errors import Kind
from koppling.expression import Roots
from koppling.extract.values import Evaluate, value_of
from koppling.statuses import SUCCESS


class ErrorMatch(NamedTuple):
    """What an entry of the error map says of an answer."""

    kind: Kind
    retry: bool | None = None


class Errors:
    """The error map of an operation, with where the vendor writes what went wrong."""

    def __init__(self, entries: list[dict[str, Any]], body: Mapping[str, str], request_id: str | None) -> None:
        self._entries = [
            (
                _statuses(entry["status"]),
                value_of(entry["when"]) if "when" in entry else None,
                ErrorMatch(entry["kind"], entry.get("retry")),
            )
            for entry in entries
        ]
        self._of_status: dict[int, list[tuple[Evaluate | None, ErrorMatch]]] = {}
        #: Whether an answer with a success's status may be an error.
        self.disguised = any(self._fitting(status) for status in (200, 201, 202))
        self._facts = {name: value_of(text) for name, text in body.items() if not name.startswith("x-")}
        self._request_id = request_id.lower() if request_id else None

    def match(self, status: int, headers: dict[str, str], body: Any) -> ErrorMatch | None:
        """Return the first entry that fits; for an answer that is no success, at least kind runtime."""
        for when, found in self._fitting(status):
            if when is None or when(body, {"status": status, "headers": headers, "body": body}):
                return found
        return None if status in SUCCESS else ErrorMatch("runtime")

    def _fitting(self, status: int) -> list[tuple[Evaluate | None, ErrorMatch]]:
        """Return the entries for a status, sought once."""
        if status not in self._of_status:
            self._of_status[status] = [(when, found) for fits, when, found in self._entries if fits(status)]
        return self._of_status[status]

    def facts(self, status: int, headers: dict[str, str], body: Any) -> dict[str, str | None]:
        """Return the vendor's message, code, type and param, as text."""
        roots: Roots = {"status": status, "headers": headers, "body": body}
        return {name: _fact(find(body, roots)) for name, find in self._facts.items()}

    def request_id(self, headers: Mapping[str, str]) -> str | None:
        """Return the vendor's name for the call."""
        return headers.get(self._request_id) if self._request_id else None


def _fact(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _statuses(plan: Any) -> Callable[[int], bool]:
    ranges = [_range(one) for one in (plan if isinstance(plan, list) else [plan])]
    return lambda status: any(low <= status <= high for low, high in ranges)


def _range(plan: Any) -> tuple[int, int]:
    low, _, high = str(plan).partition("-")
    return int(low), int(high or low)
