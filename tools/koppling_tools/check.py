"""Folders of specs to faults.

Finds the files, gives each to the runtime's own checks, and looks at what only all of them together tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

from koppling.catalog import Catalog
from koppling.compile import check_connector, check_example, check_module
from koppling.diagnostics import Diagnostic, Location, suggestion
from koppling.errors import UnknownModule
from koppling.read import Document, Pointer, read_document
from koppling_tools.failure import Misuse

CONNECTOR: Final = "connector.yaml"
_SUFFIXES: Final = {".yaml", ".yml"}
_VERSIONED: Final = re.compile(r"\w+\.v\d+")

Kind = Literal["connector", "module", "example", "stray"]
# How many folders up from such a file its connector is; the folder below that one has the kind's name, in the plural.
_PLACES: Final[tuple[tuple[Kind, int], ...]] = (("module", 2), ("example", 3))


@dataclass
class Checked:
    """What was looked at, and what was found."""

    files: int = 0
    diagnostics: list[Diagnostic] = field(default_factory=list)


@dataclass(frozen=True)
class Found:
    """A spec file: what it is, and the folder of its connector."""

    path: Path
    kind: Kind
    connector: Path


def check(paths: Sequence[Path], specs: Sequence[Path], as_of: str) -> Checked:
    """Check every spec below the paths.

    Args:
        paths: folders of connectors, connectors, folders in them, files.
        specs: the search path, where the connector of lone modules is looked for.
        as_of: the ISO day at which it is read whether a replacement lives.

    Raises:
        Misuse: a path is not there, or holds no spec.
    """
    found = [one for path in paths for one in find(path)]
    unique = sorted({one.path.resolve(): one for one in found}.values(), key=lambda one: str(one.path))
    roots = [*dict.fromkeys([*(one.connector.parent for one in unique), *specs])]
    checker = _Checker(Catalog(roots), as_of)
    for one in unique:
        checker.look_at(one)
    checker.across()
    return Checked(len(unique), checker.diagnostics)


def find(path: Path) -> list[Found]:
    """Return the spec files at or below a path.

    Raises:
        Misuse: there are none.
    """
    if path.is_file():
        found = _classify(path.absolute(), path)
        if found is None or found.kind == "stray":
            raise Misuse(
                f"{path} is no spec; specs are connector.yaml, modules/NAME.vMAJOR.yaml, examples/NAME.vMAJOR/CASE.yaml"
            )
        return [found]
    if not path.exists():
        raise Misuse(f"there is no file or folder {str(path)!r}")
    files = sorted(one for one in path.rglob("*") if one.suffix in _SUFFIXES and not _hidden(one.relative_to(path)))
    specs = [found for one in files if (found := _classify(one.absolute(), one)) is not None]
    if not any(one.kind != "stray" for one in specs):
        raise Misuse(f"there is no spec in {str(path)!r}; a connector is a folder with connector.yaml and modules/")
    return specs


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") or part in {"node_modules", "__pycache__"} for part in path.parts)


def _classify(whole: Path, shown: Path) -> Found | None:
    """Tell by its place what a file is; None where it has nothing to do with specs."""
    if whole.name == CONNECTOR:
        return Found(shown, "connector", _up(shown, 1))
    for kind, count in _PLACES:
        folder = whole.parents[count - 1]
        if whole.parents[count - 2].name == f"{kind}s" and (_ours(folder) or _VERSIONED.fullmatch(_named(whole, kind))):
            return Found(shown, kind, _up(shown, count))
    inside = any((above / CONNECTOR).is_file() for above in list(whole.parents)[:4])
    return Found(shown, "stray", _up(shown, 1)) if inside else None


def _ours(folder: Path) -> bool:
    return (folder / CONNECTOR).is_file()


def _named(whole: Path, kind: str) -> str:
    return whole.stem if kind == "module" else whole.parent.name


def _up(path: Path, count: int) -> Path:
    """Return the folder so many steps above, as short as it was given where that suffices."""
    parents = path.parents
    return parents[count - 1] if len(parents) > count else path.absolute().parents[count - 1]


class _Checker:
    def __init__(self, catalog: Catalog, as_of: str) -> None:
        self.diagnostics: list[Diagnostic] = []
        self._catalog = catalog
        self._day = as_of
        self._connectors: dict[Path, Document | None] = {}
        self._documents: list[tuple[Found, Document]] = []
        self._modules: dict[str, dict[str, Path]] = {}

    def look_at(self, found: Found) -> None:
        """Give a file to the check of its kind."""
        if found.kind == "stray":
            self._stray(found)
            return
        document = read_document(found.path)
        match found.kind:
            case "connector":
                self._connectors[found.connector.absolute()] = document
                self.diagnostics += check_connector(document)
            case "module":
                connector = self._connector_of(found)
                if connector is None:
                    self._lonely(found)
                self.diagnostics += check_module(document, connector)
            case "example":
                self.diagnostics += check_example(document)
                self._orphan(found)
        if found.kind != "example" and isinstance(document.value, dict):
            self._documents.append((found, document))

    def across(self) -> None:
        """Look at what one file says of another."""
        for found, document in self._documents:
            for pointer, name in _named_modules(document.value):
                self._reference(found, document, pointer, name)
            replacement = (document.value.get("lifecycle") or {}).get("replaced_by")
            if found.kind == "module" and isinstance(replacement, str):
                self._replacement(found, document, replacement)

    def _connector_of(self, found: Found) -> Document | None:
        """Return the document of a module's connector, from its own folder or from further along the search path."""
        folder = found.connector.absolute()
        if folder not in self._connectors:
            places = [found.connector, *(root / folder.name for root in self._catalog.roots)]
            path = next((place / CONNECTOR for place in places if (place / CONNECTOR).is_file()), None)
            self._connectors[folder] = read_document(path) if path else None
        return self._connectors[folder]

    def _modules_of(self, found: Found) -> dict[str, Path]:
        """Return the files of a connector's modules over the whole search path, by `name@major`."""
        name = found.connector.absolute().name
        if name not in self._modules:
            try:
                files = self._catalog.files(name)
            except UnknownModule:  # no connector.yaml anywhere, which is told of the modules
                files = {}
            self._modules[name] = {f"{module}@{major}": path for (module, major), (path, _) in files.items()}
        return self._modules[name]

    def _lonely(self, found: Found) -> None:
        self._say(
            found,
            "no-connector",
            f"there is no connector {found.connector.absolute().name!r} for this module",
            f"write {found.connector / CONNECTOR}, or name the folder that holds it with --specs",
        )

    def _stray(self, found: Found) -> None:
        self._say(
            found,
            "file-place",
            "nothing reads this file where it stands",
            "a module is modules/NAME.vMAJOR.yaml, an example examples/NAME.vMAJOR/CASE.yaml",
        )

    def _orphan(self, found: Found) -> None:
        folder = found.path.absolute().parent.name
        name, _, major = folder.rpartition(".v")
        known = self._modules_of(found)
        if f"{name}@{major}" not in known:
            self._say(
                found,
                "unknown-module",
                f"its folder names no module: there is no modules/{folder}.yaml",
                suggestion(folder, {one.replace("@", ".v") for one in known}),
            )

    def _say(self, found: Found, rule: str, message: str, help_text: str) -> None:
        self.diagnostics.append(Diagnostic(rule, message, Location(str(found.path)), help=help_text))

    def _reference(self, found: Found, document: Document, pointer: Pointer, name: str) -> None:
        short = name.removeprefix(f"{found.connector.absolute().name}.")
        known = set(self._modules_of(found))
        names = {one.partition("@")[0] for one in known}
        if short not in known | names:
            self.diagnostics.append(
                document.fault(
                    "unknown-module", f"there is no module {short!r}", pointer, help=suggestion(short, known | names)
                )
            )

    def _replacement(self, found: Found, document: Document, name: str) -> None:
        """Warn where the module that callers are sent to is not there, or retired itself."""
        known, short = self._modules_of(found), name.removeprefix(f"{found.connector.absolute().name}.")
        files = [file for full, file in known.items() if short in {full, full.partition("@")[0]}]
        lives = [(read_document(file).value or {}).get("lifecycle") or {} for file in files]
        if not files:
            message, help_text = f"the replacement {short!r} is no module of this connector", suggestion(short, known)
        elif all(isinstance(one.get("retired"), str) and one["retired"] <= self._day for one in lives):
            message, help_text = (
                f"the replacement {short!r} is retired itself",
                "name the module that replaced that one",
            )
        else:
            return
        fault = document.fault("replacement", message, ("lifecycle", "replaced_by"), help=help_text)
        self.diagnostics.append(replace(fault, severity="warning"))


def _named_modules(value: Any, pointer: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the places where a spec names a module: a replacement's, an option's, a test's, an end's."""
    if isinstance(value, dict):
        for key, one in value.items():
            here = (*pointer, key)
            if key in {"options", "until", "test"} and isinstance(one, dict) and isinstance(one.get("module"), str):
                yield (*here, "module"), one["module"]
            if key not in {
                "json",
                "form",
                "multipart",
                "query",
                "headers",
                "inputs",
                "examples",
                "default",
                "const",
                "enum",
            }:
                yield from _named_modules(one, here)
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _named_modules(one, (*pointer, index))
