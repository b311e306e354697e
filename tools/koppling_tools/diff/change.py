"""One thing that changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from koppling.diagnostics import Location

Verdict = Literal["breaking", "additive", "cosmetic"]
ORDER: Final[dict[Verdict, int]] = {"breaking": 2, "additive": 1, "cosmetic": 0}


@dataclass(frozen=True, slots=True)
class Change:
    """What changed for callers of a module or a connector.

    `subject` is `acme.get_thing@1`, with its operation where it has several. `location` is in the new state, or in the
    old one for what is gone.
    """

    rule: str
    verdict: Verdict
    subject: str
    message: str
    location: Location
    help: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it as `--format json` prints it."""
        return {
            "rule": self.rule,
            "verdict": self.verdict,
            "subject": self.subject,
            "message": self.message,
            "path": self.location.path,
            "line": self.location.line,
            "column": self.location.column,
            "help": self.help,
        }


def gravest(changes: list[Change]) -> Verdict | None:
    """Return the gravest verdict, None where nothing changed."""
    return max((one.verdict for one in changes), key=lambda one: ORDER[one], default=None)
