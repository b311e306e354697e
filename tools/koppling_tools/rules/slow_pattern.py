r"""A pattern is decided in a time that grows with the text, not with its square or worse.

`(a+)+`, `(.|\s)*`, `\d*\d*$`: an engine that tries one way after another can take minutes for thirty characters that
do not match, and anybody who can give an input can give those thirty. The check here looks at the pattern; it does not
run it.

Wrong:

    # modules/get_thing.v1.yaml
    fields:
      id: {type: string, title: ID, pattern: "^([a-z0-9]+_?)+$"}

Right:

    # modules/get_thing.v1.yaml
    fields:
      id: {type: string, title: ID, pattern: "^[a-z0-9_]+$"}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from koppling.diagnostics import Severity
from koppling.read import Document, Pointer
from koppling_tools.patterns import slow_part
from koppling_tools.rules.view import Finding

SEVERITY: Severity = "error"


def of_document(document: Document) -> Iterator[Finding]:
    """Find the patterns of fields and definitions that some text makes slow."""
    if not isinstance(document.value, dict):
        return
    for pointer, pattern, key in _patterns(document.value, ()):
        if (why := slow_part(pattern)) is not None:
            help_text = "say the same with one repetition over one set of characters, or bound it, as in {1,16}"
            yield Finding(document, f"this pattern is slow on some texts: {why}", pointer, help_text, key=key)


def _patterns(value: Any, pointer: Pointer) -> Iterator[tuple[Pointer, str, bool]]:
    if isinstance(value, dict):
        for key, one in value.items():
            here = (*pointer, key)
            if key == "pattern" and isinstance(one, str):
                yield here, one, False
            elif key == "patternProperties" and isinstance(one, dict):
                yield from (((*here, name), name, True) for name in one)
            if key not in {"enum", "const", "default", "examples", "request", "response", "inputs", "output"}:
                yield from _patterns(one, here)
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _patterns(one, (*pointer, index))
