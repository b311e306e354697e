"""Answers of ours in the forms of the protocol."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lsprotocol import types as lsp

from koppling.diagnostics import Diagnostic
from koppling_tools.lsp.answers import Fix, Hover, Offer, Symbol
from koppling_tools.lsp.positions import Lines
from koppling_tools.lsp.scanned import Scanned
from koppling_tools.lsp.spans import span
from koppling_tools.rules.page import address

SOURCE: Final = "koppling"
_SEVERITIES: Final = {
    "error": lsp.DiagnosticSeverity.Error,
    "warning": lsp.DiagnosticSeverity.Warning,
    "advice": lsp.DiagnosticSeverity.Information,
}


def diagnostics(lines: Lines, scanned: Scanned, found: Iterable[Diagnostic]) -> list[lsp.Diagnostic]:
    """Return faults as an editor shows them: what is wrong, then on a line of its own what to write instead."""
    return [diagnostic(lines, scanned, one) for one in found]


def diagnostic(lines: Lines, scanned: Scanned, one: Diagnostic) -> lsp.Diagnostic:
    """Return one fault."""
    return lsp.Diagnostic(
        range=lines.range(*span(lines.text, scanned, one)),
        message=f"{one.message}\nhelp: {one.help}" if one.help else one.message,
        severity=_SEVERITIES[one.severity],
        code=one.rule,
        code_description=lsp.CodeDescription(address(one.rule)),
        source=SOURCE,
        data={"pointer": one.pointer} if one.pointer else None,
    )


_ICONS: Final = {
    "field": lsp.CompletionItemKind.Field,
    "root": lsp.CompletionItemKind.Variable,
    "key": lsp.CompletionItemKind.Property,
    "value": lsp.CompletionItemKind.EnumMember,
    "function": lsp.CompletionItemKind.Function,
    "module": lsp.CompletionItemKind.Module,
    "definition": lsp.CompletionItemKind.Class,
}
_SYMBOLS: Final = {
    "key": lsp.SymbolKind.Property,
    "field": lsp.SymbolKind.Field,
    "operation": lsp.SymbolKind.Method,
    "definition": lsp.SymbolKind.Class,
    "example": lsp.SymbolKind.Event,
}


def completions(lines: Lines, offers: Iterable[Offer]) -> lsp.CompletionList:
    """Return offers in their own order, each as an edit of the word that it completes."""
    items = [
        lsp.CompletionItem(
            label=one.label,
            kind=_ICONS[one.icon],
            detail=one.detail or None,
            documentation=_markdown(one.documentation) if one.documentation else None,
            tags=[lsp.CompletionItemTag.Deprecated] if one.deprecated else None,
            sort_text=f"{index:04}",
            filter_text=one.insert if one.insert.startswith('"') else one.label,
            text_edit=lsp.TextEdit(lines.range(one.start, one.end), one.insert),
        )
        for index, one in enumerate(offers)
    ]
    return lsp.CompletionList(is_incomplete=False, items=items)


def hover(lines: Lines, one: Hover) -> lsp.Hover:
    """Return words about a stretch of text."""
    return lsp.Hover(_markdown(one.text), lines.range(one.start, one.end))


def symbol(lines: Lines, one: Symbol) -> lsp.DocumentSymbol:
    """Return one row of an outline with those below it."""
    return lsp.DocumentSymbol(
        name=one.name or "…",
        kind=_SYMBOLS[one.icon],
        range=lines.range(one.start, one.end),
        selection_range=lines.range(one.start, one.key_end),
        detail=one.detail or None,
        children=[symbol(lines, child) for child in one.children],
    )


def action(fix: Fix, edit: lsp.WorkspaceEdit, about: lsp.Diagnostic) -> lsp.CodeAction:
    """Return a change that mends a fault."""
    return lsp.CodeAction(
        fix.title, kind=lsp.CodeActionKind.QuickFix, diagnostics=[about], edit=edit, is_preferred=fix.preferred or None
    )


def _markdown(text: str) -> lsp.MarkupContent:
    return lsp.MarkupContent(lsp.MarkupKind.Markdown, text)
