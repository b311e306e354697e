"""A document without the parts that are not the language, so that the rest can be checked at once.

What is handed on keeps to the shape of the grammar: a map is where a map belongs, and a text where a text does. So
nothing that looks at it later has to ask again.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from koppling.compile.grammar import Kind, grammar
from koppling.diagnostics import Diagnostic, split_pointer
from koppling.read import Document
from koppling.validate import Schema

# Without these the rest says nothing, or something else than was meant.
_NEEDED: Final = frozenset({
    "name", "version", "title", "koppling", "connection", "request", "response", "fields", "required", "operations",
    "select", "$defs",
})  # fmt: skip


def pruned(document: Document, faults: Iterable[Diagnostic], kind: Kind) -> Document | None:
    """Return the document without what these faults of the grammar are about; None where too little would be left."""
    value = copy.deepcopy(document.value)
    if not isinstance(value, dict):
        return None
    for fault in faults:
        steps = split_pointer(fault.pointer)
        if _is_needed(steps):
            return None
        if fault.rule == "missing-key":
            steps = steps[:-1]
            if not _is_a_part(steps):
                return None
        _remove(value, steps, texts=False)
    return replace(document, value=value) if _in_shape(value, kind, whole=True) else None


def well_shaped(document: Document, kind: Kind) -> Document:
    """Return as much of a document as keeps to the shape of the grammar, for whoever looks at it without a check.

    Keys at its top may be missing. The value is None where nothing is left.
    """
    if not isinstance(document.value, dict):
        return replace(document, value=None)
    if grammar(kind).is_valid(document.value):
        return document
    value = copy.deepcopy(document.value)
    return replace(document, value=value if _in_shape(value, kind, whole=False) else None)


def _in_shape(value: dict[str, Any], kind: Kind, *, whole: bool) -> bool:
    """Remove what breaks the shape of a kind of file, the smallest part that is named; tell whether the rest keeps it.

    Args:
        value: what is changed.
        kind: the kind of file.
        whole: whether it counts as broken when more than parts of parts would have to go.
    """
    shape = _shape(kind)
    while places := shape.places(value):  # each round leaves less
        if not all(places) or (whole and any(map(_is_needed, places))):
            return False
        if not any(_remove(value, steps, texts=True) for steps in places):
            return False
    return True


def _is_a_part(steps: Sequence[str | int]) -> bool:
    """Tell whether a place is less than the document, or than one of its operations."""
    return bool(steps) and not (steps[0] in {"operations", "select"} and len(steps) < 3)  # noqa: PLR2004  (it and its name)


def _is_needed(steps: Sequence[str | int]) -> bool:
    """Tell whether others would be blamed for what stands here, if it were gone."""
    if not _is_a_part(steps):
        return True
    own = tuple(steps[2:] if steps[0] == "operations" else steps)
    return (len(own) == 1 and own[0] in _NEEDED) or own[-1:] == ("pages",) or own == ("connection", "fields")


def _remove(value: dict[str, Any], steps: Sequence[str | int], *, texts: bool) -> bool:
    """Remove what steps lead to; of a list, all of it, since what is left would mean something else.

    Where `texts` is false, a text keeps its place: it may be of the right kind, and only say the wrong thing. Returns
    whether something is gone.
    """
    for index, step in enumerate(map(str, steps)):
        inner = value.get(step)
        if index == len(steps) - 1 or not isinstance(inner, dict):
            if step not in value or (isinstance(inner, str) and not texts):
                return False
            if index and steps[index - 1] in {"fields", "$defs"} and inner != {}:
                value[step] = {}  # others may speak of it
            else:
                del value[step]
            return True
        value = inner
    return False


# ---- the shape of the grammar ----

# What a text says, how long a list is, and what may stand beside what: no shape depends on it.
_NO_SHAPE: Final = frozenset({
    "$id", "title", "description", "examples", "pattern", "format", "minLength", "maxLength", "minimum", "maximum",
    "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minItems", "maxItems", "minProperties", "maxProperties",
    "uniqueItems", "propertyNames", "not", "if", "then", "else", "dependentRequired", "dependentSchemas",
})  # fmt: skip
_TYPES: Final = {str: "string", bool: "boolean", int: "number", float: "number"}


@lru_cache(maxsize=3)
def _shape(kind: Kind) -> Schema:
    """Return what remains of the grammar where only the kinds of values count, and the keys that they must have."""
    found = _loosened(grammar(kind).schema)
    del found["required"]  # of the document itself
    return Schema(found)


def _loosened(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_loosened(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found: dict[str, Any] = {}
    for key, one in schema.items():
        if key in {"properties", "patternProperties", "$defs"}:
            found[key] = {name: _loosened(inner) for name, inner in one.items()}
        elif key in {"const", "enum"}:
            found["type"] = sorted({_TYPES[type(value)] for value in (one if key == "enum" else [one])})
        elif not (key in _NO_SHAPE or one is False):  # what nobody knows, nobody looks at
            found[key] = _loosened(one)
    if "type" in schema.get("if", ()):  # which kind it is tells what it holds
        found["if"] = schema["if"]
        found |= {key: _loosened(schema[key]) for key in ("then", "else") if key in schema}
    return found
