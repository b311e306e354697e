"""The outline of a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

from koppling.read import Pointer
from koppling_tools.lsp.answers import Symbol
from koppling_tools.lsp.files import Files
from koppling_tools.lsp.scanned import Scalar, Scanned

Icon = Literal["key", "field", "operation", "definition", "example"]
_LISTED: Final = {"fields", "operations", "$defs", "request", "response", "connection", "output", "inputs"}
_ICONS: Final[dict[str, Icon]] = {
    "fields": "field",
    "operations": "operation",
    "$defs": "definition",
    "inputs": "field",
}


def outline(files: Files, path: Path) -> list[Symbol]:
    """Return the keys of a file that one looks for: those at the top, fields, operations, definitions."""
    scanned = files.scanned(path)
    return _below(scanned, (), files.value(path))


def _below(scanned: Scanned, pointer: Pointer, value: Any) -> list[Symbol]:
    found = []
    for key in scanned.keys(pointer):
        one = value.get(key.text) if isinstance(value, dict) else None
        deeper = key.text in _LISTED or pointer == ("operations",)
        inside = _below(scanned, key.pointer, one) if deeper and pointer[-1:] != ("fields",) else []
        icon = _ICONS.get(str(pointer[-1]), "key") if pointer else "key"
        found.append(Symbol(key.text, _detail(one), icon, key.start, key.end, _end(scanned, key), inside))
    return found


def _detail(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("title") or "")
    return str(value) if isinstance(value, str | int | float) and len(str(value)) < 60 else ""  # noqa: PLR2004  (what fits a line)


def _end(scanned: Scanned, key: Scalar) -> int:
    depth = len(key.pointer)
    ends = [one.end for one in scanned.scalars if one.pointer[:depth] == key.pointer]
    flows = [end for pointer, (_, end) in scanned.flows.items() if pointer[:depth] == key.pointer]
    return max([*ends, *flows, key.end])
