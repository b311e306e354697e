"""The changes: each key and element of a spec left out in turn, each value that decides something made another."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from koppling.compile.schemas import references
from koppling.read import Document, Pointer

# What no call can show, and why it is not changed.
_UNSEEN: Final = {
    "title": "for people",
    "summary": "for people",
    "description": "for people",
    "source": "for people",
    "api": "for people",
    "reason": "for people",
    "examples": "for people; `validate` holds them against their field",
    "advanced": "for forms",
    "options": "for forms: a call of its own",
    "body": "documentation; the answer is never held against it",
    "name": "how it is found",
    "version": "how it is found",
    "koppling": "how it is read",
    "kind": "how it is listed",
    "env": "where a connection comes from",
    "test": "a call of its own",
    "oauth2": "what a token endpoint is asked; examples have a token",
    "timeout": "time, which an example has none of",
    "base": "time",
    "cap": "time",
    "every": "time",
    "limits": "time",
    "adapts": "done before a call",
    "secret": "what is shown; no example shows it",
    "telemetry": "told to telemetry; no example shows it",
}
# Under these, names are the vendor's or the caller's: a field called `title` is a field.
_NAMES = {"fields", "properties", "operations", "query", "headers", "form", "multipart", "json", "output"}
_NAMES |= {"envelope", "usage", "delta", "fold", "values", "$defs", "set", "next", "error_body"}
_DATES: Final = frozenset({"since", "deprecated", "retired"})
_TEMPLATES: Final = frozenset({"request", "response", "auth", "errors", "error_body"})
_COMMENT: Final = re.compile(r"#\s*koppling:\s*no-mutant\s+\S")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change. `value` is the whole spec with it; `pointer` and `line` are where it was made."""

    pointer: Pointer
    line: int
    column: int
    words: str
    value: Any


def mutants(document: Document) -> Iterator[Mutant]:
    """Yield the changes of a connector's or a module's file, in the order of its lines.

    A line whose comment says `koppling: no-mutant`, and why, is left alone.
    """
    lines = document.text.splitlines()
    found = [
        Mutant(pointer, place.line, place.column, words, value)
        for pointer, words, value in _changes(document.value)
        for place in (document.locate(pointer, key=True),)
        if not (0 < place.line <= len(lines) and _COMMENT.search(lines[place.line - 1]))
    ]
    yield from sorted(found, key=lambda one: (one.line, one.column))


def _changes(whole: Any) -> Iterator[tuple[Pointer, str, Any]]:
    unread = _documentation(whole)
    for pointer, value in _places(whole, ()):
        if pointer[:2] in unread:
            continue
        name = f"`{pointer[-1]}`" if isinstance(pointer[-1], str) else f"element {pointer[-1] + 1} of `{pointer[-2]}`"
        if (pointer[-1], value) != ("method", "GET"):  # which is what it would be
            yield pointer, f"{name} left out", _without(whole, pointer)
        for words, other in _others(pointer, value):
            yield pointer, f"{name}: {words}", _with(whole, pointer, other)


def _documentation(whole: Any) -> set[Pointer]:
    """Return the definitions that only `body` refers to."""
    defs = whole.get("$defs") or {}
    rest = {key: _bodiless(one) for key, one in whole.items() if key != "$defs"}
    used: set[str] = set()
    ends = [text for _, text in references(rest)]
    while ends:
        name = ends.pop().rpartition("/")[2]
        if name in defs and name not in used:
            used.add(name)
            ends += [text for _, text in references(defs[name])]
    return {("$defs", name) for name in defs if name not in used}


def _bodiless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _bodiless(one) for key, one in value.items() if key != "body"}
    return [_bodiless(one) for one in value] if isinstance(value, list) else value


def _places(value: Any, pointer: Pointer) -> Iterator[tuple[Pointer, Any]]:
    if isinstance(value, dict):
        named = _is_map(pointer)
        for key, one in value.items():
            if not named and _says_nothing(key, value, pointer):
                continue
            here = (*pointer, key)
            yield here, one
            yield from _places(_dated(one) if key == "values" and "type" in value and not named else one, here)
    elif isinstance(value, list):
        for index, one in enumerate(value):
            here = (*pointer, index)
            yield here, one
            yield from _places(one, here)


def _is_map(pointer: Pointer) -> bool:
    """Tell whether the keys of what stands there are names that somebody gave."""
    if len(pointer) > 1 and pointer[-1] not in {"fields", "properties"} and _is_map(pointer[:-1]):
        return False  # itself a name: a field that is called `query`
    return bool(pointer) and pointer[-1] in _NAMES


def _says_nothing(key: str, value: dict[str, Any], pointer: Pointer) -> bool:
    """Tell whether a key decides nothing about a call."""
    if key in _UNSEEN or key.startswith("x-"):
        return True
    if pointer[-1:] == ("lifecycle",) and key == "source":
        return True
    if len(pointer) > 1 and pointer[-2] == "values" and key in {"replaced_by", "source"}:
        return True
    if key == "type":  # every listed value has it
        return "enum" in value or "const" in value
    return key == "values" and "type" in value and not _dated(value[key])


def _dated(values: Any) -> Any:
    """Return those of an open list's values that have dates: the others are for people, nothing is refused for them."""
    if not isinstance(values, dict):
        return values
    return {name: one for name, one in values.items() if isinstance(one, dict) and one.keys() & _DATES}


def _others(pointer: Pointer, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield other values for one that decides something, each with what it became."""
    if isinstance(value, bool):
        yield f"{_shown(value)} became {_shown(not value)}", not value
    elif isinstance(value, int | float):
        step = 1 if pointer[-1] in {"minimum", "minLength", "minItems", "exclusiveMinimum", "minProperties"} else -1
        if pointer[-1] in {"minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"}:
            yield f"{value} became {value + step}", value + step
    elif isinstance(value, str) and pointer[0] in _TEMPLATES | {"operations"} and "fields" not in pointer:
        yield from _texts(pointer, value)


def _texts(pointer: Pointer, value: str) -> Iterator[tuple[str, str]]:
    key = pointer[-1]
    if key == "method":
        other = "GET" if value != "GET" else "POST"
        yield f"{value} became {other}", other
    elif key == "path":
        yield f"{value} became {value}s", f"{value}s"
    elif key == "kind":
        other = "runtime" if value != "runtime" else "data"
        yield f"{value} became {other}", other
    elif "${" in value or key in {"when", "while", "until"} or {"response", "error_body"} & set(pointer):
        found = re.search(r"[A-Za-z_]\w*(?=[^A-Za-z_]*$)", value)
        if found is not None:
            yield f"{found[0]} became {found[0]}x", value[: found.start()] + f"{found[0]}x" + value[found.end() :]


def _shown(value: bool) -> str:
    return "true" if value else "false"


def _without(whole: Any, pointer: Pointer) -> Any:
    """Return a copy of the way to a place, without what stands there."""
    if len(pointer) == 1:
        if isinstance(whole, dict):
            return {key: one for key, one in whole.items() if key != pointer[0]}
        return [one for index, one in enumerate(whole) if index != pointer[0]]
    return _step(whole, pointer, _without(whole[pointer[0]], pointer[1:]))


def _with(whole: Any, pointer: Pointer, value: Any) -> Any:
    return _step(whole, pointer, value if len(pointer) == 1 else _with(whole[pointer[0]], pointer[1:], value))


def _step(whole: Any, pointer: Pointer, inner: Any) -> Any:
    found = copy.copy(whole)
    found[pointer[0]] = inner
    return found
