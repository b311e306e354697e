"""The reasons that a spec gives for what differs: `source: {differs: {PLACE: why}}`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from koppling_tools.drift.compare import Row


@dataclass
class Reasons:
    """Which rows have one.

    A key is a row's place (`/body/user`), or its rule and its place (`missing-here /body/user`); `*` stands for
    anything in either.
    """

    given: Mapping[str, str]
    used: set[str] = field(default_factory=set)

    def why(self, row: Row) -> str | None:
        """Return the reason for a row: of several the one that says the place most exactly."""
        fitting = [key for key in self.given if _fits(key, row)]
        self.used.update(fitting)
        best = max(fitting, key=lambda key: len(key.replace("*", "")), default=None)
        return None if best is None else self.given[best]

    def stale(self) -> Sequence[str]:
        """Return the keys that explain no row any more."""
        return [key for key in self.given if key not in self.used]


def _fits(key: str, row: Row) -> bool:
    rule, _, place = key.rpartition(" ")
    pattern = ".*".join(re.escape(one) for one in place.split("*"))
    return bool(re.fullmatch(pattern, row.place)) and (not rule or rule == row.rule)
