"""A parameter or a part that has keys of its own, told from a map that is sent as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from koppling.diagnostics import Diagnostic, near_miss
from koppling.read import Document, Pointer

# What may stand beside `value`. With one of these there the grammar tells every other key; without, it may be data.
_BESIDE: Final = {"query": ("style",), "form": ("style",), "multipart": ("name", "media_type", "style")}
# What other languages call the same.
_FOREIGN: Final = {
    "filename": "name",
    "file_name": "name",
    "content_type": "media_type",
    "contentType": "media_type",
    "Content-Type": "media_type",
    "mime_type": "media_type",
}
# Closer than what a message suggests elsewhere: `{value, type}` is data, and would be near to `style`.
_CLOSE: Final = 0.75


def check_parameters(
    document: Document, request: dict[str, Any], origin: Callable[[Pointer], Pointer]
) -> Iterator[Diagnostic]:
    """Yield the keys beside a `value` that are all near to those that mean something there.

    Args:
        document: the file.
        request: the request, merged or a connector's.
        origin: where in the document a place of the request stands.
    """
    for where, known in _BESIDE.items():
        named = request.get(where)
        for name, value in (named if isinstance(named, dict) else {}).items():
            if not isinstance(value, dict) or "value" not in value or set(known) & set(value):
                continue
            meant = {key: _meant(key, known) for key in value if key != "value"}
            for key, word in meant.items() if all(meant.values()) else ():
                yield document.fault(
                    "unknown-key",
                    f"unknown key {key!r}",
                    origin(("request", where, name, key)),
                    help=f"did you mean {word!r}?",
                    key=True,
                )


def _meant(key: str, known: tuple[str, ...]) -> str | None:
    foreign = _FOREIGN.get(key)
    return foreign if foreign in known else near_miss(key, known, cutoff=_CLOSE)
