"""The grammar of the language."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Literal

from koppling.builtin import LANGUAGE, builtin_folder
from koppling.diagnostics import Diagnostic
from koppling.read import Document, Pointer, read_json
from koppling.validate import Schema
from koppling.words import Fault

Kind = Literal["connector", "module", "example"]

_RULES = {"additionalProperties": "unknown-key", "required": "missing-key"}


@lru_cache(maxsize=3)
def grammar(kind: Kind) -> Schema:
    """Return the grammar of one kind of file."""
    return Schema(read_json(builtin_folder() / "language" / f"v{LANGUAGE}" / f"{kind}.schema.json"))


def check_grammar(document: Document, kind: Kind) -> list[Diagnostic]:
    """Return what of a document is not the language."""
    found = [_diagnostic(document, fault) for fault in grammar(kind).faults(document.value)]
    return sorted(found, key=lambda one: (one.location.line, one.location.column))


def _diagnostic(document: Document, fault: Fault) -> Diagnostic:
    rule = _RULES.get(fault.keyword, "grammar")
    pointer: Pointer = fault.pointer
    message, help_text = fault.message, fault.help
    if fault.keyword == "required" and pointer[-2:] == ("lifecycle", "replaced_by"):
        words = "what is retired says why, or what to use instead"
        return document.fault("retired-silently", words, pointer[:-1], help="add `replaced_by` or `reason`", key=True)
    if fault.keyword == "dependentRequired" and pointer == ("select",):
        words = "nothing tells how one of the operations is chosen"
        shown = "select: {field: action, title: Action}"
        return document.fault("unselectable-operation", words, ("operations",), help=shown, key=True)
    if rule == "unknown-key" and " " in str(pointer[-1]) and not help_text.startswith("did"):
        help_text = "inside {…} a text that holds a comma is quoted"
    if fault.keyword in {"required", "dependentRequired"}:
        message = f"the key {pointer[-1]!r} {fault.message}"
    elif not fault.at_key and pointer:
        message = f"{_name(pointer)} {fault.message}"
    help_text = _hint(document, rule, pointer, help_text) or help_text
    return document.fault(rule, message, pointer, help=help_text, key=fault.at_key)


# What people write who come from OpenAPI, or from older drafts of JSON Schema.
_FOREIGN = {
    "nullable": 'write the type as [string, "null"]',
    "example": "write `examples: […]`",
    "definitions": "write `$defs` at the top of the file",
    "deprecated": "write `lifecycle: {deprecated: DAY, replaced_by: …}`",
    "readOnly": "leave out what callers do not give",
    "oneof": "write `oneOf`",
    "dependencies": "write `dependentRequired`",
    "optional": "fields are optional unless `required` lists them",
    "choices": "write `enum`",
    "body": "write one of json, form, multipart, raw",
    "data": "write one of json, form, multipart, raw",
    "params": "write `query`",
    "url": "write `path`, below the connector's `base_url`, or `target`",
}


def _hint(document: Document, rule: str, pointer: Pointer, said: str) -> str:
    """Return what mends a mistake that is made often, where it is known; nothing else."""
    key = str(pointer[-1]) if pointer else ""
    if rule == "unknown-key":
        return "" if said.startswith("did") else _FOREIGN.get(key, "")
    value = _at(document.value, pointer)
    if key == "method" and isinstance(value, str) and value.upper() != value:
        return f"write {value.upper()}"
    if key == "version" and pointer == ("version",):
        found = re.fullmatch(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?", str(value))
        return f"write {'.'.join(part or '0' for part in found.groups())}" if found else "write three numbers: 1.0.0"
    if key in {"since", "deprecated", "retired", "verified", "as_of"}:
        return "write a day as 2026-12-31"
    if key == "required" and value in (True, False):
        return "name the field in the list `required`, which stands beside `fields` or `properties`"
    if key in {"exclusiveMinimum", "exclusiveMaximum"} and isinstance(value, bool):
        bound = key.removeprefix("exclusive").lower()
        return f"write the number here, in place of `{bound}`"
    if value is None and pointer[-2:-1] == ("type",):
        return 'write "null", in quotes'
    if key == "path" and isinstance(value, str) and "://" in value:
        return "write what follows the connector's `base_url`, from the /"
    return ""


def _at(value: Any, pointer: Pointer) -> Any:
    for step in pointer:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _name(pointer: Pointer) -> str:
    last = pointer[-1]
    return (
        f"`{last}`" if isinstance(last, str) else f"element {last + 1} of `{pointer[-2] if len(pointer) > 1 else ''}`"
    )
