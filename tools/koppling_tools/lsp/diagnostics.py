"""The one place where the language server meets the checks: a file as it stands in the editor to its faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from koppling.compile import check_connector, check_example, check_module
from koppling.diagnostics import Diagnostic
from koppling.read import Document, parse_document, read_document
from koppling_tools.check import CONNECTOR, Found, _classify

NAMES: Final = (CONNECTOR,)


def classify(path: Path) -> Found | None:
    """Tell by its place what a file is; None where it has nothing to do with specs."""
    return _classify(path.absolute(), path)


def check_text(
    path: Path, text: str, specs: Sequence[Path], as_of: str, others: Mapping[Path, str] | None = None
) -> list[Diagnostic]:
    """Return every fault of one file.

    Args:
        path: where it stands; that tells what it is. A file that is no spec has no faults.
        text: what it holds.
        specs: the search path.
        as_of: the ISO day that lifecycles are read at.
        others: what other open files hold.
    """
    del as_of
    found = classify(path)
    if found is None or found.kind == "stray":
        return []
    document = parse_document(text.encode(), str(path))
    if found.kind == "connector":
        return check_connector(document)
    if found.kind == "example":
        return check_example(document)
    return check_module(document, _connector(found, specs, others or {}))


def _connector(found: Found, specs: Sequence[Path], others: Mapping[Path, str]) -> Document | None:
    for folder in (found.connector, *(root / found.connector.name for root in specs)):
        path = folder / CONNECTOR
        if path in others:
            return parse_document(others[path].encode(), str(path))
        if path.is_file():
            return read_document(path)
    return None
