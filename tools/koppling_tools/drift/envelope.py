"""The loosest that a schema says, whatever its structure: two schemas can be compared that were written differently."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from koppling_tools.ways import JsonSchema, Resolve, ways

LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
ANY: Final = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})
_WORDS: Final = frozenset({"title", "description", "examples", "default", "deprecated"})
_OF: Final = {
    "properties": "object",
    "required": "object",
    "items": "array",
    "minItems": "array",
    "maxItems": "array",
    "minLength": "string",
    "maxLength": "string",
    "pattern": "string",
    "minimum": "number",
    "maximum": "number",
}


@dataclass
class Envelope:
    """What some way through a schema takes.

    `values` are the only ones that are taken, None where others are, too; `known` are those that are named anyhow.
    `bounds` holds the loosest of each; a bound that some way does not have is not there. `closed` tells that no other
    properties than these are taken.
    """

    types: set[str] = field(default_factory=set)
    values: list[Any] | None = None
    known: list[Any] = field(default_factory=list)
    bounds: dict[str, float] = field(default_factory=dict)
    properties: dict[str, list[JsonSchema]] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    closed: bool = False
    items: list[JsonSchema] = field(default_factory=list)
    deprecated: bool = False
    defaults: list[Any] = field(default_factory=list)


def envelope(schemas: Iterable[JsonSchema], resolve: Resolve, normal: Callable[[JsonSchema], JsonSchema]) -> Envelope:
    """Return the envelope of some schemas that stand in one place.

    Args:
        schemas: the schemas.
        resolve: returns what a `$ref` leads to.
        normal: puts one schema into the words of 2020-12.
    """
    schemas = [normal(one) for one in schemas]

    def follow(given: JsonSchema) -> JsonSchema:
        return normal(resolve(given))

    found = [
        plain
        for one in schemas
        for way in ways(one, follow, exhaustive=True)
        for plain in ways(normal(way), follow, exhaustive=True)  # what a `nullable` within it became
    ]
    made = Envelope(deprecated=bool(found) and all(one.get("deprecated") for one in found))
    made.defaults = [one["default"] for one in [*schemas, *found] if "default" in one][:1]
    for one in found:
        made.types |= _types(one)
    if "number" in made.types:
        made.types.discard("integer")
    listed = [_listed(one) for one in found]
    made.known = _distinct(value for values in listed for value in values or ())
    made.known = _distinct([*made.known, *(name for one in found for name in one.get("values") or ())])
    scalars = [values for one, values in zip(found, listed, strict=True) if _types(one) - {"array", "object", "null"}]
    if scalars and all(values is not None for values in scalars):
        made.values = made.known
    _bound(made, found)
    objects = [one for one in found if "object" in _types(one)]
    for one in objects:
        for name, inner in (one.get("properties") or {}).items():
            made.properties.setdefault(name, []).append(inner if isinstance(inner, Mapping) else {})
    for name, inner in made.properties.items():  # what is told elsewhere says more than a bare name
        made.properties[name] = [one for one in inner if one.keys() - _WORDS] or inner
    if objects:
        made.required = set.intersection(*(set(one.get("required") or ()) for one in objects))
        made.closed = all(one.get("additionalProperties") is False for one in objects)
    made.items = [one["items"] for one in found if isinstance(one.get("items"), Mapping)]
    return made


def _bound(made: Envelope, found: Sequence[JsonSchema]) -> None:
    for words, loosest in ((LOWER, min), (UPPER, max)):
        for word in words:
            kinds = {"L": "string", "I": "array", "P": "object"}
            kind = kinds.get(word[3:4], "number")
            within = [one for one in found if _types(one) & ({kind, "integer"} if kind == "number" else {kind})]
            within = [one for one in within if _listed(one) is None]
            if within and all(isinstance(one.get(word), int | float) for one in within):
                made.bounds[word] = loosest(one[word] for one in within)


def _types(schema: JsonSchema) -> set[str]:
    if schema.get("format") == "file":
        return {"string"}  # as the vendor's documents call it
    kind = schema.get("type")
    if isinstance(kind, str):
        return {kind}
    if isinstance(kind, list):
        return set(kind)
    values = _listed(schema)
    if values:
        return {_type(value) for value in values}
    told = {name for word, name in _OF.items() if word in schema}
    return told or set(ANY)


def _type(value: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")


def _listed(schema: JsonSchema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    if isinstance(schema.get("enum"), list):
        return list(schema["enum"])
    if isinstance(schema.get("values"), Mapping) and "type" not in schema:  # a closed list with dates
        return list(schema["values"])
    return None


def _distinct(values: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if not any(value == one and type(value) is type(one) for one in found):
            found.append(value)
    return found
