"""Checks all specs below some paths: each unit by itself, then what only all of a connector's files together tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from koppling.catalog import Catalog
from koppling.compile import well_shaped
from koppling.diagnostics import Diagnostic, Location
from koppling.errors import UnknownModule
from koppling.read import read_document
from koppling_tools import rules
from koppling_tools.check import suppression
from koppling_tools.check.files import CONNECTOR, Found, find
from koppling_tools.check.memory import Memory
from koppling_tools.check.own_fault import own_faults
from koppling_tools.check.unit import Looked, Unit
from koppling_tools.check.workers import look_at_all
from koppling_tools.rules.view import Facts, FolderView


@dataclass
class Checked:
    """What was looked at, and what was found."""

    files: list[str] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)


def check(paths: Sequence[Path], specs: Sequence[Path], as_of: str) -> Checked:
    """Check every spec below the paths.

    Args:
        paths: folders of connectors, connectors, folders in them, files.
        specs: the search path, where the connector of lone modules is looked for.
        as_of: the ISO day that lifecycles are read at.

    Raises:
        Misuse: a path is not there, or holds no spec.
    """
    found = [one for path in paths for one in find(path)]
    real = cache(Path.resolve)  # of folders, of which there are few
    unique = sorted(
        {(real(one.path.parent), one.path.name): one for one in found}.values(), key=lambda one: str(one.path)
    )
    roots = list(dict.fromkeys([*(one.connector.parent for one in unique), *specs]))
    catalog = Catalog(roots)
    units = list(units_of(unique, catalog))
    memory = Memory(as_of, roots)
    looked = memory.recall(units)
    missing = [unit for unit in units if unit not in looked]
    looked |= look_at_all(missing, as_of, roots)
    memory.keep(looked, missing)
    asked = {str(one.path) for one in unique}
    diagnostics = [one for unit in units for one in looked[unit].diagnostics if one.location.path in asked]
    diagnostics += [stray(one) for one in unique if one.kind == "stray"]
    diagnostics += across(unique, looked, catalog, as_of)
    return Checked([str(one.path) for one in unique], list(let_stand(diagnostics, looked.values(), asked)))


def units_of(found: Sequence[Found], catalog: Catalog) -> Iterator[Unit]:
    """Yield the units of some files. A module brings its examples along, and an example its module."""
    folders = {one.connector.absolute(): one.connector for one in found}
    for absolute, folder in folders.items():
        own = [one for one in found if one.connector.absolute() == absolute and one.kind != "stray"]
        connector = connector_file(folder, catalog)
        modules = {one.versioned: one.path for one in own if one.kind == "module"}
        examples = {one.versioned for one in own if one.kind == "example"}
        for one in own:
            if one.kind == "connector":
                yield Unit("connector", one.path, None)
        shown = {one.path.absolute(): one.path for one in own if one.kind == "example"}
        for versioned in sorted({*modules, *examples}):
            cases = tuple(
                shown.get(path.absolute(), path) for path in sorted((folder / "examples" / versioned).glob("*.y*ml"))
            )
            path = modules.get(versioned) or module_file(folder, versioned, catalog)
            yield Unit("module" if path else "examples", path, connector, cases)
        extra = [one for one in own if one.kind == "module" and modules[one.versioned] != one.path]
        for one in extra:  # the same module with another suffix
            yield Unit("module", one.path, connector)


def connector_file(folder: Path, catalog: Catalog) -> Path | None:
    """Return the file of the connector that a folder is, from the folder itself or from further along the path."""
    places = [folder, *(root / folder.absolute().name for root in catalog.roots)]
    return next((place / CONNECTOR for place in places if (place / CONNECTOR).is_file()), None)


def module_file(folder: Path, versioned: str, catalog: Catalog) -> Path | None:
    """Return the file of the module that an example is for, wherever on the search path."""
    name, _, major = versioned.rpartition(".v")
    files = modules_of(folder.absolute().name, catalog)
    return files.get(f"{name}@{major}")


def modules_of(connector: str, catalog: Catalog) -> dict[str, Path]:
    """Return the files of a connector's modules over the whole search path, by `name@major`."""
    try:
        files = catalog.files(connector)
    except UnknownModule:  # no connector.yaml anywhere, which is told of the modules
        return {}
    return {f"{module}@{major}": path for (module, major), (path, _) in files.items()}


def stray(found: Found) -> Diagnostic:
    """Return what is said of a file that nothing reads."""
    return Diagnostic(
        "file-place",
        "nothing reads this file where it stands",
        Location(str(found.path)),
        help="a module is modules/NAME.vMAJOR.yaml, an example examples/NAME.vMAJOR/CASE.yaml",
    )


def across(found: Sequence[Found], looked: dict[Unit, Looked], catalog: Catalog, day: str) -> Iterator[Diagnostic]:
    """Yield what only all files of a connector together tell."""
    for absolute, folder in {one.connector.absolute(): one.connector for one in found}.items():
        own = [one for one in found if one.connector.absolute() == absolute]
        paths = {str(one.path) for one in own}
        facts = [one for result in looked.values() for one in result.facts if one.path in paths]
        files = [*facts, *(Facts(str(one.path), "example", one.versioned) for one in own if one.kind == "example")]
        known = modules_of(absolute.name, catalog)
        home = connector_file(folder, catalog)
        whole = any(one.kind == "connector" for one in own) and set(known.values()) <= {one.path for one in own}
        broken = any(fault.severity == "error" for result in looked.values() for fault in result.diagnostics)
        view = FolderView(absolute.name, home, files, known, _reader_of(known), whole and not broken, day)
        for rule in rules.all_rules().values():
            if rule.of_folder is not None:
                said: list[Diagnostic] = []
                with own_faults(said, str(own[0].path), f"the rule {rule.name}"):
                    said += [one.diagnostic(rule.name, rule.severity) for one in rule.of_folder(view)]
                yield from said


def _reader_of(files: dict[str, Path]) -> Any:
    @cache
    def read(module: str) -> dict[str, Any]:
        return well_shaped(read_document(files[module]), "module").value or {}

    return read


def let_stand(diagnostics: Iterable[Diagnostic], looked: Iterable[Looked], asked: set[str]) -> Iterator[Diagnostic]:
    """Yield the faults of some files that no comment lets stand, and what is wrong with the comments."""
    by_file: dict[str, list[Diagnostic]] = {}
    for one in diagnostics:
        by_file.setdefault(one.location.path, []).append(one)
    comments = {path: said for one in looked for path, said in one.comments.items() if path in asked}
    for path in sorted({*by_file, *comments}):
        yield from suppression.apply(path, by_file.get(path, []), comments.get(path, []))
