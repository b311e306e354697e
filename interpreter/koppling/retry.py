"""When a request is sent again, and after how long. Decisions only; nobody sleeps here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

SAFE: Final = ("GET", "HEAD", "PUT", "DELETE", "OPTIONS")  # idempotent methods, RFC 9110, 9.2.2

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?")


class Retry:
    """The retry rules of an operation."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        self.attempts = int(plan.get("attempts", 1))
        self._reasons = {one for one in plan.get("when", ()) if isinstance(one, str) and not one[0].isdigit()}
        self._statuses = [_range(one) for one in plan.get("when", ()) if isinstance(one, int) or one[0].isdigit()]
        self._methods = set(plan.get("methods", SAFE))
        wait = plan.get("wait", {})
        self._after: list[str] = [name.lower() for name in wait.get("after", ("retry-after",))]
        self._base, self._cap = float(wait.get("base", 0.5)), float(wait.get("cap", 8))
        self._give_up = float(wait.get("give_up_beyond", 120))

    def after_no_answer(
        self, reason: str, method: str, number: int, random: Callable[[], float], *, sent: bool
    ) -> float | None:
        """Return the seconds to wait before the next attempt, None where there is none.

        A request that never left may always be repeated; one that may have been carried out only with a method that
        is allowed to.
        """
        wanted = "timeout" if reason == "timeout" else "connect"
        if number >= self.attempts or wanted not in self._reasons or reason == "protocol":
            return None
        return None if sent and method not in self._methods else self._backoff(number, random)

    def after_status(
        self,
        status: int,
        method: str,
        number: int,
        random: Callable[[], float],
        after: float | None,
        *,
        told: bool | None,
    ) -> float | None:
        """Return the seconds to wait before the next attempt, None where there is none.

        Args:
            status: of the answer.
            method: of the request.
            number: of the attempt, from 1.
            random: yields numbers from 0 to 1.
            after: what the answer asks for, in seconds.
            told: what the error map says, over the list of statuses.
        """
        listed = any(low <= status <= high for low, high in self._statuses)
        if number >= self.attempts or told is False or not (listed or told) or method not in self._methods:
            return None
        if after is not None and after > self._give_up:
            return None
        return after or self._backoff(number, random)

    def _backoff(self, number: int, random: Callable[[], float]) -> float:
        return random() * min(self._cap, self._base * 2.0 ** (number - 1))

    def asked_for(self, headers: Mapping[str, str], now: float) -> float | None:
        """Return how many seconds an answer asks to wait, by the first of its headers that says so."""
        for name in self._after:
            value = headers.get(name, "").strip()
            if value and (found := seconds(value, now, milliseconds=name.endswith("-ms"))) is not None:
                return found
        return None


def seconds(value: str, now: float, *, milliseconds: bool = False) -> float | None:
    """Return a waiting time in seconds: a number, a duration (`6m0s`, `120ms`), or an HTTP date (RFC 9110, 10.2.3)."""
    try:
        found = float(value)
    except ValueError:
        pass
    else:
        return max(0.0, found / 1000 if milliseconds else found) if found == found and found != float("inf") else None  # noqa: PLR0124
    duration = _DURATION.fullmatch(value)
    if duration and any(duration.groups()):
        hours, minutes, whole, thousandths = (float(part or 0) for part in duration.groups())
        return hours * 3600 + minutes * 60 + whole + thousandths / 1000
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, TypeError):
        return None


def _range(plan: Any) -> tuple[int, int]:
    low, _, high = str(plan).partition("-")
    return int(low), int(high or low)
