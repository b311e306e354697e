"""Whoever repeats a POST or PATCH says why.

A request that was carried out, and whose answer was lost, is carried out twice: two orders, two charges. It may be
right (a vendor that knows idempotency keys, or whose own clients do it); then a comment beside it says so.

Wrong:

    # modules/get_thing.v1.yaml
    retry:
      methods: [GET, POST]

Right:

    # modules/get_thing.v1.yaml
    retry:
      methods: [GET, POST]  # a POST to /things finds, and changes nothing
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from koppling.diagnostics import Severity
from koppling.read import Document, Pointer
from koppling_tools.rules.view import Finding

SEVERITY: Severity = "warning"

_UNSAFE = {"POST", "PATCH"}
_COMMENT = re.compile(r"(?:^|\s)#(?!\s*(?:koppling|yaml-language-server):)\s*\S")


def of_document(document: Document) -> Iterator[Finding]:
    """Find the repeated methods that are not safe to repeat, without a comment on their line or the line above."""
    lines = document.text.splitlines()
    for pointer, retry in _retries(document.value):
        methods = retry.get("methods")
        for index, method in enumerate(methods if isinstance(methods, list) else ()):
            if method not in _UNSAFE:
                continue
            place = document.locate((*pointer, "methods", index))
            above = document.locate((*pointer, "methods"), key=True).line
            near = {place.line, above, above - 1, document.locate(pointer, key=True).line}
            if not any(0 < line <= len(lines) and _COMMENT.search(lines[line - 1]) for line in near):
                told = f"a {method} that is repeated may be carried out twice, and nothing says why that is right"
                yield Finding(document, told, (*pointer, "methods", index), "say why, in a comment on this line")


def _retries(value: Any) -> Iterator[tuple[Pointer, dict[str, Any]]]:
    if not isinstance(value, dict):
        return
    if isinstance(value.get("retry"), dict):
        yield ("retry",), value["retry"]
    operations = value.get("operations")
    for name, one in (operations if isinstance(operations, dict) else {}).items():
        if isinstance(one, dict) and isinstance(one.get("retry"), dict):
            yield ("operations", name, "retry"), one["retry"]
