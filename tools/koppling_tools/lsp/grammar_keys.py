"""The grammar of the language as an editor asks it: which keys and values belong at a place, and what they mean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from koppling.builtin import LANGUAGE, builtin_folder
from koppling.read import Pointer, read_json

_INSIDE: Final = ("anyOf", "oneOf", "allOf")
_BRANCHES: Final = ("then", "else")
_DEEPEST: Final = 12


@lru_cache(maxsize=3)
def grammar(kind: str) -> dict[str, Any]:
    """Return the grammar of one kind of file."""
    return read_json(builtin_folder() / "language" / f"v{LANGUAGE}" / f"{kind}.schema.json")


def schemas_at(kind: str, pointer: Pointer) -> list[dict[str, Any]]:
    """Return the parts of the grammar that may hold at a place."""
    found = [grammar(kind)]
    for step in pointer:
        found = [inner for one in found for inner in _step(kind, one, step)]
    return found


def properties(kind: str, pointer: Pointer) -> dict[str, dict[str, Any]]:
    """Return the keys that the grammar knows at a place, each with its part of the grammar."""
    known: dict[str, dict[str, Any]] = {}
    for one in schemas_at(kind, pointer):
        for part in _parts(kind, one):
            for name, schema in (part.get("properties") or {}).items():
                if isinstance(schema, dict) and not (known.get(name) or {}).get("description"):
                    known[name] = schema
    return known


def required(kind: str, pointer: Pointer) -> set[str]:
    """Return the keys that have to be there."""
    return {name for one in schemas_at(kind, pointer) for name in one.get("required", ())}


def values(kind: str, pointer: Pointer) -> list[Any]:
    """Return the values that the grammar lists for a place."""
    found: list[Any] = []
    for one in schemas_at(kind, pointer):
        for part in _parts(kind, one):
            listed = part.get("enum") or ([part["const"]] if "const" in part else [])
            listed = listed or ([True, False] if part.get("type") == "boolean" else [])
            found += [value for value in listed if value not in found]
    return found


def description(kind: str, pointer: Pointer) -> str:
    """Return what the grammar says of a key; nothing where it names none."""
    if not pointer:
        return ""
    return str((properties(kind, pointer[:-1]).get(str(pointer[-1])) or {}).get("description", ""))


def example(kind: str, pointer: Pointer) -> Any:
    """Return an example value of a key, or None."""
    found = (properties(kind, pointer[:-1]).get(str(pointer[-1])) or {}).get("examples") if pointer else None
    return found[0] if found else None


def _step(kind: str, schema: dict[str, Any], step: str | int) -> Iterator[dict[str, Any]]:
    for part in _parts(kind, schema):
        if isinstance(step, int):
            prefix = part.get("prefixItems") or []
            inner = prefix[step] if step < len(prefix) else part.get("items")
        elif step in (part.get("properties") or {}):
            inner = part["properties"][step]
        else:
            patterns = part.get("patternProperties") or {}
            inner = next((one for pattern, one in patterns.items() if re.search(pattern, step)), None)
            inner = inner if inner is not None else part.get("additionalProperties")
        if isinstance(inner, dict):
            yield inner


def _parts(kind: str, schema: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """Yield a schema and all that it is made of at the same place."""
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return
    yield schema
    if isinstance(schema.get("$ref"), str):
        yield from _parts(kind, _resolve(kind, schema["$ref"]), depth + 1)
    for key in _INSIDE:
        for one in schema.get(key) or ():
            yield from _parts(kind, one, depth + 1)
    for key in _BRANCHES:
        yield from _parts(kind, schema.get(key), depth + 1)


def _resolve(kind: str, reference: str) -> Any:
    found: Any = grammar(kind)
    for step in reference.removeprefix("#").strip("/").split("/"):
        if step:
            found = found.get(step, {}) if isinstance(found, dict) else {}
    return found
