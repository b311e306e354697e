"""Secrets, and the one way they are kept out of whatever is shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

MASK = "***"
SHORTEST = 4
"""Characters of the shortest secret that is looked for in texts: a shorter one stands in ordinary words as well."""


class Masker:
    """Replaces known secrets of at least four characters, in every form in which they travel, by `***`."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = tuple(dict.fromkeys(secret for secret in secrets if len(secret) >= SHORTEST))

    def knows(self, secret: str) -> bool:
        """Tell whether it is one of those."""
        return secret in self._secrets

    def with_more(self, secrets: Iterable[str]) -> Masker:
        """Return a masker that knows more."""
        more = [one for one in secrets if one not in self._secrets]
        return Masker((*self._secrets, *more)) if more else self

    def joined(self, other: Masker) -> Masker:
        """Return a masker that knows what either knows."""
        return self.with_more(other._secrets)

    @cached_property
    def _forms(self) -> re.Pattern[str] | None:
        # The longest first: what holds another secret inside must go as a whole.
        forms = sorted({form for secret in self._secrets for form in _forms(secret)}, key=len, reverse=True)
        return re.compile("|".join(forms)) if forms else None

    def text(self, text: str) -> str:
        """Return the text without any secret."""
        return self._forms.sub(MASK, text) if self._forms is not None else text

    def start(self, text: str, length: int) -> str:
        """Return the beginning of a text without any secret, nor the beginning of one."""
        return self.text(text)[:length]

    def value(self, value: Any) -> Any:
        """Return a copy of a JSON value without any secret, keys included; of bytes, too."""
        if not self._secrets:
            return value
        try:
            return self._value(value)
        except RecursionError:
            return "(nested too deep to be searched for secrets)"

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bytes):
            return self.text(value.decode(errors="surrogateescape")).encode(errors="surrogateescape")
        if isinstance(value, int | float):  # a secret may be a number
            return MASK if str(value) in self._secrets else value
        if isinstance(value, dict):
            return {self.text(key): self._value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._value(item) for item in value]
        return value

    def __repr__(self) -> str:
        return f"Masker({len(self._secrets)} secrets)"


def _forms(secret: str) -> Iterator[str]:
    """Yield patterns of a secret: character by character in any spelling, as JSON and Python write it, in base64."""
    import json

    yield "".join(_spellings(character) for character in secret)
    for written in (json.dumps(secret), json.dumps(secret, ensure_ascii=False), repr(secret)):
        yield re.escape(written[1:-1])
    yield from _base64(secret.encode(errors="replace"))


def _base64(secret: bytes) -> Iterator[str]:
    """Yield patterns of bytes in base64, alone or in the midst of others, as the password in a `user:password`.

    Four characters write three bytes, so there are three ways to write them. The characters that the secret shares with
    its neighbours go as well.
    """
    import base64

    for before in range(3):
        written = base64.b64encode(bytes(before) + secret).decode().rstrip("=")
        whole = (before + len(secret)) % 3 == 0
        own = re.escape(written[(0, 2, 3)[before] : None if whole else -1])
        own = own.replace(r"\+", "[+-]").replace("/", "[/_]")  # the alphabet for addresses, RFC 4648, 5
        yield f"{'[A-Za-z0-9+/_-]' if before else ''}{own}{'' if whole else '[A-Za-z0-9+/_-]={0,2}'}"


def _spellings(character: str) -> str:
    """Return a pattern of one character: itself, percent-encoded (again and again), or escaped as JSON may do it."""
    encoded = "".join(f"%(?:25)*(?i:{byte:02x})" for byte in character.encode(errors="replace"))
    escaped = rf"\\{{1,15}}u(?i:{ord(character):04x})"
    if character in "/\"'":
        escaped += rf"|\\{{1,15}}{character}"
    return f"(?:{re.escape(character)}|{encoded}|{escaped}{r'|[+]' if character == ' ' else ''})"
