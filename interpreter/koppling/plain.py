"""A caller's values as plain JSON: what they are already, what it can be made of, what it has no word for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from koppling.diagnostics import Problem, join_pointer
from koppling.files import File

_SEGMENTS_DEEP: Final = 200
_BITS: Final = 14_000  # of a whole number; Python itself refuses to write more than 4300 digits
HALF: Final = "holds half a surrogate pair, which is no text"


def is_half(text: str) -> bool:
    """Tell whether a text holds half a surrogate pair, so that it cannot be written."""
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def plain(value: Any, pointer: tuple[str | int, ...], problems: list[Problem]) -> Any:
    """Return a copy of a value as plain JSON; what JSON can't say is a problem."""
    try:
        return _copied(value, _SEGMENTS_DEEP + 1 - len(pointer))
    except ValueError:
        return _made_json(value, pointer, problems)


_TEXTS: Final = {str}


def _copied(value: Any, deep: int) -> Any:
    """Return a copy of what is plain JSON already, as nearly everything is: no call is spent on most of its parts.

    Raises:
        ValueError: it is not, or not so deep.
    """
    kind = type(value)
    if kind is dict and deep > 0:
        found = {}
        for key, one in value.items():
            if type(key) is not str:
                raise ValueError
            if not key.isascii():
                key.encode()
            if type(one) is str and one.isascii():
                found[key] = one
            else:
                found[key] = _copied(one, deep - 1)
        return found
    if kind is list and deep > 0:
        kinds = set(map(type, value))
        if kinds == _TEXTS and "".join(value).isascii():
            return value.copy()
        return [_copied(one, deep - 1) for one in value]
    return _scalar(value, kind)


def _scalar(value: Any, kind: type) -> Any:
    if kind is str:
        if not value.isascii():
            value.encode()
    elif kind is int:
        if value.bit_length() > _BITS:
            raise ValueError
    elif kind is not bool and value is not None and not (kind is float and math.isfinite(value)):
        raise ValueError
    return value


def _made_json(value: Any, pointer: tuple[str | int, ...], problems: list[Problem]) -> Any:  # noqa: C901, PLR0912  (a table of kinds)
    """Return what plain JSON can be made of: tuples become lists, mappings dicts."""
    kind = type(value)
    if kind is str:
        if is_half(value):
            problems.append(Problem(join_pointer(*pointer), HALF))
            return ascii(value)
        return value
    if value is None or kind is bool:
        return value
    if kind is int:
        if value.bit_length() > _BITS:
            problems.append(Problem(join_pointer(*pointer), "is a number of more than 4000 digits"))
            return None
        return value
    if kind is float:
        if not math.isfinite(value):
            problems.append(Problem(join_pointer(*pointer), f"JSON has no {value}"))
        return value
    if len(pointer) > _SEGMENTS_DEEP:
        problems.append(Problem(join_pointer(*pointer[:3]), f"is nested more than {_SEGMENTS_DEEP} deep"))
        return None
    if kind is dict or isinstance(value, Mapping):
        found = {}
        for key, one in value.items():
            if not isinstance(key, str):
                problems.append(Problem(join_pointer(*pointer), f"the keys of an object are text, not {key!r}"))
            elif is_half(key):
                problems.append(Problem(join_pointer(*pointer), f"its key {key!a} {HALF}"))
            else:
                found[key] = _made_json(one, (*pointer, key), problems)
        return found
    if isinstance(value, list | tuple):
        return [_made_json(one, (*pointer, index), problems) for index, one in enumerate(value)]
    if isinstance(value, str | int | float):  # a subclass: an Enum, a numpy number that is a float
        bare: Any = (
            str.__str__(value) if isinstance(value, str) else int(value) if isinstance(value, int) else float(value)
        )
        return _made_json(bare, pointer, problems)
    if isinstance(value, File | Path | bytes):
        problems.append(Problem(join_pointer(*pointer), "a file is not taken here"))
    else:
        problems.append(Problem(join_pointer(*pointer), f"JSON has no {type(value).__name__}"))
    return None
