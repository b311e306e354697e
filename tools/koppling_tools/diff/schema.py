"""Two JSON Schemas of one thing: what the new one takes that the old one did not, and the reverse.

Narrower is breaking for what callers give, wider for what they get.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from koppling.read import Pointer

How = Literal["narrower", "wider", "other", "prose"]

_TYPES: Final = frozenset({"null", "boolean", "number", "string", "array", "object"})
_LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains")
_UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains")
_EXACT: Final = ("pattern", "format", "multipleOf", "uniqueItems", "contentEncoding", "propertyNames", "contains")
_RULES: Final = (
    "anyOf",
    "oneOf",
    "allOf",
    "not",
    "if",
    "then",
    "else",
    "dependentRequired",
    "patternProperties",
    "prefixItems",
)
_PROSE: Final = ("title", "description", "examples", "advanced", "options")
_DEEPEST: Final = 16


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference of two schemas. `pointer` leads to it from where the two stand."""

    rule: str
    how: How
    pointer: Pointer
    message: str


class Comparison:
    """Compares schemas.

    Args:
        old: the definitions that a `$ref` of an old schema may name.
        new: those of a new one.
    """

    def __init__(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        self._old, self._new = old, new
        # The references that led to what is compared: a definition may hold itself.
        self._within: list[tuple[str | None, str | None] | None] = []

    def differences(self, old: Any, new: Any, name: str, pointer: Pointer = (), depth: int = 0) -> Iterator[Difference]:
        """Yield the differences of two schemas of what is called `name`."""
        led = _reference(old), _reference(new)
        old, new = _resolved(old, self._old), _resolved(new, self._new)
        if (old == new and not _refers(old)) or depth > _DEEPEST or led in self._within:
            return
        self._within.append(led if any(led) else None)
        yield from self._of_two(old, new, name, pointer, depth)
        self._within.pop()

    def _of_two(
        self, old: dict[str, Any], new: dict[str, Any], name: str, pointer: Pointer, depth: int
    ) -> Iterator[Difference]:
        yield from self._types(old, new, name, pointer)
        yield from self._values(old, new, name, pointer)
        for keys, sign in ((_LOWER, 1), (_UPPER, -1)):
            for key in keys:
                yield from _bound(old, new, key, sign, name, pointer)
        for key in _EXACT:
            if old.get(key) != new.get(key):
                how: How = "wider" if key not in new else "narrower"
                yield Difference(
                    f"{_word(key)}-changed", how, (*pointer, key), f"{name}: `{key}` {_change(old, new, key)}"
                )
        for key in _RULES:
            if old.get(key) != new.get(key):
                how = "wider" if key not in new else "narrower" if key not in old else "other"
                yield Difference(
                    "rules-changed", how, (*pointer, key), f"{name}: the rules of `{key}` {_what(old, new, key)}"
                )
        for key in ("parse", "secret"):
            if old.get(key) != new.get(key):
                yield Difference(
                    f"{key}-changed",
                    "prose" if key == "secret" else "other",
                    pointer,
                    f"{name}: `{key}` {_change(old, new, key)}",
                )
        for key in _PROSE:
            if old.get(key) != new.get(key):
                yield Difference("prose-changed", "prose", (*pointer, key), f"{name}: `{key}` {_what(old, new, key)}")
        alike = [key for key in (*_EXACT, *_RULES) if old.get(key) == new.get(key) and _refers(old.get(key))]
        for key in alike:
            yield from self._behind(old[key], new[key], key, name, (*pointer, key), depth + 1)
        yield from self._inside(old, new, name, pointer, depth)

    def _behind(self, old: Any, new: Any, key: str, name: str, pointer: Pointer, depth: int) -> Iterator[Difference]:
        """Yield the differences of the definitions that a rule refers to in the same words."""
        if isinstance(old, list):
            for index, (one, other) in enumerate(zip(old, new, strict=True)):
                yield from self.differences(one, other, name, (*pointer, index), depth)
        elif key == "patternProperties":
            for one in old:
                yield from self.differences(old[one], new[one], f"{name}.{one}", (*pointer, one), depth)
        elif key not in {"not", "if"}:
            yield from self.differences(old, new, name, pointer, depth)
        elif any(one.how != "prose" for one in self.differences(old, new, name, pointer, depth)):
            # What holds where it does not, or if it does: neither narrower nor wider.
            yield Difference("rules-changed", "other", pointer, f"{name}: the rules of `{key}` refer to others")

    def _types(
        self, old: Mapping[str, Any], new: Mapping[str, Any], name: str, pointer: Pointer
    ) -> Iterator[Difference]:
        before, after = _types_of(old), _types_of(new)
        was_closed, is_closed = _closed(old) is not None, _closed(new) is not None
        for lost, how, word, told_by_values in (
            (before - after, "narrower", "no longer", is_closed),
            (after - before, "wider", "now also", was_closed),
        ):
            others = after if how == "narrower" else before
            if lost and not told_by_values and not (lost == {"integer"} and "number" in others):
                told = f"{name}: {word} {' or '.join(sorted(lost))}"
                rule = "null-refused" if lost == {"null"} and how == "narrower" else f"type-{how}"
                yield Difference(rule, how, (*pointer, "type"), told)  # type: ignore[arg-type]  # a pair of literals

    def _values(
        self, old: Mapping[str, Any], new: Mapping[str, Any], name: str, pointer: Pointer
    ) -> Iterator[Difference]:
        before, after = _closed(old), _closed(new)
        if before == after:
            return
        if before is None:
            yield Difference("values-closed", "narrower", pointer, f"{name}: only {_listed(after or [])} from now on")
        elif after is None:
            yield Difference("values-opened", "wider", pointer, f"{name}: any value from now on")
        else:
            for value in before:
                if value not in after:
                    yield Difference("value-removed", "narrower", pointer, f"{name}: {value!r} is no value any more")
            for value in after:
                if value not in before:
                    yield Difference("value-added", "wider", pointer, f"{name}: {value!r} is a new value")

    def _inside(
        self, old: Mapping[str, Any], new: Mapping[str, Any], name: str, pointer: Pointer, depth: int
    ) -> Iterator[Difference]:
        if "items" in old or "items" in new:
            yield from self.differences(
                old.get("items", {}), new.get("items", {}), f"{name}[]", (*pointer, "items"), depth + 1
            )
        before, after = old.get("properties") or {}, new.get("properties") or {}
        for key in before:
            if key not in after:
                how: How = "narrower" if new.get("additionalProperties") is False else "other"
                yield Difference("property-removed", how, pointer, f"{name}.{key} is gone")
            else:
                yield from self.differences(
                    before[key], after[key], f"{name}.{key}", (*pointer, "properties", key), depth + 1
                )
        for key in after:
            if key not in before:
                yield Difference("property-added", "wider", (*pointer, "properties", key), f"{name}.{key} is new")
        required, wanted = set(old.get("required") or ()), set(new.get("required") or ())
        for key in sorted(wanted - required):
            yield Difference("property-required", "narrower", (*pointer, "required"), f"{name}.{key} is required now")
        for key in sorted(required - wanted):
            yield Difference("property-optional", "wider", pointer, f"{name}.{key} may be left out now")
        rest, others = old.get("additionalProperties", True), new.get("additionalProperties", True)
        if isinstance(rest, dict) and isinstance(others, dict):
            yield from self.differences(rest, others, f"{name}.*", (*pointer, "additionalProperties"), depth + 1)
        elif rest != others:
            how = "narrower" if rest is True or others is False else "wider"
            yield Difference(
                f"others-{how}",
                how,
                (*pointer, "additionalProperties"),
                f"{name}: other keys are taken {'less' if how == 'narrower' else 'more'} freely",
            )


def _resolved(schema: Any, defs: Mapping[str, Any]) -> dict[str, Any]:
    seen = 0
    while isinstance(schema, dict) and isinstance(schema.get("$ref"), str) and seen < _DEEPEST:
        target = defs.get(schema["$ref"].removeprefix("#/$defs/").replace("connector#/$defs/", "connector."))
        rest = {key: one for key, one in schema.items() if key != "$ref"}
        schema = {**(target if isinstance(target, dict) else {}), **rest}
        seen += 1
    return schema if isinstance(schema, dict) else {}


def _reference(schema: Any) -> str | None:
    return schema.get("$ref") if isinstance(schema, dict) else None


def _refers(schema: Any) -> bool:
    if isinstance(schema, dict):
        return "$ref" in schema or any(_refers(one) for one in schema.values())
    return isinstance(schema, list) and any(_refers(one) for one in schema)


def _types_of(schema: Mapping[str, Any]) -> frozenset[str]:
    """Return the types that a schema takes: those that it names, or those of the only values that it has."""
    values = _closed(schema)
    return _named_types(schema) if values is None else frozenset(map(_type_of, values))


def _named_types(schema: Mapping[str, Any]) -> frozenset[str]:
    given = schema.get("type")
    if given is None:
        return _TYPES | {"integer"}
    found = set(given if isinstance(given, list) else [given])
    return frozenset(found | ({"integer"} if "number" in found else set()))


def _type_of(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return "integer"
    names = {type(None): "null", bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}
    return names.get(type(value), "object")


def _closed(schema: Mapping[str, Any]) -> list[Any] | None:
    """Return the only values that a schema takes, None where it takes others."""
    values = schema.get("values")
    if "const" in schema:
        found = [schema["const"]]
    elif "enum" in schema:
        found = list(schema["enum"])
    elif isinstance(values, dict) and "type" not in schema:
        found = list(values)
    else:
        return None
    types = _named_types(schema)
    return [one for one in found if _type_of(one) in types]


def _bound(
    old: Mapping[str, Any], new: Mapping[str, Any], key: str, sign: int, name: str, pointer: Pointer
) -> Iterator[Difference]:
    before, after = old.get(key), new.get(key)
    if before == after:
        return
    narrower = before is None or (after is not None and (after - before) * sign > 0)
    rule = f"bound-{'narrower' if narrower else 'wider'}"
    yield Difference(
        rule, "narrower" if narrower else "wider", (*pointer, key), f"{name}: `{key}` {_change(old, new, key)}"
    )


def _change(old: Mapping[str, Any], new: Mapping[str, Any], key: str) -> str:
    if key not in old:
        return f"is new: {new[key]!r}"
    return f"was {old[key]!r} and is gone" if key not in new else f"was {old[key]!r} and is {new[key]!r}"


def _what(old: Mapping[str, Any], new: Mapping[str, Any], key: str) -> str:
    return "are new" if key not in old else "are gone" if key not in new else "are others"


def _word(key: str) -> str:
    return "".join(f"-{one.lower()}" if one.isupper() else one for one in key)


def _listed(values: list[Any]) -> str:
    return ", ".join(repr(one) for one in values)
