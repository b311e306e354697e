"""Which examples a run is about, and which modules have none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from koppling.catalog import Catalog
from koppling.diagnostics import Diagnostic, Location
from koppling.errors import InputInvalid, SpecError, UnknownModule
from koppling.model import ModuleSpec
from koppling.validate import choose
from koppling_tools.examples.judge import Fault
from koppling_tools.examples.load import Example, find, load, real, shown


@dataclass(frozen=True, slots=True)
class Lack:
    """A connector, module or operation that has no example, or whose spec has faults so that no example can be run."""

    name: str
    faults: tuple[Fault, ...]


def root_of(path: Path) -> Path:
    """Return the folder of connectors that a path lies in, or is: above the nearest folder that is a connector."""
    resolved = real(path)
    return next(
        (shown(one.parent) for one in (resolved, *resolved.parents) if _is_connector(one)),
        path if path.is_dir() else path.parent,
    )


def _is_connector(path: Path) -> bool:
    return (
        (path / "connector.yaml").is_file() or (path / "modules").is_dir() or any((path / "examples").glob("*.v[0-9]*"))
    )


class Choice:
    """The examples and modules that lie below some paths, of a catalog.

    Args:
        catalog: the specs.
        paths: files and folders; a module's file chooses its examples, wherever on the search path they are.
        day: the ISO day that lifecycles are read at.
        word: take only what has this word in its name.
    """

    def __init__(self, catalog: Catalog, paths: Sequence[Path], day: str, word: str = "") -> None:
        self._catalog = catalog
        self._paths = [real(path) for path in paths]
        self._day = day
        self._word = word.lower()
        self.examples: list[Example] = []
        self.lacks: list[Lack] = []
        for connector in self._names():
            self._add(connector)

    def _names(self) -> list[str]:
        """Return the connectors that have anything below the paths, those included that lack their connector.yaml."""
        names = {
            one.name
            for root in self._catalog.roots
            for one in root.iterdir()
            if _is_connector(one) and any(_overlap(real(one), path) for path in self._paths)
        }
        return sorted(names)

    def _add(self, connector: str) -> None:
        try:
            self._catalog.connector(connector)
            files = self._catalog.files(connector)
        except SpecError as error:
            self._lack(connector, error.diagnostics)
            return
        except UnknownModule as error:
            place = next(root / connector for root in self._catalog.roots if (root / connector).is_dir())
            said = f"there is no connector {connector!r}: no folder of the search path has its connector.yaml"
            self._lack(connector, [Diagnostic("unknown-connector", said, Location(str(place)), help=error.known)])
            return
        chosen = {f"{name}@{major}": path for (name, major), (path, _) in files.items() if self._holds(path)}
        examples = [load(path) for path in find(self._catalog.roots, [connector])]
        broken = set()
        for name, path in chosen.items():
            full = f"{connector}.{name}"
            try:
                module = self._catalog.module(full, self._day, retired=True)
            except SpecError as error:
                broken.add(name)
                self._lack(full, error.diagnostics)
                continue
            for operation in _without(module, [one for one in examples if one.module == name]):
                what = f"the operation {operation!r} of {full}" if operation else full
                place = path.parent.parent / "examples" / name.replace("@", ".v") / f"{operation or 'smallest'}.yaml"
                help_text = f"write {shown(place)}"
                fault = Diagnostic(
                    "no-example",
                    f"{what} has no example that sends a request",
                    Location(str(path), 1, 1),
                    help=help_text,
                )
                self._lack(f"{full}/{operation}" if operation else full, [fault])
        self.examples += [
            one
            for one in examples
            if one.module not in broken
            and (one.module in chosen or self._holds(one.path))
            and self._word in one.name.lower()
        ]

    def _lack(self, name: str, diagnostics: Iterable[Diagnostic]) -> None:
        if self._word in name.lower():
            faults = tuple(Fault(one.rule, one.message, one.location, help=one.help) for one in diagnostics)
            self.lacks.append(Lack(name, faults))

    def _holds(self, path: Path) -> bool:
        resolved = real(path)
        return any(resolved == one or one in resolved.parents for one in self._paths)


def _overlap(one: Path, other: Path) -> bool:
    return one == other or one in other.parents or other in one.parents


def _without(module: ModuleSpec, examples: Sequence[Example]) -> Iterator[str | None]:
    """Yield the operations of a module that no example sends a request of."""
    shown = set()
    for example in examples:
        if example.faults or example.exchanges:
            try:
                shown.add(choose(module, example.inputs).name)
            except (InputInvalid, AttributeError, TypeError, ValueError):
                continue  # a fault that running the example tells
    yield from (name for name in module.operations if name not in shown)
