"""Values on each side of what a JSON Schema says: those that just fit, and those that just don't.

They are made from the schema's keywords and then asked of the schema itself: what is in neither list was no such value.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from koppling.validate import Schema

Json = Any
JsonSchema = Mapping[str, Any]

_DEEPEST: Final = 7  # a schema that refers to itself has no last value
_LONGEST: Final = 520  # of a text, in characters; a longer one is no use in a file that people read
_MOST: Final = 24  # elements of a list
_SAMPLES: Final = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "email": "a@acme.example",
    "uri": "https://acme.example/a",
    "uuid": "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    "file": {"name": "a.txt", "data": "YQ==", "media_type": "text/plain"},
}
_TEXTS: Final = ("a", "a1", "1", "A", "a_b", "a-b", "auto", "1x1", "#000000", "https://acme.example/a", "2026-01-31")
_ODD: Final = ("", " ", "a b", "!", "ä", "/", "a/b", "-", "no such thing")
_OTHER: Final[Mapping[str, Json]] = {
    "string": 7,
    "integer": 1.5,
    "number": "1",
    "boolean": "yes",
    "array": "a",
    "object": "a",
    "null": "null",
}


class Boundary:
    """The values of one schema. `root` holds its `$defs`."""

    def __init__(self, root: JsonSchema) -> None:
        self._defs = root.get("$defs") or {}
        self._compiled: dict[str, Schema] = {}

    def fits(self, schema: JsonSchema, value: Json) -> bool:
        """Tell whether a value fits a part of the schema."""
        key = json.dumps(schema, sort_keys=True, default=str)
        if key not in self._compiled:
            self._compiled[key] = Schema({**schema, "$defs": self._defs})
        return self._compiled[key].is_valid(value)

    def fitting(self, schema: JsonSchema, depth: int = 0) -> list[Json]:
        """Return values that fit: each alternative, each element of a list of values, each bound itself."""
        found = [
            value
            for one in self._alternatives(schema, depth)
            for value in self._values(one, depth)
            if self.fits(schema, value)
        ]
        return _distinct(found)

    def unfit(self, schema: JsonSchema, depth: int = 0) -> list[Json]:
        """Return values that break one thing each: a type, a bound, a list of values, a name that has to be there."""
        found = [
            value
            for one in self._alternatives(schema, depth)
            for value in self._breaking(one, depth)
            if not self.fits(schema, value)
        ]
        return _distinct(found)

    def around(self, schema: JsonSchema) -> list[Json]:
        """Return values on either side of all that a schema says, of the conditions in it, too."""
        ways = list(self._alternatives(schema, 0))
        if "if" in schema:
            rest = {key: one for key, one in schema.items() if key not in {"if", "then", "else"}}
            ways += self._alternatives(_both(rest, schema.get("then") or {}), 0)
        return _distinct(value for one in ways for value in (*self._values(one, 0), *self._breaking(one, 0)))

    def plain(self, schema: JsonSchema) -> dict[str, Any] | None:
        """Return the schema without references; None where there is more than one way through it."""
        ways = list(self._alternatives(schema, 0))
        return ways[0] if len(ways) == 1 else None

    def _alternatives(self, schema: JsonSchema, depth: int) -> Iterator[dict[str, Any]]:
        """Yield the schema without references, branches and conditions: each way through them."""
        if depth > _DEEPEST:
            return
        if "$ref" in schema:
            target = self._defs.get(str(schema["$ref"]).rpartition("/")[2]) or {}
            rest = {key: one for key, one in schema.items() if key != "$ref"}
            yield from self._alternatives(_both(target, rest), depth + 1)
            return
        for word in ("anyOf", "oneOf"):
            if word in schema:
                rest = {key: one for key, one in schema.items() if key != word}
                for branch in schema[word]:
                    yield from self._alternatives(_both(rest, branch), depth + 1)
                return
        if "allOf" in schema:
            plain = {key: one for key, one in schema.items() if key != "allOf"}
            conditions = [one for one in schema["allOf"] if "if" in one]
            for one in schema["allOf"]:
                plain = plain if "if" in one else _both(plain, one)
            yield from self._alternatives(plain, depth + 1)
            for one in conditions:
                yield from self._alternatives(_both(plain, one), depth + 1)
            return
        if "if" in schema:
            rest = {key: one for key, one in schema.items() if key not in {"if", "then", "else"}}
            yield from self._alternatives(_both(_both(rest, schema["if"]), schema.get("then") or {}), depth + 1)
            yield from self._alternatives(_both(rest, schema.get("else") or {}), depth + 1)
            return
        if isinstance(schema.get("not"), dict):
            rest = {key: one for key, one in schema.items() if key != "not"}
            yield dict(rest)
            yield from self._alternatives(_both(rest, schema["not"]), depth + 1)
            return
        yield dict(schema)

    def _values(self, schema: JsonSchema, depth: int) -> Iterator[Json]:
        if "const" in schema:
            yield schema["const"]
            return
        if "enum" in schema:
            yield from schema["enum"]
            return
        for kind in _kinds(schema):
            if kind == "null":
                yield None
            elif kind == "boolean":
                yield from (True, False)
            elif kind in {"integer", "number"}:
                yield from _numbers(schema, kind)
            elif kind == "string":
                yield from _texts(schema)
            elif kind == "array":
                yield from self._lists(schema, depth)
            else:
                yield from self._objects(schema, depth)

    def _lists(self, schema: JsonSchema, depth: int) -> Iterator[list[Json]]:
        items = self.fitting(schema.get("items") or {"type": "string"}, depth + 1)
        held = _both(schema.get("items") or {}, schema.get("contains") or {})
        contains = self.fitting(held, depth + 1)[:1] if "contains" in schema else []
        least, most = schema.get("minItems", 0), schema.get("maxItems")
        for count in (least, 1, most):
            if count is not None and count <= _MOST:
                yield (contains + _cycled(items, count))[: max(count, len(contains))]
        for one in items:
            yield contains + _cycled([one], max(least - len(contains), 1))

    def _objects(self, schema: JsonSchema, depth: int) -> Iterator[dict[str, Json]]:
        choices = {name: self.fitting(one, depth + 1) for name, one in (schema.get("properties") or {}).items()}
        base = self._least(schema, choices)
        yield base
        for name, values in choices.items():
            for value in values:
                yield {**base, name: value}
        more = schema.get("additionalProperties")
        if isinstance(more, dict) or (more is None and not choices):
            free = self.fitting(more if isinstance(more, dict) else {"type": "string"}, depth + 1)
            for value in free:
                yield {**base, "a": value}
            names = schema.get("propertyNames") or {}
            for name in self.fitting({"type": "string", **names}, depth + 1)[:4] if free else []:
                yield {**base, name: free[0]}
            if schema.get("maxProperties", _MOST) < _MOST and free:
                yield {f"a{number}": free[0] for number in range(schema["maxProperties"])}

    def _least(self, schema: JsonSchema, choices: Mapping[str, list[Json]]) -> dict[str, Json]:
        return {name: (choices.get(name) or ["a"])[0] for name in schema.get("required") or ()}

    def _breaking(self, schema: JsonSchema, depth: int) -> Iterator[Json]:
        kinds = _kinds(schema)
        # First what is told from a fitting value by one keyword alone.
        yield from (_OTHER[kind] for kind in kinds)
        yield from (None, True, 1, "a", [], {})
        values = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
        for value in values[:1]:
            yield f"{value}x" if isinstance(value, str) else value + 1 if isinstance(value, int | float) else "x"
        if "string" in kinds:
            yield from _wrong_texts(schema)
        if "integer" in kinds or "number" in kinds:
            yield from _wrong_numbers(schema)
        if "array" in kinds:
            yield from self._wrong_lists(schema, depth)
        if "object" in kinds:
            yield from self._wrong_objects(schema, depth)

    def _wrong_lists(self, schema: JsonSchema, depth: int) -> Iterator[Json]:
        items = self.fitting(schema.get("items") or {"type": "string"}, depth + 1)
        least, most = schema.get("minItems", 0), schema.get("maxItems")
        if least:
            yield _cycled(items, least - 1)
        if most is not None and most < _MOST:
            yield _cycled(items, most + 1)
        if schema.get("uniqueItems") and items:
            yield [items[0], items[0]]
        if isinstance(schema.get("items"), dict):
            for bad in self.unfit(schema["items"], depth + 1):
                yield [*_cycled(items, max(least - 1, 0)), bad]
        if "contains" in schema:
            for one in items:
                yield _cycled([one], max(least, 1))

    def _wrong_objects(self, schema: JsonSchema, depth: int) -> Iterator[Json]:
        properties = schema.get("properties") or {}
        choices = {name: self.fitting(one, depth + 1) for name, one in properties.items()}
        base = self._least(schema, choices)
        for name in base:
            yield {key: one for key, one in base.items() if key != name}
        yield {**base, "another": 1}
        for name, one in properties.items():
            for bad in self.unfit(one, depth + 1):
                yield {**base, name: bad}
            for value in choices[name]:  # which the schema may not allow here
                yield {**base, name: value}
        more = schema.get("additionalProperties")
        if isinstance(more, dict):
            for bad in self.unfit(more, depth + 1):
                yield {**base, "a": bad}
        if isinstance(schema.get("propertyNames"), dict):
            value = (self.fitting(more, depth + 1) or ["a"])[0] if isinstance(more, dict) else "a"
            for name in self.unfit({"type": "string", **schema["propertyNames"]}, depth + 1):
                if isinstance(name, str):
                    yield {**base, name: value}
        if schema.get("maxProperties", _MOST) < _MOST:
            value = (self.fitting(more, depth + 1) or ["a"])[0] if isinstance(more, dict) else "a"
            yield {f"a{number}": value for number in range(schema["maxProperties"] + 1)}


def _kinds(schema: JsonSchema) -> list[str]:
    kind = schema.get("type")
    if kind is not None:
        return [kind] if isinstance(kind, str) else list(kind)
    if "properties" in schema or "required" in schema or "additionalProperties" in schema:
        return ["object"]
    if "items" in schema or "contains" in schema:
        return ["array"]
    return ["string"]


def _numbers(schema: JsonSchema, kind: str) -> Iterator[int | float]:
    step = schema.get("multipleOf", 1 if kind == "integer" else 0.5)
    for word, sign in (("minimum", 0), ("maximum", 0), ("exclusiveMinimum", 1), ("exclusiveMaximum", -1)):
        if word in schema:
            yield schema[word] + sign * step
    yield from (1, 0)
    if kind == "number":
        yield 0.5


def _wrong_numbers(schema: JsonSchema) -> Iterator[int | float]:
    for word, sign in (("minimum", -1), ("maximum", 1), ("exclusiveMinimum", 0), ("exclusiveMaximum", 0)):
        if word in schema:
            yield schema[word] + sign
            if sign:
                yield round(schema[word] + sign * 0.1, 6)
    yield 0.5


def _texts(schema: JsonSchema) -> Iterator[Json]:
    if "format" in schema:
        if schema["format"] in _SAMPLES:
            yield _SAMPLES[schema["format"]]
        return
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    yield from (text for text in _TEXTS if len(text) >= least)
    yield "a" * max(least, 1)
    yield "a" * least
    if most is not None and most <= _LONGEST:
        yield "a" * most
    yield from schema.get("examples") or ()


def _wrong_texts(schema: JsonSchema) -> Iterator[Json]:
    if schema.get("minLength"):
        yield "a" * (schema["minLength"] - 1)
    if schema.get("maxLength", _LONGEST) < _LONGEST:
        yield "a" * (schema["maxLength"] + 1)
    yield from _ODD


def _both(one: JsonSchema, other: JsonSchema) -> dict[str, Any]:
    """Return what says both, as far as values are made from it: the second goes before where they contradict."""
    found = {**one, **other}
    if "properties" in one and "properties" in other:
        mine, theirs = one["properties"], other["properties"]
        found["properties"] = {
            name: _both(mine.get(name) or {}, theirs.get(name) or {}) for name in dict.fromkeys([*mine, *theirs])
        }
    if "required" in one and "required" in other:
        found["required"] = list(dict.fromkeys([*one["required"], *other["required"]]))
    if "enum" in one and "const" in other:
        found.pop("enum")
    if "allOf" in one and "allOf" in other:
        found["allOf"] = [*one["allOf"], *other["allOf"]]
    return found


def _cycled(values: list[Json], count: int) -> list[Json]:
    return [values[index % len(values)] for index in range(count)] if values else []


def _distinct(values: Iterable[Json]) -> list[Json]:
    """Return the values, each once, the shortest first."""
    found: dict[str, Json] = {}
    for value in values:
        found.setdefault(json.dumps(value, sort_keys=True), value)
    return [value for _, value in sorted(found.items(), key=lambda one: len(one[0]))]
