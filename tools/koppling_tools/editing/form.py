"""The form of spec files: the first line, the keys of its head, the ends of lines. Nothing that a file says changes."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Final

from koppling.read import parse_document, read_regular, spans
from koppling_tools.check.files import Found

_MODELINE: Final = re.compile(r"#\s*yaml-language-server:\s*\$schema=(\S+)\s*")
_HEADS: Final = {
    "connector": ("koppling", "name", "title", "version"),
    "module": ("name", "version", "kind", "title", "summary", "source", "lifecycle"),
}


def formed(found: Found) -> tuple[str, str]:
    """Return a file's text, and the same in its proper form. A file with faults of YAML stays as it is."""
    whole = read_regular(found.path).decode("utf-8-sig", errors="surrogateescape")
    return whole, in_form(found, whole)


def in_form(found: Found, whole: str) -> str:
    """Return the text of a file, there or to be written, in its proper form."""
    document = parse_document(whole.encode("utf-8", errors="surrogateescape"), str(found.path))
    if document.diagnostics or not isinstance(document.value, dict):
        return whole
    text = whole.replace("\r\n", "\n").replace("\r", "\n")
    text = _same(document.value, re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE), text)
    text = _same(document.value, re.sub(r"\n{3,}", "\n\n", text), text)
    text = text.strip("\n") + "\n"
    # an example tells a story, in its own order; a file in braces, as JSON is, has commas between its keys
    if found.kind in _HEADS and not spans(text)[()].flow:
        text = _same(document.value, _ordered(text, _HEADS[found.kind]), text)
    return _with_modeline(text, found)


def _same(value: Any, text: str, otherwise: str) -> str:
    """Return a text if it says the same, in any order of keys; else the other."""
    document = parse_document(text.encode(), "")
    return text if not document.diagnostics and document.value == value else otherwise


def _ordered(text: str, first: tuple[str, ...]) -> str:
    """Put what tells who a connector or a module is to its top, each key with the comments above it."""
    head, chunks = _chunks(text)
    wanted = sorted(chunks, key=lambda one: first.index(one[0]) if one[0] in first else len(first))
    if wanted == chunks:
        return text
    return head + "".join(one[1] if one[1].endswith("\n") else one[1] + "\n" for one in wanted)


def _chunks(text: str) -> tuple[str, list[tuple[str, str]]]:
    """Return what stands before the first key, and each key with its lines and the comments above it."""
    lines = text.splitlines(keepends=True)
    starts = [at for at, line in enumerate(lines) if re.match(r"[\w\"'$]", line)]
    found = []
    begins = []
    for at in starts:
        begin = at
        while begin > 0 and lines[begin - 1].startswith("#") and not _MODELINE.fullmatch(lines[begin - 1].strip()):
            begin -= 1
        begins.append(begin)
    for begin, at, following in zip(begins, starts, [*begins[1:], len(lines)], strict=True):
        key = lines[at].split(":", 1)[0].strip("\"'")
        found.append((key, "".join(lines[begin:following])))
    return "".join(lines[: begins[0]]) if begins else text, found


def _with_modeline(text: str, found: Found) -> str:
    """Let the first line name the grammar, where the folder of specs has one."""
    first, _, rest = text.partition("\n")
    line = modeline(found)
    return f"{line}{rest if _MODELINE.fullmatch(first.strip()) else text}" if line else text


def modeline(found: Found) -> str:
    """Return the first line of a file, which leads editors to the grammar; empty where its folder of specs has none."""
    connector = found.connector.absolute()
    home = next(
        (above for above in connector.parents if (above / "language/v1/module.schema.json").is_file()),
        next((above / "spec" for above in connector.parents if (above / "spec/language/v1").is_dir()), None),
    )
    if home is None or found.kind == "stray":
        return ""
    schema = home / "language" / "v1" / f"{found.kind}.schema.json"
    path = Path(os.path.relpath(schema, found.path.absolute().parent)).as_posix()
    return f"# yaml-language-server: $schema={path}\n"
