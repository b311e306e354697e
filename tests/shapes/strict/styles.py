"""Lists and objects read back from the names of parameters, each in one style only."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

_STEP = re.compile(r"\[(\w*)\]|\.(\w+)")
_NAME = re.compile(r"(\w+)((?:\[\w*\]|\.\w+)*)")


@dataclass(frozen=True)
class Style:
    """How lists (repeat, brackets, indexed, comma) and objects (brackets, dots) are written.

    `lists` are the names, as written, that hold lists where a name alone doesn't tell.
    """

    arrays: str
    objects: str
    lists: frozenset[str] = frozenset()


def rebuild(pairs: Iterable[tuple[str, str]], style: Style, decode: Callable[[str], str] = str) -> dict:
    """Return the value that the pairs were written from, all leaves as texts.

    Raises:
        ValueError: they are written in another style.
    """
    found: dict = {}
    for name, written in pairs:
        steps = _steps(name, style)
        place, last = found, steps[-1]
        for step, following in pairwise(steps):
            place = _enter(place, step, [] if following is None or isinstance(following, int) else {}, name)
        if name in style.lists and style.arrays == "comma":
            _put(place, last, [decode(one) for one in written.split(",")], name)
        elif name in style.lists and style.arrays == "repeat":
            place.setdefault(last, []).append(decode(written))
        else:
            _put(place, last, decode(written), name)
    return found


def _steps(name: str, style: Style) -> list[str | int | None]:
    """Return the keys and indexes that a name leads through; None is the end of a list."""
    match = _NAME.fullmatch(name)
    if not match:
        raise ValueError(f"no name of a parameter: {name!r}")
    steps: list[str | int | None] = [match[1]]
    for bracketed, dotted in _STEP.findall(match[2]):
        if dotted:
            step, needed = dotted, style.objects == "dots"
        elif not bracketed:
            step, needed = None, style.arrays == "brackets"
        elif bracketed.isdigit():
            step, needed = int(bracketed), style.arrays == "indexed"
        else:
            step, needed = bracketed, style.objects == "brackets"
        if not needed:
            raise ValueError(f"{name} is not written with {style.arrays} and {style.objects}")
        steps.append(step)
    return steps


def _enter(place, step, empty, name):
    if isinstance(place, dict):
        return place.setdefault(step, empty)
    if step is None or step == len(place):
        place.append(empty)
    elif step != len(place) - 1:
        raise ValueError(f"{name} leaves out an index")
    return place[-1]


def _put(place, step, value, name):
    if isinstance(place, list) and step in (None, len(place)):
        place.append(value)
    elif isinstance(place, dict) and step not in place:
        place[step] = value
    else:
        raise ValueError(f"{name} came twice, or out of order")
