"""A JSON Schema in the words of a person: "text, 1 to 64 characters", "a list of texts"."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from koppling.words import TYPES, show

Resolve = Callable[[str], Any]
_MANY: Final = {
    "text": "texts",
    "a whole number": "whole numbers",
    "a number": "numbers",
    "an object": "objects",
    "a file": "files",
}
_MOST_VALUES: Final = 12
_DEEPEST: Final = 8


def type_of(schema: Any, resolve: Resolve) -> str:
    """Return what kind of value a schema takes. `resolve` gives the schema that a `$ref` names.

    "one of" stands for listed values, which are the caller's to add.
    """
    return _or(_kinds(schema, resolve, 0))


def _kinds(schema: Any, resolve: Resolve, depth: int) -> list[str]:
    """Return the kinds of value that a schema takes, each in words."""
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return ["anything"]
    if "$ref" in schema:
        own = {key: value for key, value in schema.items() if key != "$ref"}
        return _kinds({**_as_map(resolve(schema["$ref"])), **own}, resolve, depth + 1)
    if schema.get("format") == "file":
        return ["a file"]
    if "const" in schema:
        return [show(schema["const"])]
    if "type" in schema:
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        return [_one_kind(kind, schema, resolve, depth) for kind in kinds]
    if "enum" in schema or "values" in schema:
        return ["one of"]
    alternatives = schema.get("anyOf") or schema.get("oneOf")
    return [kind for one in alternatives for kind in _kinds(one, resolve, depth + 1)] if alternatives else ["anything"]


def _one_kind(kind: str, schema: dict[str, Any], resolve: Resolve, depth: int) -> str:
    if kind == "array" and "items" in schema:
        return f"a list of {_several(schema['items'], resolve, depth)}"
    if kind == "string" and "enum" in schema:
        return "one of"
    return TYPES.get(kind, kind)


def _several(schema: Any, resolve: Resolve, depth: int) -> str:
    kinds = _kinds(schema, resolve, depth + 1)
    if kinds == ["one of"]:
        return f"any of {listed(values_of(schema))}"
    return _or(["lists" + kind.removeprefix("a list") if "a list" in kind else _MANY.get(kind, kind) for kind in kinds])


def _or(kinds: list[str]) -> str:
    """Join kinds, each once, null last."""
    unique = sorted(dict.fromkeys(kinds), key=lambda kind: kind == "null")
    if len(unique) > 1 and "true or false" in unique:
        at = unique.index("true or false")
        unique[at : at + 1] = ["true", "false"]
    return unique[0] if len(unique) == 1 else ", ".join(unique[:-1]) + " or " + unique[-1]


def _as_map(schema: Any) -> dict[str, Any]:
    return schema if isinstance(schema, dict) else {}


def values_of(schema: dict[str, Any]) -> list[Any]:
    """Return the values that are listed for a field: its `enum`, or its dated `values`."""
    return list(schema.get("enum") or schema.get("values") or ())


def constraints(schema: dict[str, Any]) -> Iterator[str]:
    """Yield the bounds of a schema, each in a few words."""
    yield from _range(schema.get("minLength"), schema.get("maxLength"), "character", "not empty")
    yield from _range(schema.get("minItems"), schema.get("maxItems"), "element", "not empty")
    yield from _range(schema.get("minProperties"), schema.get("maxProperties"), "key", "not empty")
    yield from _numbers(schema)
    if "pattern" in schema:
        yield f"matches {schema['pattern']}"
    if schema.get("format") not in (None, "file"):
        yield f"format {schema['format']}"
    if schema.get("uniqueItems"):
        yield "no element twice"
    if schema.get("parse") == "json":
        yield "JSON text is parsed"


def _range(least: int | None, most: int | None, unit: str, not_empty: str) -> Iterator[str]:
    if least == 1 and most is None:
        yield not_empty
    elif least == most and least is not None:
        yield f"exactly {least} {unit}{'' if least == 1 else 's'}"
    elif least and most is not None:
        yield f"{least} to {most} {unit}s"
    elif most is not None:
        yield f"at most {most} {unit}{'' if most == 1 else 's'}"
    elif least:
        yield f"at least {least} {unit}s"


def _numbers(schema: dict[str, Any]) -> Iterator[str]:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and most is not None:
        yield f"{least} to {most}"
    elif least is not None:
        yield f"at least {least}"
    elif most is not None:
        yield f"at most {most}"
    if "exclusiveMinimum" in schema:
        yield f"more than {schema['exclusiveMinimum']}"
    if "exclusiveMaximum" in schema:
        yield f"less than {schema['exclusiveMaximum']}"
    if "multipleOf" in schema:
        yield f"a multiple of {schema['multipleOf']}"


def listed(values: list[Any], most: int = _MOST_VALUES) -> str:
    """Return values in a row, the many shortened."""
    shown = ", ".join(one if isinstance(one, str) else show(one) for one in values[:most])
    return f"{shown}, … ({len(values)} in all)" if len(values) > most else shown
