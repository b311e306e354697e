"""What an editor tells unasked: the texts that it opens, changes and closes, and what happens on the disk."""

from __future__ import annotations

from typing import Any, Final

from lsprotocol import types as lsp

from koppling_tools.lsp.server import Server

_WATCHED: Final = "**/*.{yaml,yml}"


def register(server: Server) -> None:
    """Let a server hear it."""
    _texts(server)
    _disk(server)


def _texts(server: Server) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: lsp.DidOpenTextDocumentParams) -> None:
        server.opened(params.text_document)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: lsp.DidChangeTextDocumentParams) -> None:
        path = server.path(params.text_document.uri)
        if path is not None:
            text = server.workspace.get_text_document(params.text_document.uri).source
            server.changed(path, text, params.text_document.version)

    @server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: lsp.DidSaveTextDocumentParams) -> None:
        if (path := server.path(params.text_document.uri)) is not None:
            server.recheck(path)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: lsp.DidCloseTextDocumentParams) -> None:
        if (path := server.path(params.text_document.uri)) is not None:
            server.closed(path)


def _disk(server: Server) -> None:
    @server.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def on_disk(params: lsp.DidChangeWatchedFilesParams) -> None:
        for change in params.changes:
            if (path := server.path(change.uri)) is not None:
                server.recheck(path)

    @server.feature(lsp.INITIALIZED)
    async def initialized(_params: lsp.InitializedParams) -> None:
        able: Any = getattr(server.client_capabilities.workspace, "did_change_watched_files", None)
        if not getattr(able, "dynamic_registration", None):
            return
        options = lsp.DidChangeWatchedFilesRegistrationOptions([lsp.FileSystemWatcher(_WATCHED)])
        wish = lsp.Registration("specs", lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
        await server.client_register_capability_async(lsp.RegistrationParams([wish]))
