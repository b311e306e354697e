"""A JSON Schema as the ways through it: without references, branches and conditions, each a flat map of keywords."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

JsonSchema = Mapping[str, Any]
Resolve = Callable[[JsonSchema], JsonSchema]

_LONGEST_CHAIN: Final = 12  # of references and branches in each other, without a value between them


def ways(schema: JsonSchema, resolve: Resolve, depth: int = 0, *, exhaustive: bool = False) -> Iterator[dict[str, Any]]:
    """Yield each way through a schema.

    A condition makes two of them: where it holds, and where it does not; of several conditions each is looked at alone.

    Args:
        schema: what may have `$ref`, `anyOf`, `oneOf`, `allOf`, `if`, `not`.
        resolve: returns what the `$ref` of a schema leads to.
        depth: how many steps led here.
        exhaustive: leave out the way on which no condition holds, where the conditions of an `allOf` name all values of
            a property.
    """
    if depth > _LONGEST_CHAIN:
        return
    if "$ref" in schema:
        rest = {key: one for key, one in schema.items() if key != "$ref"}
        yield from ways(both(resolve(schema), rest), resolve, depth + 1, exhaustive=exhaustive)
        return
    for word in ("anyOf", "oneOf"):
        if word in schema:
            rest = {key: one for key, one in schema.items() if key != word}
            for branch in schema[word]:
                yield from ways(both(rest, _named(branch, resolve)), resolve, depth + 1, exhaustive=exhaustive)
            return
    if "allOf" in schema:
        plain = {key: one for key, one in schema.items() if key != "allOf"}
        members = [_named(one, resolve) for one in schema["allOf"]]
        for one in members:
            plain = plain if "if" in one else both(plain, one)
        conditions = [one for one in members if "if" in one]
        cases = exhaustive and _all_cases(plain, conditions)
        if not cases:
            yield from ways(plain, resolve, depth + 1, exhaustive=exhaustive)
        for one in conditions:
            found = both(both(plain, one["if"]), one.get("then") or {}) if cases else both(plain, one)
            yield from ways(found, resolve, depth + 1, exhaustive=exhaustive)
        return
    if "if" in schema:
        rest = {key: one for key, one in schema.items() if key not in {"if", "then", "else"}}
        yield from ways(
            both(both(rest, schema["if"]), schema.get("then") or {}), resolve, depth + 1, exhaustive=exhaustive
        )
        rest = _without_types(rest, schema["if"])
        yield from ways(both(rest, schema.get("else") or {}), resolve, depth + 1, exhaustive=exhaustive)
        return
    if isinstance(schema.get("not"), dict):
        rest = {key: one for key, one in schema.items() if key != "not"}
        yield dict(rest)
        yield from ways(both(rest, schema["not"]), resolve, depth + 1, exhaustive=exhaustive)
        return
    yield dict(schema)


def _all_cases(schema: JsonSchema, conditions: Sequence[Any]) -> bool:
    """Tell whether conditions on the values of one property name all that there are."""
    told: dict[str, set[str]] = {}
    for one in conditions:
        properties = one["if"].get("properties") if isinstance(one["if"], Mapping) else None
        for name, inner in (properties or {}).items():
            values = [inner["const"]] if "const" in inner else inner.get("enum") or ()
            told.setdefault(name, set()).update(map(repr, values))
    for name, values in told.items():
        known = _map((schema.get("properties") or {}).get(name)).get("enum")
        if len(values) > 1 and (known is None or {repr(one) for one in known} <= values):
            return True
    return False


def _without_types(schema: dict[str, Any], condition: Any) -> dict[str, Any]:
    """Return a schema without the types that a condition is about, where it is about nothing else."""
    kinds = schema.get("type")
    if not isinstance(condition, Mapping) or set(condition) != {"type"} or not isinstance(kinds, list):
        return schema
    told = condition["type"]
    left = [one for one in kinds if one not in ([told] if isinstance(told, str) else told)]
    return {**schema, "type": left} if left else schema


def _named(schema: Any, resolve: Resolve) -> dict[str, Any]:
    """Return a member with what its reference leads to, so that two references may stand side by side."""
    found: dict[str, Any] = dict(schema) if isinstance(schema, Mapping) else {}
    for _ in range(_LONGEST_CHAIN):
        if "$ref" not in found:
            break
        rest = {key: one for key, one in found.items() if key != "$ref"}
        found = both(resolve(found), rest)
    return found


def both(one: JsonSchema, other: JsonSchema) -> dict[str, Any]:
    """Return what says both, as far as values are made from it: the second goes before where they contradict."""
    found = {**one, **other}
    if "properties" in one and "properties" in other:
        mine, theirs = one["properties"], other["properties"]
        found["properties"] = {
            name: both(_map(mine.get(name)), _map(theirs.get(name))) for name in dict.fromkeys([*mine, *theirs])
        }
    if "required" in one and "required" in other:
        found["required"] = list(dict.fromkeys([*one["required"], *other["required"]]))
    if "enum" in one and "const" in other:
        found.pop("enum")
    if "allOf" in one and "allOf" in other:
        found["allOf"] = [*one["allOf"], *other["allOf"]]
    for word in ("anyOf", "oneOf"):
        if word in one and word in other:
            found.pop(word)
            found["allOf"] = [*found.get("allOf", ()), {word: one[word]}, {word: other[word]}]
    return found


def _map(schema: Any) -> JsonSchema:
    return schema if isinstance(schema, Mapping) else {}
