"""A module to be, of what a person says: method, path, fields."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from koppling.diagnostics import suggestion
from koppling_tools.console.mistakes import Misuse
from koppling_tools.scaffold.draft import Case, Module
from koppling_tools.scaffold.names import checked, title_of
from koppling_tools.scaffold.values import Values

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_BODILESS: Final = {"GET", "DELETE"}
_TEXTS: Final = ("date", "date-time", "email", "uri", "uuid")
_TYPES: Final[dict[str, dict[str, Any]]] = {
    **{one: {"type": one} for one in ("string", "integer", "number", "boolean", "object")},
    "array": {"type": "array", "items": {"type": "string"}},
    "file": {"format": "file"},
    **{one: {"type": "string", "format": one} for one in _TEXTS},
}
_FIELD: Final = re.compile(r"(?P<name>[^:!=]+)(?:[:=](?P<type>[^!]*))?(?P<required>!?)")
_PLACE: Final = re.compile(r"\$?\{(?:input\.)?([^{}]*)\}|:([A-Za-z_]\w*)")


@dataclass(frozen=True)
class Wanted:
    """What a person said."""

    name: str
    title: str | None
    method: str
    path: str
    kind: str
    fields: Sequence[str]
    items: str


def module_of(wanted: Wanted) -> Module:
    """Return a module with its first examples.

    Raises:
        Misuse: a field or a path that makes no sense.
    """
    path, in_path = read_path(wanted.path)
    fields: dict[str, dict[str, Any]] = {}
    required: list[str] = []
    for text in wanted.fields:
        name, schema, needed = read_field(text)
        if name in fields:
            raise Misuse(f"--field {text}: the field {name!r} is there already")
        fields[name] = schema
        required += [name] if needed or name in in_path else []
    lone = {name: {"type": "string", "minLength": 1, "title": title_of(name)} for name in in_path if name not in fields}
    fields, required = {**lone, **fields}, [*lone, *required]
    for name in in_path:
        if fields[name].get("type", "") not in {"string", "integer", "number"} and "enum" not in fields[name]:
            raise Misuse(f"--field {name}: what stands in a path is a text or a number")
    request = {"method": wanted.method, "path": path} | _sent(
        wanted.method, [one for one in fields if one not in in_path], fields
    )
    tree: dict[str, Any] = {
        "name": wanted.name,
        "version": "1.0.0",
        "kind": wanted.kind,
        "title": wanted.title or title_of(wanted.name),
    }
    tree |= {"fields": fields} if fields else {}
    tree |= {"required": required} if required else {}
    tree["request"] = request
    bundle = {"id": "a1", "name": "Anvil"}
    if wanted.kind == "search":
        tree["response"] = {"items": wanted.items}
        answer = {"status": 200, "json": _at(wanted.items, [bundle])}
    else:
        answer = {"status": 200, "json": bundle}
    values = Values({})
    whole = {name: values.sample(schema) for name, schema in fields.items()}
    smallest = {name: whole[name] for name in fields if name in required}
    cases = {"smallest": Case("The smallest valid call", smallest, answer)}
    if whole != smallest:
        cases["every_field"] = Case("Every field", whole, answer)
    return Module(wanted.name, tree, cases)


def _sent(method: str, names: Sequence[str], fields: dict[str, dict[str, Any]]) -> dict[str, Any]:
    if not names:
        return {}
    kind = "query" if method in _BODILESS else "json"
    if any(fields[name].get("format") == "file" for name in names):
        if method in _BODILESS:
            raise Misuse(f"a {method} sends no file; say --method POST")
        kind = "multipart"
    return {kind: {name: f"${{input.{name}}}" for name in names}}


def _at(items: str, value: Any) -> Any:
    """Return a body in which an expression finds a value.

    Raises:
        Misuse: it is more than names with dots.
    """
    if items == "@":
        return value
    if not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", items):
        raise Misuse(f"--items {items!r} is not where a list is; write names with dots, as data or result.things, or @")
    for name in reversed(items.split(".")):
        value = {name: value}
    return value


def read_path(text: str) -> tuple[str, list[str]]:
    """Return a path as the language has it, and the fields in it. `{id}`, `:id` and `${input.id}` are one.

    Raises:
        Misuse: it is none.
    """
    if "://" in text:
        raise Misuse(f"--path {text!r} is a whole address; write what comes after the base URL, as /things/{{id}}")
    if "?" in text or "#" in text:
        raise Misuse(f"--path {text!r} has a query; write --field for each of its parameters")
    names: list[str] = []

    def placed(found: re.Match[str]) -> str:
        name = checked((found[1] or found[2] or "").strip(), "field in a path")
        names.append(name)
        return f"${{input.{name}}}"

    path = _PLACE.sub(placed, text if text.startswith("/") else f"/{text}")
    rest = re.sub(r"\$\{input\.\w+\}", "", path)
    if re.search(r"[{}\s]", rest):
        raise Misuse(f"--path {text!r} is no path; write it as /things/{{id}}")
    return path, list(dict.fromkeys(names))


def read_field(text: str) -> tuple[str, dict[str, Any], bool]:
    """Return name, schema and whether it is required, of `name:type` or `name:type!`; `name:a|b` lists values.

    Raises:
        Misuse: it is none of these.
    """
    found = _FIELD.fullmatch(text.strip())
    if found is None:
        raise Misuse(f"--field {text!r} is no field; write name:type, with ! behind it where it is required")
    name, kind = checked(found["name"].strip(), "field"), (found["type"] or "string").strip()
    title = {"title": title_of(name)}
    if "|" in kind:
        values = [one.strip() for one in kind.split("|")]
        if not all(values) or len(set(values)) < len(values):
            raise Misuse(f"--field {text!r}: write each value once, as {name}:small|big")
        return name, {"enum": values, **title}, bool(found["required"])
    if kind not in _TYPES:
        near = suggestion(kind, [*_TYPES], most=20)
        raise Misuse(f"--field {text!r}: there is no type {kind!r}; {near}")
    return name, {**_TYPES[kind], **title}, bool(found["required"])
