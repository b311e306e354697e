"""The keys and scalars of a YAML text, each with its place: what `scan` finds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

from koppling.read import Pointer

Role = Literal["key", "value"]


@dataclass(frozen=True, slots=True)
class Scalar:
    """One key or scalar value. `start` and `end` are offsets in the text, quotes included."""

    pointer: Pointer
    role: Role
    start: int
    end: int
    raw: str

    @property
    def quote(self) -> str:
        """The quotation mark around it, or nothing."""
        return self.raw[0] if self.raw[:1] in {'"', "'"} else ""

    @property
    def inner(self) -> tuple[int, int]:
        """Where what it says starts and ends, quotes left out."""
        if not self.quote:
            return self.start, self.end
        closed = len(self.raw) > 1 and self.raw[-1] == self.quote
        return self.start + 1, self.end - 1 if closed else self.end

    @property
    def text(self) -> str:
        """What it says, as near as an editor needs it."""
        return unquoted(self.raw)


def unquoted(raw: str) -> str:
    """Return a scalar without its quotation marks."""
    quote = raw[:1]
    if quote not in {'"', "'"}:
        return raw
    inner = raw[1:-1] if len(raw) > 1 and raw[-1] == quote else raw[1:]
    return re.sub(r"\\(.)", r"\1", inner) if quote == '"' else inner.replace("''", "'")


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a scan stopped: in which key or value, and since where.

    `role` is `key` in a map, `value` where a scalar or a list's element belongs, `either` where both could begin.
    """

    pointer: Pointer
    role: Literal["key", "value", "either"]
    start: int
    flow: bool = False


@dataclass
class Scanned:
    """All keys and scalars of a text in order, and where it stopped."""

    scalars: list[Scalar] = field(default_factory=list)
    stop: Stop = Stop((), "either", 0)
    flows: dict[Pointer, tuple[int, int]] = field(default_factory=dict)
    """Where each flow map or list starts and ends, its brackets included."""

    def keys(self, pointer: Pointer) -> list[Scalar]:
        """Return the keys of the map at a place."""
        length = len(pointer) + 1
        return [
            one
            for one in self.scalars
            if one.role == "key" and len(one.pointer) == length and one.pointer[:-1] == pointer
        ]

    def at(self, offset: int) -> Scalar | None:
        """Return the key or scalar that an offset stands in, or touches the end of."""
        found = [one for one in self.scalars if one.start <= offset <= one.end]
        return found[-1] if found else None

    def find(self, pointer: Pointer, role: Role) -> Scalar | None:
        """Return the key or the scalar value at a place."""
        return next((one for one in self.scalars if one.role == role and one.pointer == pointer), None)


def tree(scalars: Iterable[Scalar]) -> dict[str, Any]:
    """Return a value made of scalars, as far as they go; all of them are texts."""
    found: dict[str, Any] = {}
    for one in scalars:
        here: Any = found
        for step, following in pairwise((*one.pointer, None)):
            empty: Any = [] if isinstance(following, int) else {}
            if following is None:
                empty = one.text if one.role == "value" else None
            here = _child(here, step, empty)
    return found


def _child(here: Any, step: Any, empty: Any) -> Any:
    """Return the child of a map or list, made where it is not there; a stand-in where it cannot be."""
    if isinstance(here, dict):
        if here.get(step) is None:
            here[step] = empty
        return here[step]
    if isinstance(here, list) and isinstance(step, int):
        if step >= len(here):
            here.append(empty)
        return here[-1]
    return {}
