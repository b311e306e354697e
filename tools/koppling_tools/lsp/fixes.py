"""Changes that mend a fault."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from koppling.diagnostics import Diagnostic, split_pointer
from koppling.read import Pointer
from koppling_tools.lsp import grammar_keys
from koppling_tools.lsp.answers import Edit, Fix
from koppling_tools.lsp.cursor import closing
from koppling_tools.lsp.evaluate import short
from koppling_tools.lsp.files import Files, Spec
from koppling_tools.lsp.scanned import Scanned
from koppling_tools.lsp.spans import meant, span, wrong_word
from koppling_tools.lsp.yaml_text import scalar

_REASON: Final = "why this may stay"
_OPTIONAL: Final = re.compile(r"add `(?P<field>\w+)` to `required`")


def fixes(files: Files, path: Path, diagnostic: Diagnostic) -> list[Fix]:
    """Return the changes that mend a fault, the likeliest first."""
    spec, text = files.spec(path), files.text(path)
    if spec is None or text is None:
        return []
    return [*_near_miss(files, path, text, diagnostic), *_by_rule(files, spec, text, diagnostic),
            *_suppressed(path, text, diagnostic)]  # fmt: skip


def _near_miss(files: Files, path: Path, text: str, diagnostic: Diagnostic) -> Iterator[Fix]:
    word, near = wrong_word(diagnostic), meant(diagnostic)
    if word is None or near is None:
        return
    start, end = span(text, files.scanned(path), diagnostic)
    if text[start:end] == word:
        yield Fix(f"Write `{near}`", (Edit(path, start, end, near),), preferred=True)


def _by_rule(files: Files, spec: Spec, text: str, diagnostic: Diagnostic) -> Iterator[Fix]:
    scanned = files.scanned(spec.path)
    pointer = pointer_of(diagnostic.pointer, files.value(spec.path))
    if (optional := _OPTIONAL.search(diagnostic.help)) is not None:
        edit = _require(scanned, spec, text, pointer, optional["field"])
        yield Fix(f"Add `{optional['field']}` to `required`", (edit,), preferred=True)
    elif diagnostic.rule == "missing-key" and "is required" in diagnostic.message and pointer:
        example = grammar_keys.example(spec.kind, pointer)
        said = scalar(example) if isinstance(example, str) else short(example) if example is not None else ""
        edit = insert_key(scanned, spec, text, pointer, said)
        yield Fix(f"Add `{pointer[-1]}`", (edit,), preferred=True)
    elif diagnostic.rule == "yaml-syntax" and "is quoted" in diagnostic.help:
        yield from _quoted(spec.path, text, scanned, diagnostic)


def _quoted(path: Path, text: str, scanned: Scanned, diagnostic: Diagnostic) -> Iterator[Fix]:
    start, _ = span(text, scanned, diagnostic)
    if text.startswith("${", start) and (end := closing(text, start + 2)) is not None:
        said = text[start : end + 1]
        yield Fix("Quote the expression", (Edit(path, start, end + 1, scalar(said)),), preferred=True)


def _suppressed(path: Path, text: str, diagnostic: Diagnostic) -> Iterator[Fix]:
    """Yield the comment that lets a warning stand; an error never may."""
    line = diagnostic.location.line
    if diagnostic.severity == "error" or line == 0 or diagnostic.rule == "suppression":
        return
    starts = [0, *(one.end() for one in re.finditer(r"\r\n|\n|\r", text))]
    start = starts[min(line, len(starts)) - 1]
    indent = re.compile(r"[ \t]*").match(text, start)
    comment = f"{indent[0] if indent else ''}# koppling: ignore[{diagnostic.rule}] {_REASON}\n"
    yield Fix(f"Let this stand: # koppling: ignore[{diagnostic.rule}]", (Edit(path, start, start, comment),))


def pointer_of(text: str, value: object) -> Pointer:
    """Return a JSON Pointer as keys and indexes."""
    found: list[str | int] = []
    for part in split_pointer(text):
        step: str | int = part
        if isinstance(value, list) and isinstance(step, str) and step.isdigit():
            step = int(step)
            value = value[step] if step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
        found.append(step)
    return tuple(found)


def _require(scanned: Scanned, spec: Spec, text: str, pointer: Pointer, field: str) -> Edit:
    """Return the edit that adds a field to `required`, where the field is declared."""
    homes = [one.pointer[:-2] for one in scanned.scalars
             if one.role == "key" and one.pointer[-2:] == ("fields", field) and len(one.pointer) in {2, 4}]  # fmt: skip
    base = next(
        (home for home in homes if home == pointer[: len(home)] and home),
        () if () in homes else homes[0] if homes else (),
    )
    where = (*base, "required")
    if where in scanned.flows:
        start, end = scanned.flows[where]
        inner = text[start + 1 : end - 1].rstrip()
        return Edit(spec.path, start + 1 + len(inner), start + 1 + len(inner), f", {field}" if inner.strip() else field)
    elements = [one for one in scanned.scalars if one.role == "value" and one.pointer[:-1] == where]
    if elements:
        last = elements[-1]
        line = text.rfind("\n", 0, last.start) + 1
        indent = text[line : text.index("-", line)]
        return Edit(spec.path, last.end, last.end, f"\n{indent}- {field}")
    return insert_key(scanned, spec, text, where, f"[{field}]")


def insert_key(scanned: Scanned, spec: Spec, text: str, pointer: Pointer, said: str) -> Edit:
    """Return the edit that adds a key to a map, before the first key that the grammar names after it."""
    parent, name = pointer[:-1], str(pointer[-1])
    entry = f"{name}: {said}".rstrip() if said else f"{name}: "
    if parent in scanned.flows:
        start, end = scanned.flows[parent]
        empty = not text[start + 1 : end - 1].strip()
        return Edit(spec.path, start + 1, start + 1, entry.rstrip() if empty else f"{entry.rstrip()}, ")
    keys = scanned.keys(parent)
    order = list(grammar_keys.properties(spec.kind, parent))
    rank = order.index(name) if name in order else len(order)
    following = next((one for one in keys if one.text in order and order.index(one.text) > rank), None)
    if following is not None:
        line = text.rfind("\n", 0, following.start) + 1
        if text[line : following.start].strip():  # the first key after a dash
            return Edit(spec.path, following.start, following.start, f"{entry}\n{' ' * (following.start - line)}")
        return Edit(spec.path, line, line, f"{text[line : following.start]}{entry}\n")
    if keys:
        last = max(one.end for one in scanned.scalars if one.pointer[: len(parent)] == parent)
        flows = [end for at, (_, end) in scanned.flows.items() if at[: len(parent)] == parent]
        line_end = text.find("\n", max([last, *flows]))
        line_end = len(text) if line_end < 0 else line_end
        indent = " " * (keys[0].start - text.rfind("\n", 0, keys[0].start) - 1)
        return Edit(spec.path, line_end, line_end, f"\n{indent}{entry}")
    return Edit(spec.path, len(text), len(text), entry + "\n")
