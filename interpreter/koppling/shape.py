"""What a JSON value may look like: read off values or off a JSON Schema, united, and told as JSON Schema again.

A shape says what was seen or stated, not what a value must be: it is for documentation and for finding mistakes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

_SCALARS: Final = ("null", "boolean", "integer", "number", "string")
_DEEPEST: Final = 24  # a schema may refer to itself; below this, a value may be anything


@dataclass(frozen=True, slots=True)
class Shape:
    """The union of some scalars, a list and an object.

    Attributes:
        scalars: those of null, boolean, integer, number, string that it may be.
        items: what the elements look like, where it may be a list; NOTHING for a list that was only ever empty.
        fields: what its keys hold, where it may be an object. A key that may be missing holds null, too.
        rest: what keys beyond `fields` hold; None where there are no others.
        anything: nothing is known.
    """

    scalars: frozenset[str] = frozenset()
    items: Shape | None = None
    fields: Mapping[str, Shape] | None = None
    rest: Shape | None = None
    anything: bool = False

    @property
    def nothing(self) -> bool:
        """Whether no value was ever seen."""
        return not self.anything and not self.scalars and self.items is None and self.fields is None

    @property
    def nullable(self) -> bool:
        """Whether it may be null or missing."""
        return self.anything or "null" in self.scalars

    @property
    def only_null(self) -> bool:
        """Whether it is never anything but null or missing."""
        return not self.anything and self.items is None and self.fields is None and self.scalars <= {"null"}

    @property
    def kinds(self) -> frozenset[str]:
        """The JSON types that it may have; integer counts as number."""
        found = {"number" if one == "integer" else one for one in self.scalars}
        found |= {"array"} if self.items is not None else set()
        return frozenset(found | ({"object"} if self.fields is not None else set()))

    def field(self, name: str) -> Shape:
        """Return what a key holds; null where there is none."""
        if self.anything:
            return ANYTHING
        found = NOTHING
        if self.fields is not None:
            found = self.fields.get(name) or (NULL if self.rest is None else unite(self.rest, NULL))
        return unite(found, NULL) if self.scalars or self.items is not None or found.nothing else found

    def __or__(self, other: Shape) -> Shape:
        return unite(self, other)

    def schema(self) -> dict[str, Any]:
        """Return it as JSON Schema 2020-12."""
        if self.anything or self.nothing:
            return {}
        options: list[dict[str, Any]] = []
        if self.fields is not None:
            options.append(self._object())
        if self.items is not None:
            inner = self.items.schema()
            options.append({"type": "array", **({"items": inner} if inner else {})})
        names = [one for one in _SCALARS if one in self.scalars and not (one == "integer" and "number" in self.scalars)]
        if not options:
            return {"type": names[0] if len(names) == 1 else names}
        if len(options) == 1 and names:
            return {**options[0], "type": [options[0]["type"], *names]}
        return options[0] if len(options) == 1 else {"anyOf": [*options, *([{"type": names}] if names else [])]}

    def _object(self) -> dict[str, Any]:
        assert self.fields is not None  # noqa: S101  (its callers looked; for the type checker)
        found: dict[str, Any] = {"type": "object"}
        if self.fields:
            found["properties"] = {name: one.schema() for name, one in self.fields.items()}
            required = [name for name, one in self.fields.items() if not one.nullable]
            if required:
                found["required"] = required
        if self.rest is not None and (rest := self.rest.schema()):
            found["additionalProperties"] = rest
        return found


NOTHING: Final = Shape()
ANYTHING: Final = Shape(anything=True)
NULL: Final = Shape(frozenset({"null"}))
BOOLEAN: Final = Shape(frozenset({"boolean"}))
INTEGER: Final = Shape(frozenset({"integer"}))
NUMBER: Final = Shape(frozenset({"number"}))
STRING: Final = Shape(frozenset({"string"}))


def array_of(items: Shape) -> Shape:
    """Return the shape of lists of such elements."""
    return Shape(items=items)


def object_of(fields: Mapping[str, Shape], rest: Shape | None = None) -> Shape:
    """Return the shape of objects with these keys."""
    return Shape(fields=fields, rest=rest)


def unite(one: Shape, other: Shape) -> Shape:
    """Return the shape of what is the one or the other."""
    if one is other or other.nothing:
        return one
    if one.nothing:
        return other
    if one.anything or other.anything:
        return ANYTHING
    items = one.items if other.items is None else other.items if one.items is None else unite(one.items, other.items)
    if one.fields is None or other.fields is None:
        whole = one if one.fields is not None else other
        return Shape(one.scalars | other.scalars, items, whole.fields, whole.rest)
    names = dict.fromkeys((*one.fields, *other.fields))
    fields = {name: unite(_held(one, name), _held(other, name)) for name in names}
    rest = one.rest if other.rest is None else other.rest if one.rest is None else unite(one.rest, other.rest)
    return Shape(one.scalars | other.scalars, items, fields, rest)


def _held(shape: Shape, name: str) -> Shape:
    """Return what a key of an object holds, null where it may be missing."""
    assert shape.fields is not None  # noqa: S101  (its caller looked; for the type checker)
    return shape.fields.get(name) or (NULL if shape.rest is None else unite(shape.rest, NULL))


def shape_of_values(values: Iterable[Any]) -> Shape:
    """Return the shape of some JSON values."""
    found = NOTHING
    for value in values:
        found = unite(found, shape_of(value))
    return found


def shape_of(value: Any) -> Shape:
    """Return the shape of one JSON value."""
    if isinstance(value, dict):
        return object_of({str(name): shape_of(one) for name, one in value.items()})
    if isinstance(value, list):
        return array_of(shape_of_values(value))
    return _SCALAR_OF.get(type(value), ANYTHING)


_SCALAR_OF: Final = {type(None): NULL, bool: BOOLEAN, int: INTEGER, float: NUMBER, str: STRING}


def shape_of_schema(schema: Any, defs: Mapping[str, Any], depth: int = 0) -> Shape:
    """Return the shape that a JSON Schema states.

    Args:
        schema: the schema. An object that lists properties and does not speak of others is taken to have no others.
        defs: the definitions that a `$ref` may name, by the last part of the reference.
        depth: how deep it stands.
    """
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return ANYTHING
    if isinstance(reference := schema.get("$ref"), str):
        return shape_of_schema(defs.get(reference.rpartition("/")[2], True), defs, depth + 1)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            found = NOTHING
            for one in schema[key]:
                found = unite(found, shape_of_schema({**_without(schema, key), **one}, defs, depth + 1))
            return found
    for key in ("const", "enum"):
        if key in schema:
            return shape_of_values([schema[key]] if key == "const" else schema[key])
    return _of_types(schema, defs, depth)


def _without(schema: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in keys}


def _of_types(schema: Mapping[str, Any], defs: Mapping[str, Any], depth: int) -> Shape:
    for one in schema.get("allOf") or ():
        if isinstance(one, dict):
            schema = {**schema, **one, "properties": {**schema.get("properties", {}), **one.get("properties", {})}}
    given = schema.get("type")
    if given is None:
        given = "object" if schema.get("properties") else "array" if "items" in schema else None
    if given is None:
        return ANYTHING
    types = set(given if isinstance(given, list) else [given])
    items = shape_of_schema(schema.get("items", True), defs, depth + 1) if "array" in types else None
    if "object" not in types:
        return Shape(frozenset(types & set(_SCALARS)), items)
    required, properties = set(schema.get("required") or ()), schema.get("properties") or {}
    fields = {
        name: shape if name in required else unite(shape, NULL)
        for name, one in properties.items()
        for shape in (shape_of_schema(one, defs, depth + 1),)
    }
    others = schema.get("additionalProperties", schema.get("patternProperties", not properties))
    rest = None if others is False else ANYTHING if not isinstance(others, dict) else _rest(schema, others, defs, depth)
    return Shape(frozenset(types & set(_SCALARS)), items, fields, rest)


def _rest(schema: Mapping[str, Any], others: dict[str, Any], defs: Mapping[str, Any], depth: int) -> Shape:
    options = [others] if "additionalProperties" in schema else list(others.values())
    found = NOTHING
    for one in options:
        found = unite(found, shape_of_schema(one, defs, depth + 1))
    return found
