"""A keyword of a schema says something of a value of its type.

`maxLength` counts the characters of texts; of a number it says nothing, and every number passes.

Wrong:

    # modules/get_thing.v1.yaml
    fields:
      id: {type: string, title: ID, maximum: 40}

Right:

    # modules/get_thing.v1.yaml
    fields:
      id: {type: string, title: ID, maxLength: 40}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from koppling.diagnostics import Severity
from koppling.read import Document
from koppling_tools.rules.view import Finding, schemas

SEVERITY: Severity = "warning"

# https://json-schema.org/draft/2020-12/json-schema-validation#section-6
_OF: Final = {
    "string": ("minLength", "maxLength", "pattern"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "array": ("minItems", "maxItems", "uniqueItems", "items", "prefixItems", "contains"),
    "object": ("minProperties", "maxProperties", "properties", "required", "additionalProperties", "propertyNames"),
}
_TWINS: Final = {
    ("string", "minimum"): "minLength",
    ("string", "maximum"): "maxLength",
    ("array", "minLength"): "minItems",
    ("array", "maxLength"): "maxItems",
    ("array", "minimum"): "minItems",
    ("array", "maximum"): "maxItems",
    ("number", "minLength"): "minimum",
    ("number", "maxLength"): "maximum",
    ("string", "minItems"): "minLength",
    ("string", "maxItems"): "maxLength",
}


def of_document(document: Document) -> Iterator[Finding]:
    """Find the keywords that say nothing of the types beside them."""
    for at, schema in schemas(document.value):
        if schema.get("parse") == "json":
            continue
        for keyword, kind, only in idle(schema):
            twin = _TWINS.get((only, keyword))
            help_text = f"write `{twin}`" if twin else f"remove it, or add {kind} to `type`"
            told = f"`{keyword}` says nothing of a value that is {only}"
            yield Finding(document, told, (*at, keyword), help_text, key=True)


def idle(schema: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield each keyword that says nothing beside the schema's `type`, the type it is of, and the one there is."""
    kinds = schema.get("type")
    if kinds is None:
        return
    listed = kinds if isinstance(kinds, list) else [kinds]
    kinds = {"number" if one == "integer" else one for one in listed if isinstance(one, str)}
    if not kinds <= {*_OF, "boolean", "null"}:
        return  # a type that is none is told of by itself
    only = next(iter(sorted(kinds - {"null"})), "null")
    for kind, keywords in _OF.items():
        for keyword in keywords if kind not in kinds else ():
            if keyword in schema and not (keyword == "required" and isinstance(schema[keyword], bool)):
                yield keyword, kind, only
