"""The words yes, no, on and off are quoted: to half of all YAML readers they are true and false.

Here they are texts, as YAML 1.2 has it. Another tool that reads the same file may send `false` to Norway.

Wrong:

    # modules/get_thing.v1.yaml
    fields:
      id: {type: string, title: ID}
      country: {enum: [se, no], title: Country}
    request: {method: GET, path: "/things/${input.id}", query: {country: "${input.country}"}}

Right:

    # modules/get_thing.v1.yaml
    fields:
      id: {type: string, title: ID}
      country: {enum: [se, "no"], title: Country}
    request: {method: GET, path: "/things/${input.id}", query: {country: "${input.country}"}}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from koppling.diagnostics import Severity
from koppling.read import Document, Pointer
from koppling_tools.rules.view import Finding

SEVERITY: Severity = "warning"

# https://yaml.org/type/bool.html
_WORDS: Final = {word for one in ("yes", "no", "on", "off") for word in (one, one.title(), one.upper())}


def of_document(document: Document) -> Iterator[Finding]:
    """Find the words, as values and as keys, that stand in a connector or a module without quotes."""
    if isinstance(document.value, dict) and "inputs" in document.value:
        return  # an example holds the vendor's words, and nobody else reads it
    lines = document.text.splitlines()
    for pointer, (line, column, quoted) in document.values.items():
        key = document.keys.get(pointer)
        if key is not None and pointer[-1] in _WORDS and lines[key[0] - 1][key[1] - 1 : key[1]] not in "'\"":
            yield _finding(document, pointer, str(pointer[-1]), key=True)
        if not quoted and column and _value(document.value, pointer) in _WORDS and line:
            word = str(_value(document.value, pointer))
            if lines[line - 1][column - 1 :].startswith(word):
                yield _finding(document, pointer, word, key=False)


def _finding(document: Document, pointer: Pointer, word: str, *, key: bool) -> Finding:
    message = f"`{word}` without quotes is {word!r} here, and true or false to other readers of YAML"
    return Finding(document, message, pointer, f'write "{word}"; or true or false, if that is meant', key=key)


def _value(value: Any, pointer: Pointer) -> str | None:
    for part in pointer:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value if isinstance(value, str) else None
