"""The grammar of the language."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any, Literal

from koppling.builtin import LANGUAGE, builtin_folder
from koppling.diagnostics import Diagnostic
from koppling.read import Document, Pointer, read_json, unseen
from koppling.validate import Schema
from koppling.words import Fault, show

Kind = Literal["connector", "module", "example"]

_RULES = {"additionalProperties": "unknown-key", "required": "missing-key"}


@lru_cache(maxsize=3)
def grammar(kind: Kind) -> Schema:
    """Return the grammar of one kind of file."""
    return Schema(read_json(builtin_folder() / "language" / f"v{LANGUAGE}" / f"{kind}.schema.json"))


def check_grammar(document: Document, kind: Kind) -> list[Diagnostic]:
    """Return what of a document is not the language."""
    schema = grammar(kind)
    faults = schema.faults(document.value)
    of_type = {one.pointer for one in faults if one.keyword == "type"}  # nothing else need be said of these
    told = [one for one in faults if one.keyword == "type" or one.pointer not in of_type]
    found = [_diagnostic(document, fault, kind, schema) for fault in told]
    return sorted(found, key=lambda one: (one.location.line, one.location.column))


def _diagnostic(document: Document, fault: Fault, kind: Kind, schema: Schema) -> Diagnostic:
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
        needed = len(pointer) == 1 and pointer[0] in schema.schema["required"]
        message, help_text = _nothing(document, fault, needed=needed) or (_wanted(document, fault, kind), help_text)
        message = f"{_name(pointer)} {message}"
    help_text = _hint(document, rule, fault, help_text) or help_text
    return document.fault(rule, _with_maps(message), pointer, help=help_text, key=fault.at_key)


def _nothing(document: Document, fault: Fault, *, needed: bool) -> tuple[str, str] | None:
    """Return what is said of a null, and what to write; None of anything else. Most are not written, but left open."""
    wanted = re.match(r"(.*)(?:; null is not allowed, leave it out instead|, not null)$", fault.message, re.DOTALL)
    if wanted is None or _at(document.value, fault.pointer) is not None:
        return None
    place = document.locate(fault.pointer)
    line = "".join(document.text.splitlines()[place.line - 1 : place.line])
    rest = line[place.column - 1 :].strip()
    mend = "write it" if needed else "write it, or remove the key"
    if rest.startswith(("null", "Null", "NULL", "~")):
        return f"{wanted[1]}, not null", mend
    if rest.startswith("#"):
        message = f"{wanted[1]}, and holds nothing: a # after a blank begins a comment"
        return message, f"quote the text: {json.dumps(rest, ensure_ascii=False)}"
    return f"{wanted[1]}, and holds nothing", mend


def _with_maps(message: str) -> str:
    """Return a message about a spec, whose objects are maps; what it quotes stays."""
    return re.sub(
        r"('(?:[^'\\]|\\.)*')|\ban (empty )?object\b",
        lambda found: found[1] or f"a{'n' * bool(found[2])} {found[2] or ''}map",
        message,
    )


_NAMED = "a map of names to values, or one whole `${…}`"
_OUTPUT = "an expression, or a map of them"
# What stands in these places, by the last two keys, where the grammar's own words name one form of several.
_FORMS = {
    ("request", "headers"): _NAMED,
    ("request", "query"): _NAMED,
    ("request", "form"): _NAMED,
    ("request", "multipart"): _NAMED,
    ("response", "output"): _OUTPUT,
    ("response", "envelope"): _OUTPUT,
    ("stream", "delta"): _OUTPUT,
    ("wait", "every"): "a number of seconds, or one `${…}`",
    ("wait", "deadline"): "a number of seconds, or one `${…}`",
    ("oauth2", "scopes"): "a list, or one `${…}`",
}
# Regular expressions of the grammar, and what they ask for.
_PATTERNS = {"^/": "begin with a /", r"^\$\{": "be one `${…}`"}


def _wanted(document: Document, fault: Fault, kind: Kind) -> str:
    """Return what a value should have been, in words in place of a regular expression or of one type of several."""
    value = _at(document.value, fault.pointer)
    if value is None or fault.keyword not in {"type", "pattern"}:
        return fault.message
    last = [step for step in fault.pointer if isinstance(step, str)][-2:]
    form = "" if kind == "connector" and last[0] == "request" else _FORMS.get((last[0], last[-1]), "")
    if form and "fields" not in fault.pointer:
        return f"must be {form}, not {show(value)}"
    for pattern, said in _PATTERNS.items():
        if fault.message.startswith(f"must match {pattern}"):
            more = re.search(r" does not( \(.*\)|)$", fault.message, re.DOTALL)
            return f"must {said}, not {show(value)}{more[1] if more and said.startswith('be ') else ''}"
    return fault.message


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


_CHOSEN = frozenset({("fields",), ("properties",), ("$defs",)})
_TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})


def _hint(document: Document, rule: str, fault: Fault, said: str) -> str:  # noqa: C901, PLR0912  (a table)
    """Return what mends a mistake that is made often, where it is known; nothing else."""
    pointer = fault.pointer
    key = str(pointer[-1]) if pointer else ""
    if fault.at_key and (hidden := unseen(key)):
        return hidden
    if rule == "unknown-key":
        return "" if said.startswith("did") else _FOREIGN.get(key, "")
    if fault.keyword == "propertyNames":
        return (
            "a name has letters, digits and _, and begins with none of the digits" if "A-Za-z_" in fault.message else ""
        )
    value = _at(document.value, pointer)
    if pointer[-2:-1] in _CHOSEN:  # the key is a name that somebody chose, whatever it means elsewhere
        return _field_hint(value)
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
    if key == "path" and isinstance(value, str):
        return _path_hint(value)
    if key == "style" and isinstance(value, str):
        return f"write {{{'objects' if value.startswith('dot') else 'arrays'}: {value}}}"
    if "status" in (key, *pointer[-2:-1]) and isinstance(value, str):
        found = re.search(r"[1-5]", value)
        return f"write {found[0]}00-{found[0]}99" if found else "write a status, or a range such as 400-499"
    return ""


def _field_hint(value: Any) -> str:
    return f"write what it takes: {{type: {value if value in _TYPES else 'string'}}}" if isinstance(value, str) else ""


_CURLY = "“”„‘’‚«»"  # noqa: RUF001  (what is meant to be found)


def _path_hint(path: str) -> str:
    if "://" in path:
        return "write what follows the connector's `base_url`, from the /"
    bare = path.strip(_CURLY)
    slashed = bare if bare.startswith("/") else f"/{bare}"
    return f'{path[0]} is no quote here; write "{slashed}"' if path[0] in _CURLY else f"write {slashed}"


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
