"""Two values held against each other: what one states, what the other is, and where they differ.

Numbers are strict, as JSON's readers are: 1, 1.0 and true are three values. A `File` is held against
`{name, media_type, text or base64}`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from koppling.expression import ABSENT
from koppling.files import File

Pointer = tuple[str | int, ...]

_WIDEST: Final = 160
_BEFORE: Final = 24  # characters shown before the first that differs


@dataclass(frozen=True, slots=True)
class Difference:
    """One place in which two values differ. A side where nothing stands is ABSENT."""

    pointer: Pointer
    stated: Any
    got: Any

    def lines(self, verb: str = "got") -> tuple[str, str]:
        """Return the two sides as a person reads them, the parts that differ in view."""
        stated, got = self.stated, self.got
        if isinstance(stated, str) and isinstance(got, str) and max(len(stated), len(got)) > _WIDEST:
            at = next(
                (place for place, (one, other) in enumerate(zip(stated, got, strict=False)) if one != other),
                min(len(stated), len(got)),
            )
            return f"stated: {_excerpt(stated, at)}", f"{verb + ':':7} {_excerpt(got, at)}"
        return f"stated: {show(stated)}", f"{verb + ':':7} {show(got)}"

    def as_json(self) -> dict[str, Any]:
        """Return the two sides as JSON; a side where nothing stands has no key."""
        sides = {"stated": self.stated, "got": self.got}
        return {name: plain(side) for name, side in sides.items() if side is not ABSENT}


def show(value: Any) -> str:
    """Return a value as JSON on one line, cut where it is long; "nothing" for ABSENT."""
    if value is ABSENT:
        return "nothing"
    text = json.dumps(plain(value), ensure_ascii=False)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}… ({len(text)} characters)"


def _excerpt(text: str, at: int) -> str:
    start = max(0, at - _BEFORE)
    piece = text[start : start + _WIDEST - _BEFORE]
    shown = json.dumps(piece, ensure_ascii=False)
    more = "…" if start + len(piece) < len(text) else ""
    return f"{'…' if start else ''}{shown}{more} (from character {start + 1} of {len(text)})"


def plain(value: Any) -> Any:
    """Return a value as JSON: files as examples write them, tuples as lists, what JSON has no form for as its repr."""
    if isinstance(value, File):
        return file_as_stated(value, None)
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, bytes):
        return text_or_base64(value)
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return repr(value)


def text_or_base64(data: bytes, like: Any = None) -> dict[str, str]:
    """Return bytes as `{text}` or `{base64}`: as base64 where `like` has it so, else as text where they are text."""
    if not (isinstance(like, dict) and "base64" in like):
        try:
            return {"text": data.decode()}
        except UnicodeDecodeError:
            pass
    return {"base64": base64.b64encode(data).decode()}


def file_as_stated(file: File, stated: Any) -> dict[str, str]:
    """Return a file as examples write it, its bytes in the form that `stated` has."""
    return {"name": file.name, "media_type": file.media_type, **text_or_base64(file.read(), stated)}


def differences(stated: Any, got: Any, pointer: Pointer = ()) -> Iterator[Difference]:
    """Yield each innermost place in which two values differ, in the order of what is stated."""
    if isinstance(got, File):
        got = file_as_stated(got, stated)
    if isinstance(got, tuple):
        got = list(got)
    if isinstance(stated, dict) and isinstance(got, dict):
        for key in (*stated, *(key for key in got if key not in stated)):
            yield from differences(stated.get(key, ABSENT), got.get(key, ABSENT), (*pointer, key))
    elif isinstance(stated, list) and isinstance(got, list):
        yield from _in_lists(stated, got, pointer)
    elif type(stated) is not type(got) or stated != got:
        yield Difference(pointer, stated, got)


def _in_lists(stated: list[Any], got: list[Any], pointer: Pointer) -> Iterator[Difference]:
    """Hold the elements against each other in order.

    Where the lengths differ, elements that stand in both are matched first.
    """
    if len(stated) == len(got):
        for index, (one, other) in enumerate(zip(stated, got, strict=True)):
            yield from differences(one, other, (*pointer, index))
        return
    import difflib  # only once something differs

    ours, theirs = ([_canonical(one) for one in side] for side in (stated, got))
    for tag, low, high, start, end in difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        pairs = min(high - low, end - start)
        for offset in range(pairs):
            yield from differences(stated[low + offset], got[start + offset], (*pointer, low + offset))
        for index in range(low + pairs, high):
            yield Difference((*pointer, index), stated[index], ABSENT)
        for index in range(start + pairs, end):
            yield Difference((*pointer, index), ABSENT, got[index])


def _canonical(value: Any) -> str:
    return json.dumps(plain(value), sort_keys=True)


def path_text(pointer: Iterable[str | int]) -> str:
    """Return a place inside a value as people write it: `json.messages[0].content`."""
    text = ""
    for step in pointer:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step.replace("_", "a").replace("-", "a").isalnum():
            text += f".{step}" if text else step
        else:
            text += f"[{json.dumps(step, ensure_ascii=False)}]"
    return text
