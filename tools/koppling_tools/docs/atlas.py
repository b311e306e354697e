"""What a site is about: its connectors and modules, where each has its page, and the days it speaks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from koppling.catalog import Catalog, Entry
from koppling.diagnostics import Diagnostic
from koppling.errors import SpecError, UnknownModule
from koppling.model import ConnectorSpec, ModuleSpec
from koppling_tools.docs.dates import Dated, Span, field_anchor, of_connector, of_module
from koppling_tools.examples.load import Example, find, load

STATES = ("active", "planned", "deprecated", "retired")


@dataclass(frozen=True)
class Atlas:
    """The connectors and modules of a site. Addresses of pages are from the site's root, with `/`."""

    catalog: Catalog
    connectors: dict[str, ConnectorSpec]
    modules: dict[str, list[ModuleSpec]]  # by connector
    dated: dict[str, list[Dated]]  # by connector
    span: Span
    _roots: dict[str, Path] = field(repr=False)  # by full name of a module
    _examples: dict[str, list[Path]] = field(repr=False)

    @property
    def day(self) -> str:
        """The ISO day that lifecycles are read at."""
        return self.span.day

    def state(self, module: ModuleSpec) -> str:
        """Return a module's state."""
        return module.lifecycle.state(self.day)

    def spec(self, module: ModuleSpec) -> str:
        """Return the path of a module's file, from the folder of specs that it is in."""
        return Path(module.path).resolve().relative_to(self._roots[module.full_name].resolve()).as_posix()

    def examples(self, module: ModuleSpec) -> list[Example]:
        """Return the calls that a module's examples show, the smallest call first.

        Raises:
            SpecError: one of them has faults.
        """
        found = [load(path) for path in self._examples.get(f"{module.connector}/{module.name}.v{module.major}", ())]
        if faults := [fault for one in found for fault in one.faults]:
            raise SpecError(tuple(faults))
        calls = [one for one in found if not one.bounds]
        return sorted(calls, key=lambda one: (one.fails, "smallest" not in one.case, one.case))

    def find(self, connector: str, name: str) -> ModuleSpec | None:
        """Return the module that `get_thing`, `get_thing@2` or `acme.get_thing@2` means; None where there is none."""
        if "." in name:
            connector, _, name = name.partition(".")
        short, _, major = name.partition("@")
        found = [one for one in self.modules.get(connector, ()) if one.name == short]
        if major:
            return next((one for one in found if str(one.major) == major), None)
        living = [one for one in found if self.state(one) in {"active", "deprecated"}]
        return (living or found)[-1] if found else None

    def versions(self, module: ModuleSpec) -> list[ModuleSpec]:
        """Return all major versions of a module, the newest first."""
        return [one for one in reversed(self.modules[module.connector]) if one.name == module.name]


def page_of(module: ModuleSpec) -> str:
    """Return the address of a module's page."""
    return f"{module.connector}/{module.name}.v{module.major}.html"


def page_of_connector(connector: str) -> str:
    """Return the address of a connector's page."""
    return f"{connector}/index.html"


def place_of(one: Dated) -> str:
    """Return the address of something that has dates."""
    if one.module is None:
        return page_of_connector(one.connector)
    return page_of(one.module) + (f"#{one.anchor}" if one.anchor else "")


def replacement_of(atlas: Atlas, one: Dated) -> str | None:
    """Return the address of what replaces something; None where the name is not that of a thing with a page."""
    name = one.lifecycle.replaced_by
    if not name or one.module is None or one.kind == "value":
        return None
    if one.kind == "module":
        found = atlas.find(one.connector, name)
        return page_of(found) if found else None
    if one.kind == "operation":
        return f"{page_of(one.module)}#operation-{name}" if name in one.module.operations else None
    siblings = one.module.operations[one.operation].fields
    if len(one.path) == 1 and name in siblings:
        return f"{page_of(one.module)}#{field_anchor(one.operation, (name,))}"
    return None


def survey(catalog: Catalog, day: str, names: Sequence[str] = ()) -> Atlas:
    """Read what a site is about.

    Args:
        catalog: where the specs are.
        day: the ISO day that lifecycles are read at.
        names: the connectors; none are all.

    Raises:
        UnknownModule: there is no connector of that name.
        SpecError: some specs have faults; it holds those of all files.
    """
    connectors: dict[str, ConnectorSpec] = {}
    entries: list[Entry] = []
    faults: list[Diagnostic] = []
    for name in sorted(set(names)) or catalog.connectors():
        try:
            connectors[name] = catalog.connector(name)
            entries += catalog.entries(name)
        except SpecError as error:
            faults += error.diagnostics
    faults += [one for error in catalog.broken.values() for one in error.diagnostics]
    if faults:
        raise SpecError(tuple(dict.fromkeys(faults)))
    if not connectors:
        raise UnknownModule("", (), "(there are no connectors here)", "connector")
    modules: dict[str, list[ModuleSpec]] = {name: [] for name in connectors}
    for entry in entries:
        modules[entry.connector].append(catalog.module(entry.full_name, day, retired=True))
    examples: dict[str, list[Path]] = {}
    for path in find(catalog.roots, connectors):
        examples.setdefault(f"{path.parent.parent.parent.name}/{path.parent.name}", []).append(path)
    dated = {name: list(of_connector(connectors[name], modules[name])) for name in connectors}
    span = Span.around(day, (one for found in dated.values() for one in found))
    return Atlas(catalog, connectors, modules, dated, span, {one.full_name: one.root for one in entries}, examples)


def dated_of(module: ModuleSpec) -> list[Dated]:
    """Return what has dates in a module."""
    return list(of_module(module))
