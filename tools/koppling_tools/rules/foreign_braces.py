"""An expression is written `${…}`; what other languages write for one is text here.

`{id}` of OpenAPI, `{{id}}` of Jinja and Postman, `:id` of routers, `$id` of shells would be sent as they stand.

Wrong:

    # modules/get_thing.v1.yaml
    request: {method: GET, path: "/things/{id}"}

Right:

    # modules/get_thing.v1.yaml
    request: {method: GET, path: "/things/${input.id}"}
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from koppling.diagnostics import Severity
from koppling.read import Document, Pointer
from koppling_tools.rules.view import Finding, layers

SEVERITY: Severity = "warning"

_FORMS: Final = (
    re.compile(r"(?<!\$)\{\{\s*(?:inputs?\.|fields?\.)?(\w+)\s*\}\}"),
    re.compile(r"(?<![${])\{(?:inputs?\.)?(\w+)\}(?!\})"),
    re.compile(r"\$(?:inputs?\.)(\w+)"),
    re.compile(r"\$(\w+)\b"),
    re.compile(r"(?<=/):(\w+)(?=/|$)"),
    re.compile(r"%\((\w+)\)s"),
)


def of_document(document: Document) -> Iterator[Finding]:
    """Find the texts of requests that name a field in another language's way."""
    value = document.value
    if not isinstance(value, dict):
        return
    operations = value.get("operations")
    homes = [value, *(one for one in (operations or {}).values() if isinstance(one, dict))]
    fields = {name for home in homes for name in (home.get("fields") or {})}
    for at, request in layers(value):
        for place, text in _texts(request, at):
            for form in _FORMS:
                found = next((one for one in form.finditer(text) if one[1] in fields), None)
                if found is not None:
                    told = f"`{found[0]}` is sent as it stands"
                    yield Finding(document, told, place, f"write ${{input.{found[1]}}}", offset=found.start())
                    break


def _texts(value: Any, at: Pointer) -> Iterator[tuple[Pointer, str]]:
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _texts(one, (*at, key))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _texts(one, (*at, index))
