"""The one place where the language server meets the checks: a file as it stands in the editor to its faults."""

from __future__ import annotations

from koppling.compile import check_connector, check_example, check_module
from koppling.diagnostics import Diagnostic
from koppling.read import Document
from koppling_tools.check.editor import check_text
from koppling_tools.check.files import Found, classify
from koppling_tools.check.own_fault import own_faults

__all__ = ["Found", "check_language", "check_text", "classify"]


def check_language(kind: str, document: Document, connector: Document | None) -> list[Diagnostic]:
    """Return the errors that a file makes in the language: a small part of `check_text`, and by far the quickest."""
    faults: list[Diagnostic] = []
    with own_faults(faults, document.path, "the language"):
        if kind == "connector":
            faults += check_connector(document)
        elif kind == "example":
            faults += check_example(document)
        else:
            faults += check_module(document, connector)
    return [one for one in faults if one.severity == "error"]
