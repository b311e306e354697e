"""Names that a spec gives to other things: modules, fields, definitions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from koppling.read import Pointer
from koppling_tools.lsp.answers import Offer
from koppling_tools.lsp.cursor import Cursor
from koppling_tools.lsp.evaluate import short
from koppling_tools.lsp.field_words import field_line, field_words
from koppling_tools.lsp.files import Files, Spec
from koppling_tools.lsp.spec_places import fields_of


def names_modules(spec: Spec, pointer: Pointer) -> bool:
    """Tell whether a place names a module: a replacement's, an option's, a test's, an end's."""
    if spec.kind == "example" or not pointer:
        return False
    if pointer[-1] == "module":
        return len(pointer) > 1 and pointer[-2] in {"options", "until", "test"}
    return pointer[-1] == "replaced_by" and pointer[:-1] == ("lifecycle",)


def names_field(pointer: Pointer) -> bool:
    """Tell whether a `replaced_by` names a field: that of a field's own lifecycle."""
    return pointer[-1:] == ("replaced_by",) and "fields" in pointer


def module_offers(files: Files, spec: Spec, start: int, end: int) -> Iterator[Offer]:
    """Yield the modules of the connector: each name, and each with its major version."""
    known = files.modules(spec)
    short_names = list(dict.fromkeys(name.partition("@")[0] for name in known))
    for name in [*short_names, *known]:
        path = files.module(spec, name)
        value = files.value(path) if path else None
        value = value if isinstance(value, dict) else {}
        yield Offer(
            name, name, start, end, "module", str(value.get("title", "")), str(value.get("summary", "")),
            deprecated=bool((value.get("lifecycle") or {}).get("deprecated")),
        )  # fmt: skip


def field_offers(files: Files, spec: Spec, pointer: Pointer, start: int, end: int) -> Iterator[Offer]:
    """Yield the fields that a list of fields could name, those that it names already left out."""
    value = files.value(spec.path)
    operation = str(pointer[1]) if pointer[0] == "operations" and len(pointer) > 1 else None
    if spec.kind == "connector":
        fields = ((value or {}).get("connection") or {}).get("fields") or {}
    else:
        fields = fields_of(value, operation)
    there: Any = value
    for step in pointer[:-1] if isinstance(pointer[-1], int) else ():
        there = there.get(step) if isinstance(there, dict) else None
    named = set(map(str, there)) if isinstance(there, list) else set()
    for name, schema in fields.items():
        known = schema if isinstance(schema, dict) else {}
        if name not in named:
            yield Offer(name, name, start, end, "field", field_line(known), field_words(name, known))


def definition_offers(files: Files, spec: Spec, cursor: Cursor) -> Iterator[Offer]:
    """Yield the definitions that a `$ref` could name: this file's and the connector's."""
    start = cursor.start + len(cursor.quote)
    own = (files.value(spec.path) or {}).get("$defs") or {}
    shared = files.connector(spec).get("$defs") or {} if spec.kind == "module" else {}
    for base, defs in (("#/$defs/", own), ("connector#/$defs/", shared)):
        for name, schema in defs.items():
            said = f"{base}{name}"
            insert = said if cursor.quote else f'"{said}"'
            yield Offer(said, insert, start, cursor.offset, "definition", _line(schema))


def definition(files: Files, spec: Spec, reference: str) -> tuple[Path, Pointer] | None:
    """Return file and place of what a `$ref` names."""
    where, _, name = reference.partition("#/$defs/")
    if not name:
        return None
    path = files.connector_file(spec) if where == "connector" else spec.path
    return (path, ("$defs", name)) if path else None


def _line(schema: Any) -> str:
    return (str(schema.get("description", "")) or field_line(schema)) if isinstance(schema, dict) else short(schema)
