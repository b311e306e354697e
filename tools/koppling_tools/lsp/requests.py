"""What an editor asks about a place: each request to its part, the answer in the protocol's form."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from koppling_tools.console.options import today
from koppling_tools.lsp import protocol
from koppling_tools.lsp.answers import Edit, Place
from koppling_tools.lsp.completion import complete
from koppling_tools.lsp.definition import define, references
from koppling_tools.lsp.fixes import fixes
from koppling_tools.lsp.hover import hover
from koppling_tools.lsp.rename import CannotRename, rename, renameable
from koppling_tools.lsp.server import Server
from koppling_tools.lsp.symbols import outline

_TRIGGERS: Final = [".", "{", "$", "[", '"', "/", " "]
_REFUSED: Final = lsp.LSPErrorCodes.RequestFailed.value


def register(server: Server) -> None:
    """Give a server its answers."""
    _reading(server)
    _renaming(server)
    _fixing(server)


def _reading(server: Server) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=_TRIGGERS))
    def completion(params: lsp.CompletionParams) -> lsp.CompletionList | None:
        found = server.at(params.text_document, params.position)
        if found is None:
            return None
        return protocol.completions(server.lines(found[0]), complete(server.files, *found))

    @server.feature(lsp.TEXT_DOCUMENT_HOVER)
    def hovered(params: lsp.HoverParams) -> lsp.Hover | None:
        found = server.at(params.text_document, params.position)
        said = hover(server.files, *found, server.as_of or today()) if found else None
        return protocol.hover(server.lines(found[0]), said) if found and said else None

    @server.feature(lsp.TEXT_DOCUMENT_DEFINITION)
    def defined(params: lsp.DefinitionParams) -> list[lsp.Location]:
        found = server.at(params.text_document, params.position)
        return _locations(server, define(server.files, *found)) if found else []

    @server.feature(lsp.TEXT_DOCUMENT_REFERENCES)
    def referred(params: lsp.ReferenceParams) -> list[lsp.Location]:
        found = server.at(params.text_document, params.position)
        if found is None:
            return []
        places = references(server.files, *found, declarations=params.context.include_declaration)
        return _locations(server, places)

    @server.feature(lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    def symbols(params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
        path = server.path(params.text_document.uri)
        if path is None or server.files.spec(path) is None:
            return []
        lines = server.lines(path)
        return [protocol.symbol(lines, one) for one in outline(server.files, path)]


def _renaming(server: Server) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_PREPARE_RENAME)
    def prepared(params: lsp.PrepareRenameParams) -> lsp.PrepareRenamePlaceholder | None:
        found = server.at(params.text_document, params.position)
        if found is None:
            return None
        try:
            place, name = renameable(server.files, *found)
        except CannotRename as refusal:
            raise JsonRpcException(str(refusal), _REFUSED) from None
        return lsp.PrepareRenamePlaceholder(server.lines(place.path).range(place.start, place.end), name)

    @server.feature(lsp.TEXT_DOCUMENT_RENAME, lsp.RenameOptions(prepare_provider=True))
    def renamed(params: lsp.RenameParams) -> lsp.WorkspaceEdit | None:
        found = server.at(params.text_document, params.position)
        if found is None:
            return None
        try:
            edits = rename(server.files, *found, params.new_name)
        except CannotRename as refusal:
            raise JsonRpcException(str(refusal), _REFUSED) from None
        return _workspace_edit(server, edits)


def _fixing(server: Server) -> None:
    options = lsp.CodeActionOptions(code_action_kinds=[lsp.CodeActionKind.QuickFix])

    @server.feature(lsp.TEXT_DOCUMENT_CODE_ACTION, options)
    def actions(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        path = server.path(params.text_document.uri)
        if path is None or not _wanted(params.context.only):
            return []
        lines, scanned = server.lines(path), server.files.scanned(path)
        found = []
        for one in server.found.get(path, []):
            about = protocol.diagnostic(lines, scanned, one)
            if _touch(about.range, params.range):
                found += [
                    protocol.action(fix, _workspace_edit(server, fix.edits), about)
                    for fix in fixes(server.files, path, one)
                ]
        return found


def _wanted(only: Sequence[lsp.CodeActionKind | str] | None) -> bool:
    """Tell whether an editor wants quick fixes among others."""
    kind = lsp.CodeActionKind.QuickFix.value
    return only is None or any(kind.startswith(str(getattr(one, "value", one))) for one in only)


def _touch(one: lsp.Range, other: lsp.Range) -> bool:
    return one.start <= other.end and other.start <= one.end


def _locations(server: Server, places: Iterable[Place]) -> list[lsp.Location]:
    return [lsp.Location(server.uri(one.path), server.lines(one.path).range(one.start, one.end)) for one in places]


def _workspace_edit(server: Server, edits: Iterable[Edit]) -> lsp.WorkspaceEdit:
    changes: dict[str, list[lsp.TextEdit]] = {}
    for one in edits:
        line: Path = one.path
        changes.setdefault(server.uri(line), []).append(
            lsp.TextEdit(server.lines(line).range(one.start, one.end), one.text)
        )
    return lsp.WorkspaceEdit(changes=changes)
