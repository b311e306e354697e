"""What a rule is given to look at, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from koppling.compile.merge import Merged, merge
from koppling.diagnostics import Diagnostic, Location
from koppling.read import Document, Pointer
from koppling_tools.examples.load import Example

if TYPE_CHECKING:  # what runs examples is httpx, which a check of what is known already does not need
    from koppling_tools.examples.judge import Fault


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found: where, what, and how to mend it.

    `key` and `offset` are those of `Document.locate`. `location` takes their place where the document isn't at hand.
    """

    document: Document | None
    message: str
    pointer: Pointer = ()
    help: str = ""
    key: bool = False
    offset: int = 0
    location: Location | None = None

    def diagnostic(self, rule: str, severity: Any) -> Diagnostic:
        """Return it as a fault of a rule."""
        from koppling.diagnostics import join_pointer

        place = self.location
        if place is None:
            assert self.document is not None  # noqa: S101  (one of the two is given; for the type checker)
            place = self.document.locate(self.pointer, key=self.key, offset=self.offset)
        return Diagnostic(rule, self.message, place, severity, join_pointer(*self.pointer), self.help)


@dataclass(frozen=True)
class ModuleView:
    """A module that the interpreter takes, with its connector and its examples.

    `run` runs an example and yields what is not as it states. `day` is the ISO day that lifecycles are read at.
    """

    document: Document
    connector: Document | None
    examples: Sequence[Example]
    day: str
    run: Callable[[Example], Iterable[Fault]] | None = field(repr=False, default=None)

    @property
    def value(self) -> dict[str, Any]:
        """What its file says."""
        found: dict[str, Any] = self.document.value
        return found

    @cached_property
    def shared(self) -> dict[str, Any]:
        """What its connector's file says."""
        return self.connector.value if self.connector is not None and isinstance(self.connector.value, dict) else {}

    @cached_property
    def operations(self) -> dict[str | None, Merged]:
        """Its operations, merged; the one key None where there is nothing to choose."""
        names: list[str | None] = list(self.value.get("operations") or ()) or [None]
        return {name: merge(self.value, name) for name in names}

    def examples_of(self, operation: str | None) -> list[Example]:
        """Return the examples that call an operation."""
        select = self.value.get("select")
        if operation is None or not select:
            return list(self.examples)
        default = select.get("default")
        return [one for one in self.examples if one.inputs.get(select["field"], default) == operation]

    def responses(self, operation: str | None) -> Iterator[tuple[Example, Mapping[str, Any]]]:
        """Yield the answers that the examples of an operation show."""
        for example in self.examples_of(operation):
            for exchange in example.exchanges:
                yield example, exchange.response

    def cases(self, merged: Merged) -> list[tuple[Pointer, dict[str, Any]]]:
        """Return the cases of an operation's response, each with the place that it has in the merged tree."""
        response = merged.tree["response"]
        if isinstance(response, list):
            return [(("response", index), one) for index, one in enumerate(response)]
        return [(("response",), response)]


@dataclass(frozen=True, slots=True)
class Reference:
    """One place where a file names a module of its connector. `what` is replacement, options, until or test.

    `inputs` are those that the module is given there, a text with what it says; `value` is what an option reads.
    """

    what: str
    name: str
    pointer: str
    line: int
    column: int
    inputs: tuple[tuple[str, str], ...] = ()
    value: str = ""


@dataclass(frozen=True, slots=True)
class Adapted:
    """A field of an older major version that an `adapts` speaks of, and where."""

    major: str
    field: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What the other files of a connector may want to know of a file."""

    path: str
    kind: str
    name: str = ""
    references: tuple[Reference, ...] = ()
    connection: tuple[str, ...] = ()  # the fields of the connection that it uses
    fields: tuple[tuple[str, int, int], ...] = ()  # those that it declares, with line and column
    adapts: tuple[Adapted, ...] = ()

    def at(self, reference: Reference | Adapted) -> Location:
        """Return where a reference stands."""
        return Location(self.path, reference.line, reference.column)


@dataclass(frozen=True)
class FolderView:
    """All that was looked at of one connector.

    `connector` is its own file, None where there is none. `files` are those that were looked at, `complete` whether
    that is all of them. `modules` are all over the search path, by `name@major`, with their files; `read` gives what
    the file of one of them says.
    """

    name: str
    connector: Path | None
    files: Sequence[Facts]
    modules: Mapping[str, Path]
    read: Callable[[str], Mapping[str, Any]] = field(repr=False)
    complete: bool = False
    day: str = ""

    def lifecycle(self, module: str) -> Mapping[str, Any]:
        """Return the lifecycle of a module, as its file has it."""
        found = self.read(module).get("lifecycle")
        return found if isinstance(found, dict) else {}

    def short(self, name: str) -> str:
        """Return a module's name without its connector's."""
        return name.removeprefix(f"{self.name}.")

    def named(self, name: str) -> list[str]:
        """Return the modules that a name means, all majors where it names none."""
        short = self.short(name)
        return [one for one in self.modules if short in {one, one.partition("@")[0]}]


_SCHEMAS = ("items", "contains", "additionalProperties", "propertyNames", "not", "if", "then", "else")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_MAPS = ("properties", "patternProperties")


def schemas(value: Any) -> Iterator[tuple[Pointer, dict[str, Any]]]:
    """Yield every schema of a connector's or a module's fields and definitions, nested ones too, with its place."""
    if not isinstance(value, dict):
        return
    homes: list[tuple[Pointer, Any]] = [(("fields",), value.get("fields")), (("$defs",), value.get("$defs"))]
    if isinstance(value.get("connection"), dict):
        homes.append((("connection", "fields"), value["connection"].get("fields")))
    operations = value.get("operations")
    for name, one in (operations if isinstance(operations, dict) else {}).items():
        homes.append((("operations", name, "fields"), one.get("fields") if isinstance(one, dict) else None))
    for at, found in homes:
        for name, one in (found if isinstance(found, dict) else {}).items():
            yield from _nested(one, (*at, name))


def _nested(schema: Any, at: Pointer) -> Iterator[tuple[Pointer, dict[str, Any]]]:
    if not isinstance(schema, dict):
        return
    yield at, schema
    for key in _SCHEMAS:
        yield from _nested(schema.get(key), (*at, key))
    for key in _LISTS:
        for index, one in enumerate(schema[key] if isinstance(schema.get(key), list) else ()):
            yield from _nested(one, (*at, key, index))
    for key in _MAPS:
        for name, one in (schema[key] if isinstance(schema.get(key), dict) else {}).items():
            yield from _nested(one, (*at, key, name))


def layers(value: Mapping[str, Any]) -> Iterator[tuple[Pointer, Mapping[str, Any]]]:
    """Yield a connector's or a module's own request, and those of its operations, with their places.

    An example states requests, and writes none: it has no version.
    """
    if "version" not in value:
        return
    homes: list[tuple[Pointer, Any]] = [((), value)]
    operations = value.get("operations")
    homes += [(("operations", name), one) for name, one in (operations or {}).items()] if operations else []
    for at, one in homes:
        request = one.get("request") if isinstance(one, dict) else None
        if isinstance(request, dict):
            yield (*at, "request"), request
