"""Which files below a path are specs, and what each of them is, told by its place."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from koppling.diagnostics import Diagnostic, Location
from koppling.read import Document
from koppling_tools.console.mistakes import Misuse

CONNECTOR: Final = "connector.yaml"
_SUFFIXES: Final = (".yaml", ".yml")
_VERSIONED: Final = re.compile(r"\w+\.v\d+")

Kind = Literal["connector", "module", "example", "stray"]
# How many folders up from such a file its connector is; the folder below that one has the kind's name, in the plural.
_PLACES: Final[tuple[tuple[Kind, int], ...]] = (("module", 2), ("example", 3))


@dataclass(frozen=True, slots=True)
class Found:
    """A spec file: what it is, and the folder of its connector."""

    path: Path
    kind: Kind
    connector: Path

    @property
    def versioned(self) -> str:
        """The module that it is, or that it is an example of, as its place says: `get_thing.v1`."""
        return self.path.stem if self.kind == "module" else self.path.absolute().parent.name


def find(path: Path) -> list[Found]:
    """Return the spec files at or below a path.

    Raises:
        Misuse: there are none.
    """
    if path.is_file() or _stands_for_a_module(path):
        found = classify(path)
        if found is None or found.kind == "stray":
            raise Misuse(
                f"{path} is no spec; specs are connector.yaml, modules/NAME.vMAJOR.yaml, examples/NAME.vMAJOR/CASE.yaml"
            )
        return [found]
    if not path.exists():
        raise Misuse(f"there is no file or folder {str(path)!r}")
    specs = [found for one in sorted(_below(path)) if (found := classify(one)) is not None]
    if not any(one.kind != "stray" for one in specs):
        raise Misuse(f"there is no spec in {str(path)!r}; a connector is a folder with connector.yaml and modules/")
    return specs


def _below(path: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(path):
        folders[:] = [one for one in folders if not one.startswith(".") and one not in {"node_modules", "__pycache__"}]
        named = [*files, *(one for one in folders if _stands_for_a_module(Path(folder, one)))]
        yield from (Path(folder, one) for one in named if one.endswith(_SUFFIXES) and not one.startswith("."))


def _stands_for_a_module(folder: Path) -> bool:
    """Tell whether a folder has the place and the name of a module's file, and so is in its way."""
    return folder.suffix in _SUFFIXES and folder.absolute().parent.name == "modules" and folder.is_dir()


def classify(shown: Path) -> Found | None:
    """Tell by its place what a file is; None where it has nothing to do with specs."""
    whole = shown.absolute()
    if whole.name == CONNECTOR:
        return Found(shown, "connector", _up(shown, 1))
    for kind, count in _PLACES:
        parents = whole.parents
        if len(parents) <= count or parents[count - 2].name != f"{kind}s":
            continue
        named = whole.stem if kind == "module" else whole.parent.name
        if (parents[count - 1] / CONNECTOR).is_file() or _VERSIONED.fullmatch(named):
            return Found(shown, kind, _up(shown, count))
    inside = any((above / CONNECTOR).is_file() for above in list(whole.parents)[:4])
    return Found(shown, "stray", _up(shown, 1)) if inside else None


def unreadable(document: Document) -> list[Diagnostic]:
    """Return why a file does not say all that its spec says; empty where it does."""
    if document.diagnostics or isinstance(document.value, dict):
        return list(document.diagnostics)
    return [Diagnostic("grammar", "is no map of keys", Location(document.path, 1, 1))]


def _up(path: Path, count: int) -> Path:
    """Return the folder so many steps above, as short as it was given where that suffices."""
    parents = path.parents
    return parents[count - 1] if len(parents) > count else path.absolute().parents[count - 1]
