"""The name of a header is a token, and what is written for it visible ASCII.

Anything else is refused at every call, or read otherwise by the next machine on the way.

Wrong:

    # modules/get_thing.v1.yaml
    request: {method: GET, path: "/things/${input.id}", headers: {"X Tag": a}}

Right:

    # modules/get_thing.v1.yaml
    request: {method: GET, path: "/things/${input.id}", headers: {X-Tag: a}}
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from koppling.diagnostics import Severity
from koppling.read import Document
from koppling_tools.rules.view import Finding, layers

SEVERITY: Severity = "error"

# https://www.rfc-editor.org/rfc/rfc9110#name-tokens
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_TEXT: Final = re.compile(r"[\t\x20-\x7e]*")


def of_document(document: Document) -> Iterator[Finding]:
    """Find the names and the texts that no header can have."""
    for at, request in layers(document.value if isinstance(document.value, dict) else {}):
        headers = request.get("headers")
        for name, value in (headers if isinstance(headers, dict) else {}).items():
            place = (*at, "headers", name)
            if not _TOKEN.fullmatch(name):
                help_text = f"write {re.sub(r'[^!#$%&*+.^_`|~0-9A-Za-z-]+', '-', name).strip('-')}"
                yield Finding(document, f"{name!r} is no name of a header", place, help_text, key=True)
            literal = re.sub(r"\$\{[^}]*\}", "", value) if isinstance(value, str) else ""
            if not _TEXT.fullmatch(literal):
                told = "a header holds visible ASCII, spaces and tabs only"
                yield Finding(document, told, place, "leave the rest out, or encode it: ${base64(…)}")
