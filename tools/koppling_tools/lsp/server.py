"""The server: the open files as the editor has them, and what is told of each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from lsprotocol import types as lsp
from pygls import uris
from pygls.lsp.server import LanguageServer

from koppling import __version__
from koppling.diagnostics import Diagnostic
from koppling_tools.console.options import today
from koppling_tools.lsp import protocol
from koppling_tools.lsp.diagnostics import check_language, check_text
from koppling_tools.lsp.files import Files, Spec
from koppling_tools.lsp.positions import Lines
from koppling_tools.lsp.publishing import Publisher

SOURCE: Final = "koppling"


class Server(LanguageServer):
    """What the handlers share.

    Args:
        specs: the search path, beside the folders of the open files.
        as_of: the ISO day that lifecycles are read at; today, whenever that is, without it.
    """

    def __init__(self, specs: Sequence[Path] = (), as_of: str | None = None) -> None:
        super().__init__(SOURCE, __version__, text_document_sync_kind=lsp.TextDocumentSyncKind.Full)
        self.files = Files(specs)
        self.as_of = as_of
        self.found: dict[Path, list[Diagnostic]] = {}
        self.publisher = Publisher(self._errors, self._faults, self._publish)
        self._uris: dict[Path, str] = {}
        self._versions: dict[Path, int | None] = {}

    def lines(self, path: Path) -> Lines:
        """Return the lines of a file, counted as the client counts."""
        return Lines(self.files.text(path) or "", self.workspace.position_encoding or lsp.PositionEncodingKind.Utf16)

    def uri(self, path: Path) -> str:
        """Return the address of a file, as the client wrote it where it did."""
        return self._uris.get(path) or uris.from_fs_path(str(path)) or path.as_uri()

    def at(self, document: lsp.TextDocumentIdentifier, position: lsp.Position) -> tuple[Path, int] | None:
        """Return file and offset of a request; None for what is no open spec."""
        path = self.path(document.uri)
        if path is None or path not in self.files.open or self.files.spec(path) is None:
            return None
        return path, self.lines(path).offset(position)

    def path(self, uri: str) -> Path | None:
        """Return the file of an address; None for what is no file."""
        if uris.uri_scheme(uri) != "file":
            return None
        found = uris.to_fs_path(uri)
        return Path(found) if found else None

    # ---- the texts ----

    def opened(self, document: lsp.TextDocumentItem) -> None:
        """Take a file from the editor instead of the disk."""
        path = self.path(document.uri)
        if path is not None:
            self._uris[path] = document.uri
            self.changed(path, document.text, document.version)

    def changed(self, path: Path, text: str, version: int | None) -> None:
        """Take a new text, and check all that it may concern."""
        self.files.open[path] = text
        self._versions[path] = version
        self.recheck(path)

    def closed(self, path: Path) -> None:
        """Take a file from the disk again."""
        self.files.open.pop(path, None)
        self.found.pop(path, None)
        self.publisher.closed(path)
        self._uris.pop(path, None)
        self.recheck(path)

    def recheck(self, changed: Path) -> None:
        """Check the open files that a changed one concerns: itself first, then those of its connector."""
        if changed in self.files.open:
            self.publisher.changed(changed)
        spec = self.files.spec(changed)
        if spec is not None:
            self.publisher.all_changed(self._neighbours(spec))

    def _neighbours(self, spec: Spec) -> list[Path]:
        found = []
        for path in self.files.open:
            other = self.files.spec(path)
            if path != spec.path and other is not None and other.connector == spec.connector:
                found.append(path)
        return found

    def _errors(self, path: Path) -> list[Diagnostic]:
        spec, document = self.files.spec(path), self.files.document(path)
        if spec is None or document is None:
            return []
        connector = self.files.connector_file(spec)
        return check_language(spec.kind, document, self.files.document(connector) if connector else None)

    def _faults(self, path: Path) -> list[Diagnostic]:
        texts = dict(self.files.open)
        if path not in texts:
            return []
        return check_text(path, texts[path], self.files.specs, self.as_of or today(), texts)

    def _publish(self, path: Path, found: list[Diagnostic]) -> None:
        self.found[path] = found
        lines = self.lines(path)
        said = protocol.diagnostics(lines, self.files.scanned(path), found)
        self.text_document_publish_diagnostics(
            lsp.PublishDiagnosticsParams(self.uri(path), said, self._versions.get(path))
        )
