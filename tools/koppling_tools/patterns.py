"""Regular expressions that take time without end on some texts, found by looking at them.

An engine that tries one way after another (Python's, JavaScript's) can split a text among nested or neighbouring
repetitions in exponentially or quadratically many ways before it gives up.
"""

from __future__ import annotations

import re
import re._constants as kinds  # type: ignore[import-not-found]  # the parser has no public name since Python 3.11
import re._parser as parser  # type: ignore[import-not-found]  # of the standard library, without types
from typing import Any, Final

_MANY: Final = 16  # repeated more often than this counts as without end
_ASCII: Final = frozenset(range(128))
_REPEATS: Final = {kinds.MAX_REPEAT, kinds.MIN_REPEAT}
_GROUPS: Final = {*_REPEATS, kinds.SUBPATTERN, kinds.BRANCH}


def slow_part(pattern: str) -> str | None:
    """Return, in words, what makes a pattern slow; None where nothing does, or where it is none."""
    try:
        tree = parser.parse(pattern)
    except (re.error, RecursionError, OverflowError):
        return None
    return _slow(list(tree))


def _slow(nodes: list[Any]) -> str | None:
    for index, (kind, value) in enumerate(nodes):
        if kind in _REPEATS:
            inner = list(value[2])
            if value[1] > _MANY:
                found = _repeated(inner)
                if found is not None:
                    return found
                if len(inner) == 1 and _meets(inner, nodes[index + 1 :]):
                    return "two repetitions that take the same characters stand side by side"
            found = _slow(inner)
        elif kind is kinds.SUBPATTERN:
            found = _slow(list(value[3]))
        elif kind is kinds.BRANCH:
            found = next((one for branch in value[1] if (one := _slow(list(branch))) is not None), None)
        else:
            found = None
        if found is not None:
            return found
    return None


def _repeated(inner: list[Any]) -> str | None:
    """Return what is slow about repeating this without end."""
    if len(inner) == 1 and inner[0][0] is kinds.SUBPATTERN:
        return _repeated(list(inner[0][1][3]))
    if len(inner) == 1 and inner[0][0] is kinds.BRANCH:
        firsts = [_first(list(one)) for one in inner[0][1][1]]
        for index, one in enumerate(firsts):
            if any(one & other for other in firsts[index + 1 :]):
                return "a repetition of alternatives that begin alike"
    for index, (kind, value) in enumerate(inner):
        if kind not in _REPEATS or value[1] <= _MANY:
            continue
        own = _first(list(value[2]))
        for other in (*inner[index + 1 :], *inner[: index + 1]):  # what comes next, in this round or in the next one
            if _first([other]) & own:
                return "a repetition within a repetition"
            if not _may_be_empty([other]):
                break
    return None


def _meets(own: list[Any], following: list[Any]) -> bool:
    """Return whether another repetition of single characters, some of them the same, is reached without any other."""
    if own[0][0] in _GROUPS:
        return False
    for kind, value in following:
        if kind in _REPEATS and value[1] > _MANY and len(value[2]) == 1 and value[2][0][0] not in _GROUPS:
            return bool(_first(list(value[2])) & _first(own))
        if not _may_be_empty([(kind, value)]):
            return False
    return False


def _may_be_empty(nodes: list[Any]) -> bool:
    for kind, value in nodes:
        if kind in _REPEATS:
            if value[0] and not _may_be_empty(list(value[2])):
                return False
        elif kind is kinds.SUBPATTERN:
            if not _may_be_empty(list(value[3])):
                return False
        elif kind is kinds.BRANCH:
            if not any(_may_be_empty(list(one)) for one in value[1]):
                return False
        elif kind is not kinds.AT:
            return False
    return True


def _first(nodes: list[Any]) -> frozenset[int]:
    """Return the ASCII characters that may stand first."""
    found: frozenset[int] = frozenset()
    for kind, value in nodes:
        found |= _characters(kind, value)
        if not _may_be_empty([(kind, value)]):
            break
    return found


def _characters(kind: Any, value: Any) -> frozenset[int]:
    if kind in _REPEATS:
        return _first(list(value[2]))
    if kind is kinds.SUBPATTERN:
        return _first(list(value[3]))
    if kind is kinds.BRANCH:
        return frozenset().union(*(_first(list(one)) for one in value[1]))
    if kind is kinds.LITERAL:
        return frozenset({value})
    if kind is kinds.NOT_LITERAL:
        return _ASCII - {value}
    if kind is kinds.ANY:
        return _ASCII - {10}
    if kind is kinds.IN:
        return _set(value)
    return frozenset()


def _set(parts: list[Any]) -> frozenset[int]:
    found: set[int] = set()
    negated = False
    for kind, value in parts:
        if kind is kinds.NEGATE:
            negated = True
        elif kind is kinds.LITERAL:
            found.add(value)
        elif kind is kinds.RANGE:
            found.update(range(value[0], min(value[1], 0xFFFF) + 1))
        elif kind is kinds.CATEGORY:
            found.update(_CATEGORIES.get(value, _ASCII))
    return _ASCII - found if negated else frozenset(found)


_DIGITS: Final = frozenset(range(48, 58))
_WORD: Final = _DIGITS | frozenset(range(65, 91)) | frozenset(range(97, 123)) | {95}
_SPACE: Final = frozenset({9, 10, 11, 12, 13, 32})
_CATEGORIES: Final = {
    kinds.CATEGORY_DIGIT: _DIGITS,
    kinds.CATEGORY_NOT_DIGIT: _ASCII - _DIGITS,
    kinds.CATEGORY_WORD: _WORD,
    kinds.CATEGORY_NOT_WORD: _ASCII - _WORD,
    kinds.CATEGORY_SPACE: _SPACE,
    kinds.CATEGORY_NOT_SPACE: _ASCII - _SPACE,
}


_SETS: Final = {"d": "0-9", "w": "A-Za-z0-9_"}


def in_ascii(pattern: str) -> str:
    r"""Return a pattern of ECMA 262, where `\d` and `\w` are ASCII, in words that every engine reads alike."""
    inside = False

    def told(found: re.Match[str]) -> str:
        nonlocal inside
        text = found[0]
        if text in "[]":
            inside = text == "["
        elif text[1:] in _SETS:
            return _SETS[text[1:]] if inside else f"[{_SETS[text[1:]]}]"
        elif text[1:].lower() in _SETS and not inside:
            return f"[^{_SETS[text[1:].lower()]}]"
        return text

    return re.sub(r"\\.|\[|\]", told, pattern, flags=re.DOTALL)
