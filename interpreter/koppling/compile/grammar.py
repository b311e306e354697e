"""The grammar of the language."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

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
    return document.fault(rule, message, pointer, help=help_text, key=fault.at_key)


def _name(pointer: Pointer) -> str:
    last = pointer[-1]
    return (
        f"`{last}`" if isinstance(last, str) else f"element {last + 1} of `{pointer[-2] if len(pointer) > 1 else ''}`"
    )
