"""What could come next at the cursor."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from koppling.read import Pointer
from koppling_tools.lsp import expression_offers, grammar_keys
from koppling_tools.lsp.answers import Offer
from koppling_tools.lsp.cursor import Cursor, cursor_at, open_reference
from koppling_tools.lsp.evaluate import short
from koppling_tools.lsp.files import Files, Spec
from koppling_tools.lsp.names import definition_offers, field_offers, module_offers, names_modules
from koppling_tools.lsp.spec_places import place_of
from koppling_tools.lsp.yaml_text import scalar

_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


def complete(files: Files, path: Path, offset: int) -> list[Offer]:
    """Return what could be written at a place of a file."""
    text, spec = files.text(path), files.spec(path)
    if text is None or spec is None:
        return []
    if _in_comment(text, offset):
        return []
    cursor = cursor_at(text, offset)
    if (cursor.role != "key" or "${" in cursor.word) and (expressions := _expression(files, spec, cursor)) is not None:
        return expressions
    found: list[Offer] = []
    if cursor.role in {"value", "either"}:
        found += _values(files, spec, cursor)
    if cursor.role in {"key", "either"}:
        found += _keys(files, spec, cursor)
    return found


def _in_comment(text: str, offset: int) -> bool:
    return text[text.rfind("\n", 0, offset) + 1 : offset].lstrip().startswith("#")


def _expression(files: Files, spec: Spec, cursor: Cursor) -> list[Offer] | None:
    """Return the offers within an expression; None where the cursor is in none."""
    place = place_of(spec.kind, cursor.pointer, files.value(spec.path))
    if place is None:
        return None
    start = open_reference(cursor.word)
    if start is not None:
        return list(expression_offers.over_roots(files, spec, cursor, place, start))
    if place.bare and "${" not in cursor.word:
        return list(expression_offers.over_subject(files, spec, cursor, place))
    return [] if "${" in cursor.word else None


def _values(files: Files, spec: Spec, cursor: Cursor) -> Iterator[Offer]:
    pointer = cursor.pointer
    start = cursor.start + len(cursor.quote)
    if names_modules(spec, pointer):
        yield from module_offers(files, spec, start, cursor.offset)
    elif _names_fields(pointer):
        yield from field_offers(files, spec, pointer, start, cursor.offset)
    elif pointer and pointer[-1] == "$ref":
        yield from definition_offers(files, spec, cursor)
    elif spec.kind == "module" and pointer[:2] == ("select", "default"):
        operations = (files.value(spec.path) or {}).get("operations") or {}
        for name in operations:
            yield Offer(name, name, start, cursor.offset, "value", "operation")
    else:
        methods = _METHODS if pointer[-2:] == ("request", "method") else ()
        for value in (*methods, *grammar_keys.values(spec.kind, pointer)):
            said = value if isinstance(value, str) else short(value)
            written = said if cursor.quote or not isinstance(value, str) else scalar(said)
            yield Offer(said, written, start, cursor.offset, "value")


def _names_fields(pointer: Pointer) -> bool:
    """Tell whether a place lists fields: a `required` of the module or an operation, the field that selects."""
    inner = pointer[2:] if pointer[:1] == ("operations",) else pointer
    match inner:
        case ("required",) | ("required", int()) | ("connection", "required") | ("connection", "required", int()):
            return True
        case ("select", "field") | ("validation", "dependentRequired", _, int()):
            return True
    return False


def _keys(files: Files, spec: Spec, cursor: Cursor) -> Iterator[Offer]:
    pointer, text = cursor.pointer, files.text(spec.path) or ""
    start = cursor.start + len(cursor.quote) if cursor.role == "key" or cursor.word else cursor.offset
    there = {one.text for one in files.scanned(spec.path).keys(pointer) if not one.start <= cursor.offset <= one.end}
    colon = text[cursor.offset : cursor.offset + 1] == ":"
    for name, schema in (*_inputs(files, spec, pointer), *grammar_keys.properties(spec.kind, pointer).items()):
        if name in there:
            continue
        there.add(name)
        insert = name if colon or cursor.quote else f"{name}: "
        yield Offer(name, insert, start, cursor.offset, "key", "", str(schema.get("description", "")))


def _inputs(files: Files, spec: Spec, pointer: Pointer) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the fields that are keys at a place: an example's inputs, what a stream sets, what is streamed until."""
    from koppling_tools.lsp.spec_places import fields_of

    if spec.kind == "example" and pointer == ("inputs",):
        module = files.module_of_example(spec)
        fields = fields_of(files.value(module), None) if module else {}
    elif spec.kind == "example" and pointer == ("connection",):
        fields = (files.connector(spec).get("connection") or {}).get("fields") or {}
    elif spec.kind == "module" and pointer[-2:] == ("stream", "set"):
        fields = fields_of(files.value(spec.path), str(pointer[1]) if pointer[0] == "operations" else None)
    elif spec.kind != "example" and pointer[-2:] in {("options", "inputs"), ("until", "inputs"), ("test", "inputs")}:
        named: Any = files.value(spec.path)
        for step in pointer[:-1]:
            named = named.get(step) if isinstance(named, dict) else None
        module = files.module(spec, str(named.get("module"))) if isinstance(named, dict) else None
        fields = fields_of(files.value(module), None) if module else {}
    else:
        return
    for name, schema in fields.items():
        if isinstance(schema, dict):
            yield name, schema
