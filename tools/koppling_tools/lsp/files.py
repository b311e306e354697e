"""Specs as the editor has them: what is open counts, else the disk. Read once, and again when it changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from koppling.builtin import builtin_folder
from koppling.read import Document, parse_document
from koppling_tools.lsp.diagnostics import classify
from koppling_tools.lsp.scan import scan
from koppling_tools.lsp.scanned import Scanned, tree

_MODULE: Final = re.compile(r"(?P<name>[A-Za-z]\w*)\.v(?P<major>\d+)\.ya?ml")
CONNECTOR: Final = "connector.yaml"


@dataclass(frozen=True, slots=True)
class Spec:
    """A file of a connector: what it is, and the connector's folder."""

    path: Path
    kind: str
    folder: Path

    @property
    def connector(self) -> str:
        """The connector's name."""
        return self.folder.name


@dataclass(slots=True)
class _Read:
    stamp: object
    text: str
    document: Document | None = None
    scanned: Scanned | None = None


class Files:
    """The texts of specs, and what is made of them.

    Args:
        specs: the search path: folders of connectors beside those of the files themselves.
    """

    def __init__(self, specs: Sequence[Path] = ()) -> None:
        self.specs = tuple(specs)
        self.open: dict[Path, str] = {}
        self._read: dict[Path, _Read] = {}
        self._good: dict[Path, Document] = {}

    def text(self, path: Path) -> str | None:
        """Return what a file holds; None where there is none."""
        found = self._of(path)
        return found.text if found else None

    def document(self, path: Path) -> Document | None:
        """Return a file as a value with places; None where there is no file."""
        found = self._of(path)
        if found is None:
            return None
        if found.document is None:
            found.document = parse_document(found.text.encode(), str(path))
            if found.document.value is not None:
                self._good[path] = found.document
        return found.document

    def value(self, path: Path) -> Any:
        """Return the value of a file as it was when it could last be read, else as far as its lines tell it."""
        document = self.document(path)
        if document is None or document.value is not None:
            return document and document.value
        good = self._good.get(path)
        return good.value if good else tree(self.scanned(path).scalars)

    def scanned(self, path: Path) -> Scanned:
        """Return the keys and scalars of a file, however broken."""
        found = self._of(path)
        if found is None:
            return Scanned()
        if found.scanned is None:
            found.scanned = scan(found.text)
        return found.scanned

    def _of(self, path: Path) -> _Read | None:
        stamp: object
        if path in self.open:
            text = self.open[path]
            stamp = text
        else:
            try:
                status = path.stat()
                stamp = (status.st_mtime_ns, status.st_size)
                known = self._read.get(path)
                text = known.text if known and known.stamp == stamp else path.read_bytes().decode("utf-8-sig")
            except (OSError, UnicodeDecodeError):
                self._read.pop(path, None)
                return None
        known = self._read.get(path)
        if known is None or known.stamp != stamp:
            known = self._read[path] = _Read(stamp, text)
        return known

    # ---- neighbours ----

    def spec(self, path: Path) -> Spec | None:
        """Return what a file is, told by its place; None where it is no spec."""
        found = classify(path)
        if found is None or found.kind == "stray":
            return None
        return Spec(path, found.kind, found.connector)

    def connector_file(self, spec: Spec) -> Path | None:
        """Return the file of a spec's connector: its own folder's, or one from further along the search path."""
        for folder in self._folders(spec):
            path = folder / CONNECTOR
            if path in self.open or path.is_file():
                return path
        return None

    def connector(self, spec: Spec) -> dict[str, Any]:
        """Return the connector of a spec, as last readable; empty where there is none."""
        path = self.connector_file(spec)
        value = self.value(path) if path else None
        return value if isinstance(value, dict) else {}

    def modules(self, spec: Spec) -> dict[str, Path]:
        """Return the files of the modules of a spec's connector, by `name@major`, in order."""
        found: dict[str, Path] = {}
        for folder in self._folders(spec):
            names = sorted((folder / "modules").glob("*")) if (folder / "modules").is_dir() else []
            for path in [*names, *(one for one in self.open if one.parent == folder / "modules")]:
                if parts := _MODULE.fullmatch(path.name):
                    found.setdefault(f"{parts['name']}@{int(parts['major'])}", path)
        return dict(sorted(found.items()))

    def module(self, spec: Spec, name: str) -> Path | None:
        """Return the file of a module that a spec names, with or without connector and major."""
        known = self.modules(spec)
        short = name.removeprefix(f"{spec.connector}.")
        if short in known:
            return known[short]
        majors = [one for one in known if one.partition("@")[0] == short]
        return known[max(majors, key=lambda one: int(one.partition("@")[2]))] if majors else None

    def module_of_example(self, spec: Spec) -> Path | None:
        """Return the module that an example is for."""
        name, _, major = spec.path.parent.name.rpartition(".v")
        return self.modules(spec).get(f"{name}@{major}")

    def examples(self, module: Path) -> list[Path]:
        """Return the files of a module's examples, in order."""
        folder = module.parent.parent / "examples" / module.stem
        on_disk = set(folder.glob("*.y*ml")) if folder.is_dir() else set()
        return sorted(on_disk | {path for path in self.open if path.parent == folder})

    def _folders(self, spec: Spec) -> list[Path]:
        roots = [*self.specs, builtin_folder()]
        return list(dict.fromkeys([spec.folder, *(root.absolute() / spec.connector for root in roots)]))
