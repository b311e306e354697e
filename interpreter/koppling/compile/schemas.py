"""The JSON Schema of an operation's inputs.

The fields without their annotations, files as markers, references resolved.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from koppling.model import ModuleSpec
from koppling.read import Pointer
from koppling.validate import FILE_SCHEMA

ANNOTATIONS = frozenset({"advanced", "secret", "env", "default", "parse", "options", "lifecycle", "values"})
_MAPS = frozenset({"properties", "patternProperties", "$defs"})
_SCHEMAS = frozenset(
    {
        "items",
        "contains",
        "additionalProperties",
        "propertyNames",
        "not",
        "if",
        "then",
        "else",
        "anyOf",
        "oneOf",
        "allOf",
        "prefixItems",
    }
)


def input_schema(
    tree: dict[str, Any], defs: dict[str, Any], shared_defs: dict[str, Any], chooser: str | None
) -> dict[str, Any]:
    """Return what inputs must be, for the validator.

    Args:
        tree: the merged operation: fields, required, validation.
        defs: the module's own `$defs`.
        shared_defs: the connector's.
        chooser: the field that chose the operation, which needs no further check.
    """
    properties = {name: plain(schema) for name, schema in tree["fields"].items()}
    if chooser is not None:
        properties[chooser] = {}
    required = list(tree["required"])
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = required
    schema.update(plain(tree["validation"]))
    schema["$defs"] = _needed(schema, defs, shared_defs)
    return schema


def standing_alone(schema: dict[str, Any], defs: dict[str, Any], shared_defs: dict[str, Any]) -> dict[str, Any]:
    """Return a schema with the definitions that it refers to inside it."""
    found: dict[str, Any] = plain(schema)
    needed = _needed(found, defs, shared_defs)
    return {**found, "$defs": needed} if needed else found


def plain(schema: Any) -> Any:
    """Return a field's schema as JSON Schema knows it."""
    if isinstance(schema, list):
        return [plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found: dict[str, Any] = {}
    if "values" in schema and "type" not in schema:
        found["enum"] = list(schema["values"])
    if schema.get("format") == "file":
        found.update(FILE_SCHEMA)
    for key, value in schema.items():
        if key in ANNOTATIONS or key.startswith("x-") or (key == "format" and value == "file"):
            continue
        if key == "$ref":
            found[key] = _reference(value)
        elif key in _MAPS:
            found[key] = {name: plain(one) for name, one in value.items()}
        elif key in _SCHEMAS:
            found[key] = plain(value)
        else:
            found[key] = value
    return found


def _reference(text: str) -> str:
    # A connector's definition gets a name of its own; a dot cannot stand in a module's.
    return text.replace("connector#/$defs/", "#/$defs/connector.") if text.startswith("connector#") else text


def _needed(schema: dict[str, Any], defs: dict[str, Any], shared_defs: dict[str, Any]) -> dict[str, Any]:
    """Return the definitions that a schema reaches, and no others: the plan is read at every start."""
    found: dict[str, Any] = {}
    open_ends = [text for _, text in references(schema)]
    while open_ends:
        name = open_ends.pop().removeprefix("#/$defs/")
        shared = name.removeprefix("connector.")
        if name in found:
            continue
        if name in defs:
            found[name] = plain(defs[name])
        elif shared != name and shared in shared_defs:
            found[name] = _within_connector(plain(shared_defs[shared]))
        else:
            continue
        open_ends += [text for _, text in references(found[name])]
    return found


def _within_connector(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {
            key: value.replace("#/$defs/", "#/$defs/connector.")
            if key == "$ref" and isinstance(value, str) and "connector." not in value
            else _within_connector(value)
            for key, value in schema.items()
        }
    return [_within_connector(one) for one in schema] if isinstance(schema, list) else schema


def references(schema: Any, pointer: Pointer = ()) -> Iterator[tuple[Pointer, str]]:
    """Yield every `$ref` of a schema, with the keys that lead to it."""
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref" and isinstance(value, str):
                yield (*pointer, key), value
            elif key not in {"enum", "const", "default", "examples"}:
                yield from references(value, (*pointer, key))
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from references(value, (*pointer, index))


# ---- what is published: for forms, for other programs, for language models ----

_FILE_JSON: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "data": {"type": "string", "contentEncoding": "base64"},
        "media_type": {"type": "string"},
    },
    "required": ["data"],
    "additionalProperties": False,
}
_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def published_schema(module: ModuleSpec, operation: str | None = None) -> dict[str, Any]:
    """Return the JSON Schema 2020-12 of a module's inputs.

    Args:
        module: the module.
        operation: one of its operations; without it, all of them, told apart by the field that selects.

    Raises:
        KeyError: there is no such operation.
    """
    head = {"$schema": _DRAFT, "title": module.title, "description": module.summary}
    if module.select is None or operation is not None:
        return {**head, **_published(module, operation)}
    branches = [_published(module, name) for name in module.operations]
    defs: dict[str, Any] = {}
    for branch in branches:
        defs.update(branch.pop("$defs", {}))
    return {**head, "type": "object", "oneOf": branches, **({"$defs": defs} if defs else {})}


def _published(module: ModuleSpec, operation: str | None) -> dict[str, Any]:
    plan = module.operations[operation].plan
    schema: dict[str, Any] = dict(plan["schema"])
    properties = {
        name: _described(schema["properties"][name], field, optional=name not in plan["required"])
        for name, field in plan["fields"].items()
    }
    required = list(plan["required"])
    if module.select is not None:
        chooser = module.select["field"]
        properties = {chooser: {"title": module.select.get("title", chooser), "const": operation}, **properties}
        if module.select.get("default") != operation:
            required = [chooser, *required]
    schema |= {"properties": properties, "required": [name for name in required if "default" not in properties[name]]}
    if not schema["$defs"]:
        del schema["$defs"]
    found = _with_files(schema)
    assert isinstance(found, dict)  # noqa: S101  (for the type checker)
    return found


def _described(schema: dict[str, Any], field: dict[str, Any], *, optional: bool) -> dict[str, Any]:
    found = dict(schema)
    if "default" in field and optional:
        found["default"] = field["default"]
    for key in ("secret", "advanced"):
        if field.get(key):
            found[f"x-{key}"] = True
    if (field.get("lifecycle") or {}).get("deprecated"):
        found["deprecated"] = True
    return found


def _with_files(schema: Any) -> Any:
    """Replace the validator's marker of a file by the form that a file has in JSON."""
    if isinstance(schema, dict):
        if schema.get("required") == ["$file"]:
            rest = {key: value for key, value in schema.items() if key not in FILE_SCHEMA}
            return {**_FILE_JSON, **rest}
        return {key: _with_files(value) for key, value in schema.items()}
    return [_with_files(one) for one in schema] if isinstance(schema, list) else schema


def output_schema(module: ModuleSpec, operation: str | None = None) -> dict[str, Any]:
    """Return the JSON Schema of what an operation gives, as far as its spec says.

    The keys of the output, what is a file, what a list.

    Raises:
        KeyError: there is no such operation.
    """
    cases = [_case_output(case) for case in module.operations[operation].plan["response"]]
    return {"$schema": _DRAFT, **(cases[0] if len(cases) == 1 else {"anyOf": cases})}


def _case_output(case: dict[str, Any]) -> dict[str, Any]:
    output = case.get("output")
    if isinstance(output, dict):
        properties = {name: _value_schema(value) for name, value in output.items()}
        bundle: dict[str, Any] = {"type": "object", "properties": properties, "required": list(properties)}
    elif output is None and case.get("format") == "bytes":
        bundle = _FILE_JSON
    elif output is None and "items" not in case and isinstance(case.get("body"), dict):
        bundle = case["body"]
    elif output is None and case.get("format") == "text":
        bundle = {"type": "string"}
    else:
        bundle = {}
    return {"type": "array", "items": bundle} if "items" in case else bundle


def _value_schema(value: Any) -> dict[str, Any]:
    if isinstance(value, dict) and value.get("as") == "file":
        return {"anyOf": [_FILE_JSON, {"type": "array", "items": _FILE_JSON}, {"type": "null"}]}
    return {}
