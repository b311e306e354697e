"""The tokens of OAuth 2 (RFC 6749): what a token endpoint answered, and who holds it."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from koppling.errors import KopplingError
from koppling.mutex import Mutex

_SKEW: Final = 60.0  # seconds before its end that a token is renewed: clocks differ, and requests take their time
_SHARE: Final = 10  # of a short life, no more than this part of it
_NOT_BEARER: Final = {"mac", "pop", "dpop"}  # what a request would have to prove beyond the token itself


@dataclass(frozen=True, slots=True, repr=False)
class Tokens:
    """An access token, with what renews it. `expires_at` is in seconds since 1970, `expires_in` how long it lived."""

    access_token: str
    refresh_token: str | None = None
    expires_at: float | None = None
    expires_in: float | None = None

    def fresh(self, now: float) -> bool:
        """Tell whether the access token can be used still; where no end is known, it can until it is refused."""
        if self.expires_at is None:
            return True
        skew = _SKEW if self.expires_in is None else min(_SKEW, self.expires_in / _SHARE)
        return now < self.expires_at - skew

    def as_json(self) -> dict[str, Any]:
        """Return what is known, to be stored."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name)) is not None}

    def __repr__(self) -> str:
        return f"Tokens(expires_at={self.expires_at!r})"


def stored_tokens(found: Mapping[str, Any]) -> Tokens:
    """Return tokens as `as_json` gave them, or as a token endpoint did.

    Raises:
        ValueError: they are none.
    """
    access, refresh = found.get("access_token"), found.get("refresh_token")
    if not isinstance(access, str) or not access:
        raise ValueError("there is no access_token")
    if refresh is not None and not isinstance(refresh, str):
        raise ValueError("the refresh_token is no text")
    return Tokens(access, refresh or None, _seconds(found.get("expires_at")), _seconds(found.get("expires_in")))


def answered_tokens(answer: Any, now: float, refresh_token: str | None = None) -> Tokens:
    """Return the tokens that a token endpoint answered (RFC 6749, 5.1).

    Args:
        answer: the body.
        now: seconds since 1970.
        refresh_token: the one that was sent; it stays where the answer brings no other (RFC 6749, 6).

    Raises:
        ValueError: there are none.
    """
    if not isinstance(answer, dict):
        raise ValueError("the answer is no object")  # noqa: TRY004  (a fault of the answer, not of a type)
    kind = answer.get("token_type")
    if isinstance(kind, str) and kind.lower() in _NOT_BEARER:
        raise ValueError(f"the token is of the type {kind!r}, which is no bearer token")
    found = stored_tokens(answer)
    ends = None if found.expires_in is None else now + found.expires_in
    return replace(found, refresh_token=found.refresh_token or refresh_token, expires_at=ends)


def _seconds(value: Any) -> float | None:
    """Return a number of seconds; some vendors write it as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) and found >= 0 else None


class Lock(Protocol):
    """What only one process may have. Trying is a driver's work; nothing here waits."""

    def take(self) -> bool:
        """Take it, where it is free; tell whether it was taken."""

    def give_back(self) -> None:
        """Let another take it."""


class Keeper(Protocol):
    """Who keeps tokens where other processes find them. Loading and saving is a driver's work."""

    def lock(self) -> Lock | None:
        """Return what must be held to renew them."""

    def load(self) -> Tokens | None:
        """Return the tokens that are kept."""

    def save(self, tokens: Tokens) -> None:
        """Keep these."""


class Told:
    """A keeper that tells a program of new tokens, and knows of no other process."""

    def __init__(self, changed: Callable[[dict[str, Any]], None]) -> None:
        self._changed = changed

    def lock(self) -> None:
        """Return nothing to hold."""

    def load(self) -> None:
        """Return nothing: the program gave what there is."""

    def save(self, tokens: Tokens) -> None:
        """Tell the program."""
        self._changed(tokens.as_json())


class Held:
    """The tokens of one connection, shared by every client, thread and task that uses it.

    Args:
        tokens: those there are.
        keeper: keeps new ones.
        renewable: whether they are renewed at all.
    """

    def __init__(self, tokens: Tokens | None = None, keeper: Keeper | None = None, *, renewable: bool = True) -> None:
        self.tokens, self.keeper, self.renewable = tokens, keeper, renewable
        #: Who has it renews them.
        self.mutex = Mutex()
        #: How often somebody tried, and what came of it last.
        self.rounds = 0
        self.failure: KopplingError | None = None
        self._refused: str | None = None

    def usable(self, now: float) -> Tokens | None:
        """Return the tokens, as long as they can be used."""
        tokens = self.tokens
        if tokens is None or (self.renewable and not (tokens.fresh(now) and tokens.access_token != self._refused)):
            return None
        return tokens

    def refuse(self, tokens: Tokens) -> None:
        """Note that a vendor did not take an access token."""
        self._refused = tokens.access_token

    def renew(self, tokens: Tokens) -> None:
        """Hold new tokens."""
        self.tokens, self.failure, self.rounds = tokens, None, self.rounds + 1

    def fail(self, failure: KopplingError) -> None:
        """Note why there are no new tokens: those who waited need not ask as well."""
        self.failure, self.rounds = failure, self.rounds + 1


_making = threading.Lock()


def held_by(owner: Any) -> Held:
    """Return what an object holds at `held`; the same to all who ask first at once."""
    with _making:
        if owner.held is None:
            owner.held = Held()
        found: Held = owner.held
        return found
