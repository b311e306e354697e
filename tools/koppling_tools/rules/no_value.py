"""Some value meets a schema: bounds do not cross, and what is listed has the type that is asked for.

A lower bound above the upper one refuses every caller; a listed value of another type is refused although it is listed.

Wrong:

    # modules/get_thing.v1.yaml
    fields:
      id: {type: string, title: ID, minLength: 20, maxLength: 2}

Right:

    # modules/get_thing.v1.yaml
    fields:
      id: {type: string, title: ID, minLength: 2, maxLength: 20}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from koppling.diagnostics import Severity
from koppling.read import Document
from koppling_tools.rules.view import Finding, schemas

SEVERITY: Severity = "error"

_BOUNDS: Final = (
    ("minimum", "maximum"),
    ("minimum", "exclusiveMaximum"),
    ("exclusiveMinimum", "maximum"),
    ("exclusiveMinimum", "exclusiveMaximum"),
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
)


def of_document(document: Document) -> Iterator[Finding]:
    """Find the bounds that cross, and the listed values of another type."""
    for at, schema in schemas(document.value):
        for low, high in _BOUNDS:
            least, most = schema.get(low), schema.get(high)
            if not isinstance(least, int | float) or not isinstance(most, int | float):
                continue
            if least > most or (least == most and "exclusive" in low + high):
                told = f"nothing is between `{low}: {least}` and `{high}: {most}`"
                yield Finding(document, told, (*at, high), "are the two swapped?")
        kinds = schema.get("type")
        if kinds is None:
            continue
        kinds = kinds if isinstance(kinds, list) else [kinds]
        listed = [((*at, "enum", index), one) for index, one in enumerate(schema.get("enum") or ())]
        listed += [((*at, "const"), schema["const"])] if "const" in schema else []
        for place, one in listed:
            if not any(_has(one, kind) for kind in kinds):
                told = f"{one!r} is listed, and is no {' or '.join(map(str, kinds))}"
                help_text = f"write {str(one)!r} in quotes" if "string" in kinds else "mend the value, or the `type`"
                yield Finding(document, told, place, help_text)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _has(value: Any, kind: str) -> bool:
    match kind:
        case "null":
            return value is None
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return _is_number(value) and value == int(value)
        case "number":
            return _is_number(value)
        case "string":
            return isinstance(value, str)
        case "array":
            return isinstance(value, list)
        case _:
            return isinstance(value, dict)
