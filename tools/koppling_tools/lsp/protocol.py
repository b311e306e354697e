"""Answers of ours in the forms of the protocol."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lsprotocol import types as lsp

from koppling.diagnostics import Diagnostic
from koppling_tools.lsp.positions import Lines
from koppling_tools.lsp.scan import Scanned
from koppling_tools.lsp.spans import span

SOURCE: Final = "koppling"
_SEVERITIES: Final = {
    "error": lsp.DiagnosticSeverity.Error,
    "warning": lsp.DiagnosticSeverity.Warning,
    "advice": lsp.DiagnosticSeverity.Information,
}


def diagnostics(lines: Lines, scanned: Scanned, found: Iterable[Diagnostic], uri: str) -> list[lsp.Diagnostic]:
    """Return faults as an editor shows them: what is wrong, then on a line of its own what to write instead."""
    del uri
    return [diagnostic(lines, scanned, one) for one in found]


def diagnostic(lines: Lines, scanned: Scanned, one: Diagnostic) -> lsp.Diagnostic:
    """Return one fault."""
    page = getattr(one, "page", "") or ""
    return lsp.Diagnostic(
        range=lines.range(*span(lines.text, scanned, one)),
        message=f"{one.message}\nhelp: {one.help}" if one.help else one.message,
        severity=_SEVERITIES[one.severity],
        code=one.rule,
        code_description=lsp.CodeDescription(page) if page else None,
        source=SOURCE,
        data={"pointer": one.pointer} if one.pointer else None,
    )
