"""Secrets, and what stands in the example in their place, spelled as they were."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, unquote

from koppling.diagnostics import join_pointer
from koppling_tools.recording.spellings import SHORTEST, pattern, pieces

_TOKEN: Final = re.compile(r"[A-Za-z0-9+/_-]{6,}={0,2}")
_DEEPEST: Final = 3  # base64 of base64 of base64
_LEFT: Final = "***"  # in place of what cannot be spelled anew


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret: its text, what stands for it, and what it is, for people."""

    text: str
    stand_in: str
    what: str


class Disguise:
    """Replaces secrets in whatever they stand, and looks whether any is left.

    Args:
        secrets: those that are long enough to be told from other text; one that is its own stand-in is none.
        moved: other texts to be replaced where they stand as they are, such as the address of a server.
    """

    def __init__(self, secrets: Sequence[Secret], moved: Mapping[str, str] | None = None) -> None:
        unique = {one.text: one for one in reversed(secrets) if one.text != one.stand_in and len(one.text) >= SHORTEST}
        self._secrets = sorted(unique.values(), key=lambda one: -len(one.text))
        self._patterns = [pattern(one.text) for one in self._secrets]
        self._moved = dict(moved or {})
        self.found: dict[str, int] = {}

    def value(self, value: Any) -> Any:
        """Return a JSON value with stand-ins, keys included. A number stays one where its stand-in is one."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self.value(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(one) for one in value]
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _number(self.text(json.dumps(value)))
        return value

    def data(self, data: bytes) -> bytes:
        """Return bytes with stand-ins; those that are no text, too."""
        try:
            return self.text(data.decode()).encode()
        except UnicodeDecodeError:
            return self._bytes(data)

    def text(self, text: str, depth: int = 0) -> str:
        """Return a text with stand-ins, in what is base64 of a text as well."""
        for old, new in self._moved.items():
            text = text.replace(old, new)
        if not self._secrets or len(text) < SHORTEST:
            return text
        if depth < _DEEPEST:
            text = _TOKEN.sub(lambda match: self._token(match[0], depth), text)
        for one, form in zip(self._secrets, self._patterns, strict=True):
            text = form.sub(lambda match, one=one: self._spelled(one, match[0]), text)  # type: ignore[misc]  # a default binds the loop's variable
            for start, end in reversed(list(pieces(text, one.text))):
                self._count(one)
                text = text[:start] + _LEFT + text[end:]
        return text

    def _token(self, written: str, depth: int) -> str:
        """Return what may be base64 as base64 of the same with stand-ins."""
        decoded = _decoded(written)
        if decoded is None:
            return written
        try:
            swapped = self.text(decoded.decode(), depth + 1).encode()
        except UnicodeDecodeError:
            swapped = self._bytes(decoded)
        if swapped == decoded:
            return written
        encoded = base64.b64encode(swapped, b"-_" if set(written) & {"-", "_"} else b"+/").decode()
        return encoded if len(written) % 4 == 0 else encoded.rstrip("=")

    def _bytes(self, data: bytes) -> bytes:
        for one in self._secrets:
            for written in (one.text.encode(errors="replace"), one.text.encode("utf-16-le", errors="replace")):
                if written in data:
                    self._count(one)
                    data = data.replace(written, one.stand_in.encode())
        return data

    def _spelled(self, one: Secret, written: str) -> str:
        self._count(one)
        if written == one.text:
            return one.stand_in
        if "%" in written and unquote(written) == one.text:
            return quote(one.stand_in, safe="")
        if written.replace("+", " ") == one.text:
            return one.stand_in.replace(" ", "+")
        return one.stand_in if _as_json(written) == one.text or written.lower() == one.text.lower() else _LEFT

    def _count(self, one: Secret) -> None:
        self.found[one.what] = self.found.get(one.what, 0) + 1

    def left(self, text: str) -> Iterator[str]:
        """Yield what is left of secrets in a text: what they are, never what they say."""
        for one, form in zip(self._secrets, self._patterns, strict=True):
            if form.search(text) or next(pieces(text, one.text), None):
                yield one.what

    def _left_deep(self, text: str, depth: int = 0) -> Iterator[str]:
        """Yield what is left in a text, base64 in it decoded."""
        yield from self.left(text)
        for token in _TOKEN.finditer(text) if depth < _DEEPEST else ():
            decoded = _decoded(token[0])
            if decoded is not None:
                for shown in {decoded.decode(errors="replace"), decoded.decode("utf-16-le", errors="replace")}:
                    yield from self._left_deep(shown, depth + 1)

    def left_in(self, value: Any, pointer: tuple[str | int, ...] = ()) -> Iterator[tuple[str, str]]:
        """Yield what is left in a value: what, and where."""
        if isinstance(value, dict):
            for key, one in value.items():
                yield from ((what, join_pointer(*pointer)) for what in self._left_deep(str(key)))
                yield from self.left_in(one, (*pointer, str(key)))
        elif isinstance(value, list):
            for index, one in enumerate(value):
                yield from self.left_in(one, (*pointer, index))
        elif value is not None and not isinstance(value, bool):
            text = value if isinstance(value, str) else json.dumps(value)
            yield from ((what, join_pointer(*pointer)) for what in self._left_deep(text))


def _decoded(written: str) -> bytes | None:
    whole = written.rstrip("=")
    if len(whole) % 4 == 1:
        return None
    try:
        standard = whole.replace("-", "+").replace("_", "/") + "=" * (-len(whole) % 4)
        return base64.b64decode(standard, validate=True)
    except (ValueError, binascii.Error):
        return None


def _as_json(written: str) -> str | None:
    try:
        found = json.loads(f'"{written}"')
    except ValueError:
        return None
    return found if isinstance(found, str) else None


def _number(written: str) -> Any:
    try:
        return json.loads(written)
    except ValueError:
        return written
