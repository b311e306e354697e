"""When a request is sent again, and after how long. Decisions only; nobody sleeps here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from koppling.times import header_form, seconds

SAFE: Final = ("GET", "HEAD", "PUT", "DELETE", "OPTIONS")  # idempotent methods, RFC 9110, 9.2.2

#: What stands in the header of an idempotency key: a template that no spec wrote.
KEY: Final = "${call.key}"


class Tried(NamedTuple):
    """A request that failed.

    `number` counts its attempts from 1; `keyed` tells whether it carries an idempotency key, `replayable` whether its
    body can be sent again.
    """

    method: str
    number: int
    keyed: bool
    replayable: bool


class Verdict(NamedTuple):
    """Whether a request is sent again: after how many seconds (None: it is not), and why, in words."""

    wait: float | None
    why: str


class Retry:
    """The retry rules of an operation; `plan` is a `retry` of the language."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        self._plan = plan
        when = plan.get("when", ())
        self._attempts = int(plan.get("attempts", 1))
        self._reasons = {one for one in when if isinstance(one, str) and not one[0].isdigit()}
        self._statuses = [_range(one) for one in when if isinstance(one, int) or one[0].isdigit()]
        self._methods = set(plan.get("methods", SAFE))
        self._obeyed: str | None = plan["obey"].lower() if "obey" in plan else None
        #: The header of the idempotency key, in lower case.
        self.key_header: str | None = plan["idempotency"]["header"].lower() if "idempotency" in plan else None
        wait = plan.get("wait", {})
        self._after = [header_form(one) for one in wait.get("after", ("retry-after",))]
        self._base, self._cap = float(wait.get("base", 0.5)), float(wait.get("cap", 8))
        self._give_up = float(wait.get("give_up_beyond", 120))

    def over(self, plan: Mapping[str, Any]) -> Retry:
        """Return the rules with some of a caller's own in place of the spec's."""
        return Retry({**self._plan, **plan})

    def after_no_answer(self, tried: Tried, reason: str, random: Callable[[], float], *, sent: bool) -> Verdict:
        """Judge a request that the network failed.

        One that never left may be repeated whatever its method; one that may have been carried out only where it does
        no harm.

        Args:
            tried: the request.
            reason: connect, timeout, cut or protocol.
            random: yields numbers from 0 to 1.
            sent: whether it may have been carried out.
        """
        why = f"`{reason}` is in `retry.when`"
        refused = None if reason in self._reasons else f"`{reason}` is not in `retry.when`"
        refused = refused or self._barred(tried, sent=sent)
        if refused is not None:
            return _not(refused)
        return Verdict(self._backoff(tried.number, random), f"repeated: {why if sent else f'it never left, and {why}'}")

    def after_status(
        self,
        tried: Tried,
        status: int,
        headers: Mapping[str, str],
        random: Callable[[], float],
        *,
        told: bool | None,
        after: float | None,
    ) -> Verdict:
        """Judge a request whose answer is no success.

        Args:
            tried: the request.
            status: of the answer.
            headers: of the answer, their names in lower case.
            random: yields numbers from 0 to 1.
            told: what the error map says, over the list of statuses.
            after: what the answer asks for, in seconds.
        """
        wanted, why = self._wanted(status, headers, told)
        refused = self._barred(tried, sent=True) if wanted else why
        if refused is None and after is not None and after > self._give_up:
            refused = f"the answer asks for {after:g} s, and `retry.wait.give_up_beyond` is {self._give_up:g} s"
        if refused is not None:
            return _not(refused)
        return Verdict(after or self._backoff(tried.number, random), f"repeated: {why}")

    def _wanted(self, status: int, headers: Mapping[str, str], told: bool | None) -> tuple[bool, str]:
        """Tell whether such an answer is one to try again after; the answer's own word counts most."""
        word = headers.get(self._obeyed, "").strip().lower() if self._obeyed else ""
        if word in {"true", "false"}:
            return word == "true", f"the answer says {self._obeyed}: {word}"
        if told is not None:
            return told, f"`errors` says retry: {str(told).lower()} for it"
        listed = any(low <= status <= high for low, high in self._statuses)
        return listed, f"{status} is {'' if listed else 'not '}in `retry.when`"

    def _barred(self, tried: Tried, *, sent: bool) -> str | None:
        """Return why a request cannot, or may not, be sent once more."""
        if not tried.replayable:
            return "its body can be read only once; give a path, bytes or a file that can seek"
        if sent and not tried.keyed and tried.method not in self._methods:
            return (
                f"a {tried.method} may have been carried out; where that does no harm, the spec lists it in "
                f"`retry.methods`, or the caller in Client(retry={{'methods': […]}})"
            )
        if tried.number >= self._attempts:
            return f"`retry.attempts` is {self._attempts}"
        return None

    def _backoff(self, number: int, random: Callable[[], float]) -> float:
        return random() * min(self._cap, self._base * 2.0 ** (number - 1))

    def asked_for(self, headers: Mapping[str, str], now: float) -> float | None:
        """Return how many seconds an answer asks to wait, by the first of its headers that says so."""
        for name, form in self._after:
            if name in headers and (found := seconds(headers[name], now, form)) is not None:
                return found
        return None


def _not(why: str) -> Verdict:
    return Verdict(None, f"not repeated: {why}")


def _range(plan: Any) -> tuple[int, int]:
    low, _, high = str(plan).partition("-")
    return int(low), int(high or low)
