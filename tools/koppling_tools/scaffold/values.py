"""Values that fit a schema, for examples: those that it states, else made-up ones."""

from __future__ import annotations

import itertools
import re._constants as kinds  # type: ignore[import-not-found]  # the parser has no public name since Python 3.11
import re._parser as parser  # type: ignore[import-not-found]  # of the standard library, without types
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from koppling.compile.schemas import plain
from koppling.validate import Schema
from koppling_tools.ways import both, ways

JsonSchema = Mapping[str, Any]

_DEEPEST: Final = 12
_MOST_WAYS: Final = 24
_FORMATS: Final = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "email": "a@acme.example",
    "hostname": "acme.example",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://acme.example/a",
    "uuid": "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
}
FILE: Final = {"name": "a.txt", "data": "YQ==", "media_type": "text/plain"}


class Unfit(ValueError):
    """No value was found that fits."""


class Values:
    """Values of schemas that refer to these definitions.

    Args:
        defs: the definitions. They stay as they are.
        checked: whether a value is held against its schema before it is taken.
    """

    def __init__(self, defs: Mapping[str, JsonSchema], *, checked: bool = True) -> None:
        self._defs = defs
        self._checked = checked
        self._known: dict[int, tuple[JsonSchema, Schema]] = {}

    def fits(self, schema: JsonSchema, value: Any) -> bool:
        """Tell whether a value is one of a field's; a file is."""
        if _has_file(schema):
            return False
        try:
            return self._compiled(schema).is_valid(value)
        except Exception:  # noqa: BLE001  (a schema that is none fits nothing; the check tells why)
            return False

    def sample(self, schema: JsonSchema, *, whole: bool = False) -> Any:
        """Return a value that fits.

        Args:
            schema: a field's, or a part of one.
            whole: with what may be left out, at its top.

        Raises:
            Unfit: none was found.
        """
        if _has_file(schema):
            return self._file(schema)
        if not self._checked:
            return next(self._candidates(schema, 0, whole))
        compiled = self._compiled(schema)
        for value in itertools.islice(self._candidates(schema, 0, whole), _MOST_WAYS):
            if compiled.is_valid(value):
                return value
        raise Unfit("no example of it could be made up")

    def _compiled(self, schema: JsonSchema) -> Schema:
        if id(schema) not in self._known:
            needed = _reached(schema, self._defs)
            whole = {**plain(schema), "$defs": {name: plain(self._defs[name]) for name in needed}}
            self._known[id(schema)] = schema, Schema(whole)  # the schema is kept, so that its id stays its own
        return self._known[id(schema)][1]

    def _file(self, schema: JsonSchema) -> Any:
        return dict(FILE) if schema.get("format") == "file" or "anyOf" in schema else [dict(FILE)]

    def _resolve(self, schema: JsonSchema) -> JsonSchema:
        return self._defs.get(str(schema["$ref"]).rpartition("/")[2]) or {}

    def _candidates(self, schema: Any, depth: int, whole: bool = False) -> Iterator[Any]:
        if depth > _DEEPEST or not isinstance(schema, Mapping):
            yield "a"
            return
        yield from schema.get("examples") or ()
        for one in itertools.islice(ways(schema, self._resolve), _MOST_WAYS):
            yield from one.get("examples") or ()
            if "const" in one:
                yield one["const"]
            elif one.get("enum"):
                yield from (value for value in one["enum"] if value is not None)
                yield from one["enum"]
            else:
                for kind in _kinds(one):
                    yield from self._of_kind(kind, one, depth, whole)

    def _of_kind(self, kind: str, schema: JsonSchema, depth: int, whole: bool) -> Iterator[Any]:
        if kind == "string":
            yield from _texts(schema)
        elif kind in {"integer", "number"}:
            yield from _numbers(schema)
        elif kind == "boolean":
            yield True
        elif kind == "array":
            yield self._list(schema, depth)
        elif kind == "object":
            if whole:
                yield self._object(schema, depth, list(schema.get("properties") or ()))
            yield self._object(schema, depth, [])
        else:
            yield None

    def _one(self, schema: Any, depth: int) -> Any:
        """Return the first candidate that fits, else the first."""
        if not isinstance(schema, Mapping) or not schema:
            return "a"
        first = None
        for index, value in enumerate(itertools.islice(self._candidates(schema, depth), _MOST_WAYS)):
            if not self._checked or self.fits(schema, value):
                return value
            first = value if index == 0 else first
        return first

    def _list(self, schema: JsonSchema, depth: int) -> list[Any]:
        given = schema.get("prefixItems") or []
        found = [self._one(one, depth + 1) for one in given]
        if "contains" in schema:
            found.append(self._one(both(_map(schema.get("items")), _map(schema["contains"])), depth + 1))
        wanted = max(schema.get("minItems", 0), min(1, schema.get("maxItems", 1)))
        if depth >= _DEEPEST - 2:
            wanted = schema.get("minItems", 0)
        if len(found) < wanted:
            one = self._one(schema.get("items"), depth + 1)
            made = _different(one, wanted) if schema.get("uniqueItems") else [one] * wanted
            found += made[: wanted - len(found)]
        return found

    def _object(self, schema: JsonSchema, depth: int, more: list[str]) -> dict[str, Any]:
        properties = schema.get("properties") or {}
        names = [*(schema.get("required") or ()), *more]
        found = {name: self._one(properties.get(name, {}), depth + 1) for name in dict.fromkeys(names)}
        rest = iter(name for name in properties if name not in found)
        extra = schema.get("additionalProperties")
        while len(found) < schema.get("minProperties", 0):
            name = next(rest, f"a{len(found)}")
            found[name] = self._one(properties.get(name, extra if isinstance(extra, Mapping) else {}), depth + 1)
        return found


def _map(schema: Any) -> JsonSchema:
    return schema if isinstance(schema, Mapping) else {}


def _has_file(schema: JsonSchema) -> bool:
    parts = [schema, _map(schema.get("items")), *(_map(one) for one in schema.get("anyOf") or ())]
    return any(one.get("format") == "file" for one in parts)


def _reached(schema: Any, defs: Mapping[str, JsonSchema]) -> list[str]:
    from koppling.compile.schemas import references

    found: dict[str, None] = {}
    ends = [text.rpartition("/")[2] for _, text in references(schema)]
    while ends:
        name = ends.pop()
        if name not in found and name in defs:
            found[name] = None
            ends += [text.rpartition("/")[2] for _, text in references(defs[name])]
    return list(found)


def _kinds(schema: JsonSchema) -> list[str]:
    kind = schema.get("type")
    if isinstance(kind, str):
        return [kind]
    if kind:
        return sorted(kind, key=lambda one: one == "null")
    if {"properties", "required", "additionalProperties", "minProperties"} & schema.keys():
        return ["object"]
    if {"items", "contains", "prefixItems", "minItems"} & schema.keys():
        return ["array"]
    if {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"} & schema.keys():
        return ["integer"]
    return ["string"]


def _different(value: Any, count: int) -> list[Any]:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return [value] * min(count, 1)
    return [value, *(f"{value}{number}" if isinstance(value, str) else value + number for number in range(1, count))]


def _numbers(schema: JsonSchema) -> Iterator[int | float]:
    step = schema.get("multipleOf", 1)
    least = schema.get("minimum")
    if "exclusiveMinimum" in schema:
        least = max(
            schema["exclusiveMinimum"] + step, least if least is not None else schema["exclusiveMinimum"] + step
        )
    most = schema.get("maximum", schema.get("exclusiveMaximum"))
    yield 1 if step == 1 else step
    if least is not None:
        yield -(-least // step) * step
        yield least
    if most is not None:
        yield most // step * step
        yield most - step
        if least is not None:
            yield (least + most) / 2
    if "exclusiveMinimum" in schema:
        yield schema["exclusiveMinimum"] + 0.5
    yield 0


def _texts(schema: JsonSchema) -> Iterator[str]:
    if schema.get("format") in _FORMATS:
        yield _FORMATS[schema["format"]]
    least, most = schema.get("minLength", 0), schema.get("maxLength", 60)
    if "pattern" in schema:
        yield from _matches(schema["pattern"], (1 if least == 0 else 0, 0, 1, least))
    text = "a" if most < len("text") else "text"
    yield text if len(text) >= least else text + "a" * (least - len(text))
    yield "a" * least


def _matches(pattern: str, more: Iterable[int]) -> Iterator[str]:
    """Yield texts that a pattern probably matches, those that hold something first."""
    try:
        nodes = list(parser.parse(pattern))
        found = [_matching(nodes, one) for one in more]
    except (Exception, RecursionError):  # noqa: BLE001  (what no text is known for)
        return
    yield from sorted(found, key=lambda one: not one)


def _matching(nodes: list[Any], more: int) -> str:
    """Return a text that a pattern probably matches: each repetition at its least and `more`."""
    return "".join(_matched(kind, value, more) for kind, value in nodes)


def _matched(kind: Any, value: Any, more: int) -> str:
    if kind in {kinds.MAX_REPEAT, kinds.MIN_REPEAT}:
        least, most, inner = value
        return _matching(list(inner), more) * int(min(least + more, most))
    if kind is kinds.SUBPATTERN:
        return _matching(list(value[3]), more)
    if kind is kinds.BRANCH:
        return _matching(list(value[1][0]), more)
    if kind is kinds.LITERAL:
        return str(chr(value))
    if kind is kinds.ANY:
        return "a"
    if kind is kinds.NOT_LITERAL:
        return "a" if value != ord("a") else "b"
    if kind is kinds.IN:
        return _of_set(value)
    return ""


def _of_set(parts: list[Any]) -> str:
    """Return a character of a set."""
    negated = bool(parts) and parts[0][0] is kinds.NEGATE
    letters = (
        [] if negated else [chr(value[0] if kind is kinds.RANGE else value) for kind, value in parts if kind in _SINGLE]
    )
    return next((one for one in (*letters, *"a1-_ .!Ab") if _in_set(one, parts) is not negated), "a")


_SINGLE: Final = {kinds.RANGE, kinds.LITERAL}
_CLASSES: Final[dict[Any, Callable[[str], bool]]] = {
    kinds.CATEGORY_DIGIT: str.isdigit,
    kinds.CATEGORY_NOT_DIGIT: lambda one: not one.isdigit(),
    kinds.CATEGORY_WORD: lambda one: one.isalnum() or one == "_",
    kinds.CATEGORY_NOT_WORD: lambda one: not (one.isalnum() or one == "_"),
    kinds.CATEGORY_SPACE: str.isspace,
    kinds.CATEGORY_NOT_SPACE: lambda one: not one.isspace(),
}


def _in_set(one: str, parts: list[Any]) -> bool:
    for kind, value in parts:
        if kind is kinds.RANGE and value[0] <= ord(one) <= value[1]:
            return True
        if kind is kinds.LITERAL and value == ord(one):
            return True
        if kind is kinds.CATEGORY and value in _CLASSES and _CLASSES[value](one):
            return True
    return False
