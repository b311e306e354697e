"""What is written in a `path` is a path: no query, no fragment, no empty or dotted segments.

`?` in a path makes a second query beside `query`, of which servers read one or the other; a credential there lands in
every log on the way.

Wrong:

    # modules/get_thing.v1.yaml
    request: {method: GET, path: "/things/${input.id}?full=true"}

Right:

    # modules/get_thing.v1.yaml
    request: {method: GET, path: "/things/${input.id}", query: {full: true}}
    # examples/get_thing.v1/smallest.yaml
    request: {method: GET, path: /things/th_1, query: {full: "true"}}
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from koppling import template
from koppling.diagnostics import Severity
from koppling.read import Document
from koppling_tools.rules.view import Finding, layers

SEVERITY: Severity = "error"


def of_document(document: Document) -> Iterator[Finding]:
    """Find what belongs elsewhere."""
    for at, request in layers(document.value if isinstance(document.value, dict) else {}):
        path = request.get("path")
        wrong = _wrong(path) if isinstance(path, str) else None
        if wrong is not None:
            told, help_text, offset = wrong
            yield Finding(document, told, (*at, "path"), help_text, offset=offset)


def _wrong(path: str) -> tuple[str, str, int] | None:
    try:
        parts = template.parse(path)
    except template.TemplateError:
        return None  # told elsewhere
    literal = "".join(part if isinstance(part, str) else "\0" for part in parts)
    if "?" in literal:
        return "a path holds no query", "write it under `query`: {name: value}", path.find("?")
    if "#" in literal:
        return "a path holds no fragment, which is never sent", "remove what follows the #", path.find("#")
    if re.search(r"//|/\.{1,2}(?:/|$)", literal):
        at = re.search(r"//|/\.{1,2}(?:/|$)", path)
        return "an empty or dotted segment leads elsewhere", "write the path as it is meant", at.start() if at else 0
    if found := re.search(r"[^\0!-~]|\\\\", literal):
        return f"a path does not hold {found[0]!r} as it is", "percent-encode it", max(path.find(found[0]), 0)
    return None
