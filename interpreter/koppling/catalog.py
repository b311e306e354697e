"""Names to specs: the search path, versions, lifecycles, and the cache of compiled forms."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Union

from koppling import __version__, store
from koppling.adapt import adapted
from koppling.builtin import LANGUAGE, builtin_folder
from koppling.diagnostics import Diagnostic, Location, Problem, kind_of, near_miss
from koppling.errors import InputInvalid, ModuleRetired, SpecError, UnknownModule
from koppling.link import Operation, connector_spec, module_spec
from koppling.model import ConnectorSpec, Lifecycle, ModuleSpec

if TYPE_CHECKING:
    from koppling.read import Document

Plan = tuple[dict[str, Any], dict[str, Any]]  # what every call needs, and the rest
Specs = Union[str, Path, Sequence[str | Path], "Catalog", None]

_NAME = re.compile(r"(?P<connector>[A-Za-z]\w*)\.(?P<module>[A-Za-z]\w*)(?:@(?P<major>\d+))?")
_FILE = re.compile(r"(?P<module>[A-Za-z]\w*)\.v(?P<major>\d+)\.ya?ml")


class Entry(NamedTuple):
    """One module in one major version, as a list shows it. `root` is the folder of specs that it came from."""

    connector: str
    name: str
    major: int
    version: str
    title: str
    kind: str
    summary: str
    lifecycle: Lifecycle
    path: Path
    root: Path

    @property
    def full_name(self) -> str:
        """The name with everything: `acme.get_thing@2`."""
        return f"{self.connector}.{self.name}@{self.major}"


class Catalog:
    """The connectors of a search path.

    Args:
        specs: a folder of connectors, or several, first wins; the built-in ones come last. Or another catalog, to share
            all that it knows.
        documents: files that were read already, or that hold something else than what stands on disk, as in an editor.

    Raises:
        SpecError: one of the folders is not there.
    """

    def __init__(self, specs: Specs = None, documents: Mapping[Path, Document] | None = None) -> None:
        if isinstance(specs, Catalog):
            self.__dict__.update(specs.__dict__)
            return
        self._given = {} if documents is None else documents
        given = (
            []
            if specs is None
            else list(specs)
            if isinstance(specs, Sequence) and not isinstance(specs, str)
            else [specs]
        )
        if wrong := [one for one in given if not isinstance(one, str | Path)]:
            raise TypeError(f"specs is a folder, or a list of folders, not {kind_of(wrong[0])}")
        roots = [Path(one) for one in given]
        missing = [root for root in roots if not root.is_dir()]
        if missing:
            raise SpecError(
                tuple(
                    Diagnostic("unreadable", "there is no such folder of specs", Location(str(root)))
                    for root in missing
                )
            )
        known: dict[Path, Path] = {}
        for root in (*roots, builtin_folder()):
            known.setdefault(root.resolve(), root)
        #: The search path: first wins.
        self.roots: tuple[Path, ...] = tuple(known.values())
        #: What could not be listed, by file.
        self.broken: dict[Path, SpecError] = {}
        self._files: dict[str, dict[tuple[str, int], tuple[Path, Path]]] = {}
        self._connectors: dict[str, tuple[bytes, ConnectorSpec]] = {}
        self._majors: dict[str, dict[str, list[int]]] = {}
        self._documents: dict[str, Document] = {}
        self._modules: dict[Path, ModuleSpec] = {}
        # What a name meant on the day that was asked for last: nearly always today.
        self._meant: dict[tuple[str, bool, bool], tuple[str, ModuleSpec]] = {}
        self._operations: dict[tuple[str, str | None, str], Operation] = {}

    def connectors(self) -> list[str]:
        """Return the names of all connectors, sorted."""
        found = {path.parent.name for root in self.roots for path in root.glob("*/connector.yaml")}
        return sorted(found)

    def home(self, connector: str) -> Path:
        """Return the folder that owns a connector.

        Raises:
            UnknownModule: there is no such connector.
        """
        for root in self.roots:
            if (root / connector / "connector.yaml").is_file():
                return root / connector
        close = near_miss(connector, self.connectors())
        known = f"connectors known here: {', '.join(self.connectors()) or 'none'}"
        if len(self.roots) == 1 and self.roots[0].resolve() == builtin_folder().resolve():
            known += "; those of your own are found in the folder that `specs=` names, `--specs` in the command"
        raise UnknownModule(connector, (close,) if close else (), f"({known})", "connector")

    def connector(self, name: str) -> ConnectorSpec:
        """Return a connector.

        Raises:
            UnknownModule: there is none of that name.
            SpecError: it has faults.
        """
        return self._connector(name)[1]

    def files(self, connector: str) -> dict[tuple[str, int], tuple[Path, Path]]:
        """Return the files of a connector's modules by name and major version, each with the root that it came from.

        A catalog looks once; what is added to the folders later is for the next catalog.
        """
        if connector in self._files:
            return self._files[connector]
        home = self.home(connector)
        found: dict[tuple[str, int], tuple[Path, Path]] = {}
        for root in self.roots:
            folder = root / connector / "modules"
            for name in _names(folder):
                if parts := _FILE.fullmatch(name):
                    found.setdefault((parts["module"], int(parts["major"])), (folder / name, root))
            if root / connector == home:
                break
        self._files[connector] = dict(sorted(found.items()))
        majors = self._majors.setdefault(connector, {})
        for module, major in sorted(found, reverse=True):
            majors.setdefault(module, []).append(major)
        return self._files[connector]

    def entries(self, connector: str | None = None) -> list[Entry]:
        """Return all modules in all versions, in stable order. Files with faults are left out and noted in `broken`."""
        found = []
        for name in [connector] if connector is not None else self.connectors():
            for (_, major), (path, root) in self.files(name).items():
                try:
                    module = self._module(name, path)
                except SpecError as error:
                    self.broken[path] = error
                    continue
                found.append(
                    Entry(
                        name,
                        module.name,
                        major,
                        module.version,
                        module.title,
                        module.kind,
                        module.summary,
                        module.lifecycle,
                        path,
                        root,
                    )
                )
        return found

    def module(self, name: str, day: str, *, require_major: bool = False, retired: bool = False) -> ModuleSpec:
        """Return the module that a name means on an ISO day.

        Args:
            name: `connector.module` or `connector.module@major`.
            day: the day at which lifecycles are read.
            require_major: refuse the short form.
            retired: return a retired module, too, instead of raising.

        Raises:
            UnknownModule: there is none of that name.
            ModuleRetired: there is none any more.
            SpecError: its file has faults.
        """
        asked = (name, require_major, retired)
        meant = self._meant.get(asked)
        if meant is None or meant[0] != day:
            found = self._sought(name, day, require_major=require_major, retired=retired)
            self._meant[asked] = meant = (day, found)
        return meant[1]

    def _sought(self, name: str, day: str, *, require_major: bool, retired: bool) -> ModuleSpec:
        parts = _NAME.fullmatch(name)
        if parts is None:
            raise UnknownModule(name, (), "(a module is named connector.module or connector.module@2)")
        connector, short, major = parts["connector"], parts["module"], parts["major"]
        files = self.files(connector)
        majors = self._majors[connector].get(short, [])
        if not majors or (major is not None and int(major) not in majors):
            raise self._unknown(name, connector, short, majors, files)
        if major is None and require_major:
            raise UnknownModule(
                name, tuple(f"{connector}.{short}@{one}" for one in majors), "(this client asks for a major version)"
            )
        found = [self._module(connector, files[short, one][0]) for one in (majors if major is None else [int(major)])]
        chosen = found[0]
        if major is None:
            states = [one.lifecycle.state(day) for one in found]
            chosen = next(
                (one for one, state in zip(found, states, strict=True) if state in {"active", "deprecated"}),
                next((one for one, state in zip(found, states, strict=True) if state == "planned"), chosen),
            )
        if not retired and chosen.lifecycle.state(day) == "retired":
            raise ModuleRetired(chosen.full_name, chosen.lifecycle)
        return chosen

    def _unknown(
        self, name: str, connector: str, short: str, majors: list[int], files: Iterable[tuple[str, int]]
    ) -> UnknownModule:
        if majors:
            return UnknownModule(name, tuple(f"{connector}.{short}@{one}" for one in majors))
        names = sorted({module for module, _ in files})
        close = near_miss(short, names)
        listed = ", ".join(names) or "none"
        return UnknownModule(
            name, (f"{connector}.{close}",) if close else (), "" if close else f"(modules of {connector}: {listed})"
        )

    def operation(self, module: ModuleSpec, name: str | None) -> Operation:
        """Return one operation of a module, ready to be called."""
        key = (module.full_name, name, module.path)
        if key not in self._operations:
            self._operations[key] = Operation(self.connector(module.connector), module, module.operations[name])
        return self._operations[key]

    def adapt(self, name: str, inputs: Mapping[str, Any], inputs_of: int, day: str) -> dict[str, Any]:
        """Return inputs of an older major version as a module takes them.

        Args:
            name: the module, as `acme.get_thing@2`.
            inputs: as the older version takes them.
            inputs_of: that version's number.
            day: the ISO day that lifecycles are read at.

        Raises:
            InputInvalid: the module does not say how.
            UnknownModule, ModuleRetired, SpecError: as `module`.
        """
        module = self.module(name, day)
        if inputs_of == module.major:
            return dict(inputs)
        rules = module.plan["adapts"].get(str(inputs_of))
        if rules is None:
            known = ", ".join(module.plan["adapts"]) or "none"
            message = f"it does not say how inputs of version {inputs_of} become its own (`adapts` knows {known})"
            raise InputInvalid(module.full_name, (Problem("", message),))
        return adapted(inputs, rules)

    def input_schema(self, module: ModuleSpec, operation: str | None = None) -> dict[str, Any]:
        """Return the JSON Schema of a module's inputs, of one operation or of all."""
        from koppling.compile.schemas import published_schema

        return published_schema(module, operation)

    def output_schema(self, module: ModuleSpec, operation: str | None = None) -> dict[str, Any]:
        """Return the JSON Schema of what an operation gives, as far as the spec says it."""
        from koppling.compile.schemas import output_schema

        return output_schema(module, operation)

    # ---- documents, plans, and the cache between them ----

    def _connector(self, name: str) -> tuple[bytes, ConnectorSpec]:
        if name not in self._connectors:
            path = self.home(name) / "connector.yaml"
            given = self._given.get(path)
            data = given.text.encode() if given else _bytes(path)

            def plan() -> Plan:
                from koppling.compile import plan_connector

                return plan_connector(given or _parsed(data, path)), {}

            found, _ = self._kept(plan, path, data, keep=not given)
            self._connectors[name] = (data, connector_spec(found))
        return self._connectors[name]

    def _module(self, connector: str, path: Path) -> ModuleSpec:
        if path not in self._modules:
            shared, spec = self._connector(connector)
            given = self._given.get(path)
            data = given.text.encode() if given else _bytes(path)

            def plan() -> Plan:
                from koppling.compile import plan_module

                return plan_module(given or _parsed(data, path), self._document(connector, shared, spec), spec.plan)

            fresh = given or (self._given and self.home(connector) / "connector.yaml" in self._given)
            self._modules[path] = module_spec(*self._kept(plan, path, data, shared, keep=not fresh))
        return self._modules[path]

    def _kept(
        self, plan: Callable[[], Plan], path: Path, *contents: bytes, keep: bool
    ) -> tuple[dict[str, Any], Callable[[], dict[str, Any]]]:
        """Return the plan that any process has made of these contents before, else make it and `keep` it.

        Its rest is read when it is asked for, and made anew where what was kept of it is damaged.
        """
        key = self._key(path, *contents) if keep else ""
        kept = store.load_compiled(key) if keep else None
        if kept is None:
            found, rest = plan()
            if keep:
                store.store_compiled(key, found, rest)
            return found, lambda: rest
        found, text = kept

        @cache
        def later() -> dict[str, Any]:
            try:
                read: dict[str, Any] = json.loads(text)
            except ValueError:
                _, read = plan()
            return read

        return found, later

    def _document(self, connector: str, data: bytes, spec: ConnectorSpec) -> Document:
        if connector not in self._documents:
            given = self._given.get(self.home(connector) / "connector.yaml")
            self._documents[connector] = given or _parsed(data, Path(spec.path))
        return self._documents[connector]

    def _key(self, path: Path, *contents: bytes) -> str:
        """Return the hash of all that goes into a plan."""
        digest = blake2b(digest_size=20)
        for part in (_engine(), str(path).encode(), *contents):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
        return digest.hexdigest()


@lru_cache(maxsize=1)
def _engine() -> bytes:
    """Return what compiles: the version; in a checkout also the files that do it, which change without one."""
    told = f"{__version__} {LANGUAGE}"
    specs, package = builtin_folder(), os.path.dirname(__file__)  # noqa: PTH120  (a Path of each costs more than all else)
    if str(specs.parent) != package:
        for folder in (f"{package}/compile", f"{specs}/language/v{LANGUAGE}"):
            with os.scandir(folder) as entries:
                changed = sorted((one.name, one.stat().st_mtime_ns) for one in entries if one.is_file())
            told += "".join(f" {time}" for _, time in changed)
    return told.encode()


def _parsed(data: bytes, path: Path) -> Document:
    from koppling.read import parse_document  # YAML is read where no process has compiled the file before

    return parse_document(data, str(path))


def _names(folder: Path) -> list[str]:
    """Return what stands in a folder, sorted; nothing where there is none."""
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208  (iterdir makes a Path of each)
    except OSError:
        return []


def _bytes(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            return path.read_bytes()
        reason = "is a folder" if stat.S_ISDIR(mode) else "is no regular file"  # a pipe would be waited for
    except OSError as error:
        reason = error.strerror or str(error)
    raise SpecError((Diagnostic("unreadable", f"cannot be read: {reason}", Location(str(path))),))
