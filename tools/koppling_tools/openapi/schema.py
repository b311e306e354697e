"""A document's schemas as JSON Schema 2020-12 has it: one word for each thing, faults that vendors make mended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

# What both dialects say in the same words, and what no validator reads.
_OF_SCHEMAS: Final = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")
_OF_LISTS: Final = ("anyOf", "oneOf", "allOf", "prefixItems")
_OF_MAPS: Final = ("properties", "patternProperties", "$defs", "dependentSchemas")
_UNREAD: Final = frozenset({"discriminator", "xml", "externalDocs", "readOnly", "writeOnly", "example", "nullable"})


def normal(schema: Any) -> dict[str, Any]:
    """Return one schema, without what is inside it, in the words of 2020-12.

    - `nullable` is a type, also in 3.1, where vendors leave it behind;
    - `exclusiveMinimum: true` makes a bound of `minimum` (https://spec.openapis.org/oas/v3.0.4.html is on draft 5);
    - `format: binary` of a text is a file (`format: file` here), as it is in multipart bodies.
    """
    if schema is True or schema is None:
        return {}
    if not isinstance(schema, Mapping):
        return {"not": {}}
    found = {key: one for key, one in schema.items() if key not in _UNREAD and not str(key).startswith("x-")}
    for exclusive, plain in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(found.get(exclusive), bool) and found.pop(exclusive) and plain in found:
            found[exclusive] = found.pop(plain)
    if schema.get("nullable") is True:
        _with_null(found)
    if "example" in schema and "examples" not in found:
        found["examples"] = [schema["example"]]
    if not isinstance(found.get("examples", []), list):
        found.pop("examples")
    return found


def _with_null(found: dict[str, Any]) -> None:
    kind = found.get("type")
    if isinstance(kind, str):
        found["type"] = [kind, "null"]
    elif isinstance(kind, list):
        found["type"] = [*kind, *(["null"] if "null" not in kind else [])]
    elif "$ref" in found or "anyOf" in found or "oneOf" in found or "allOf" in found:
        inner = {key: found.pop(key) for key in ("$ref", "anyOf", "oneOf", "allOf") if key in found}
        found["anyOf"] = [inner, {"type": "null"}]
    if isinstance(found.get("enum"), list) and None not in found["enum"]:
        found["enum"] = [*found["enum"], None]


def whole(schema: Any) -> Any:
    """Return a schema with all that is inside it, references left as they are."""
    if isinstance(schema, bool):
        return schema
    found = normal(schema)
    for key in _OF_SCHEMAS:
        if isinstance(found.get(key), Mapping):
            found[key] = whole(found[key])
    for key in _OF_LISTS:
        if isinstance(found.get(key), list):
            found[key] = [whole(one) for one in found[key]]
    for key in _OF_MAPS:
        if isinstance(found.get(key), Mapping):
            found[key] = {name: whole(one) for name, one in found[key].items()}
    return found
