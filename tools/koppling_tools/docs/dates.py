"""All that has dates in a catalog, and the day that a site of it speaks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from koppling.model import ConnectorSpec, Lifecycle, ModuleSpec, OperationSpec, lifecycle_of
from koppling_tools.docs.schema_tree import SchemaField, tree

Kind = Literal["connector", "module", "operation", "field", "value"]
_DATES: Final = ("since", "deprecated", "retired")


@dataclass(frozen=True, slots=True)
class Dated:
    """Something with a lifecycle. `anchor` is where its module's page shows it; a connector has no module."""

    kind: Kind
    connector: str
    module: ModuleSpec | None
    operation: str | None
    path: tuple[str, ...]  # of a field, and then of its value
    lifecycle: Lifecycle
    anchor: str = ""

    @property
    def label(self) -> str:
        """What it is called within its module."""
        if self.path:
            field = ".".join(self.path[:-1] if self.kind == "value" else self.path)
            return f"{field}: {self.path[-1]}" if self.kind == "value" else field
        return self.operation or (self.module.full_name if self.module else self.connector)

    def dates(self) -> Iterator[tuple[str, str]]:
        """Yield (day, what happens on it)."""
        for key in _DATES:
            if day := getattr(self.lifecycle, key):
                yield day, key


def of_connector(connector: ConnectorSpec, modules: Iterable[ModuleSpec]) -> Iterator[Dated]:
    """Yield what has dates in a connector, in the order of its specs."""
    life = lifecycle_of(connector.plan)
    if _has_dates(life):
        yield Dated("connector", connector.name, None, None, (), life)
    for module in modules:
        yield from of_module(module)


def of_module(module: ModuleSpec) -> Iterator[Dated]:
    """Yield what has dates in a module; what several operations share, once."""
    if _has_dates(module.lifecycle):
        yield Dated("module", module.connector, module, None, (), module.lifecycle)
    seen: set[tuple[tuple[str, ...], Lifecycle]] = set()
    for operation in module.operations.values():
        if _has_dates(operation.lifecycle):
            anchor = operation_anchor(operation.name)
            yield Dated("operation", module.connector, module, operation.name, (), operation.lifecycle, anchor)
        for field in tree(operation):
            for one in _of_field(module, operation, field):
                if (one.path, one.lifecycle) not in seen:
                    seen.add((one.path, one.lifecycle))
                    yield one


def _of_field(module: ModuleSpec, operation: OperationSpec, field: SchemaField) -> Iterator[Dated]:
    anchor = field_anchor(operation.name, field.path)
    life = lifecycle(field.schema.get("lifecycle"))
    if _has_dates(life):
        yield Dated("field", module.connector, module, operation.name, field.path, life, anchor)
    for value, said in (field.schema.get("values") or {}).items():
        if _has_dates(life := lifecycle(said)):
            yield Dated("value", module.connector, module, operation.name, (*field.path, str(value)), life, anchor)
    for inner in field.inner:
        yield from _of_field(module, operation, inner)


def lifecycle(said: Any) -> Lifecycle:
    """Return the lifecycle whose keys a map holds, among others."""
    if not isinstance(said, dict):
        return Lifecycle()
    return Lifecycle(**{key: said[key] for key in Lifecycle.__slots__ if key in said})


def _has_dates(life: Lifecycle) -> bool:
    return any(getattr(life, key) for key in _DATES)


def operation_anchor(operation: str | None) -> str:
    """Return the id of an operation's section."""
    return "module" if operation is None else f"operation-{operation}"


def field_anchor(operation: str | None, path: tuple[str, ...]) -> str:
    """Return the id of a field on its module's page."""
    name = "".join(one if one.isalnum() or one in "_.-" else "-" for one in ".".join(path))
    return f"field-{name}" if operation is None else f"{operation}-field-{name}"


@dataclass(frozen=True, slots=True)
class Span:
    """The days for which a site holds: from the last date that came until the next one.

    A site speaks of states as of `start`, so that it changes on the days on which something does, and on no other.
    """

    day: str
    start: str | None
    end: str | None

    @classmethod
    def around(cls, day: str, things: Iterable[Dated]) -> Span:
        """Return the span around an ISO day."""
        days = sorted({when for one in things for when, _ in one.dates()})
        return cls(
            day, max((one for one in days if one <= day), default=None), min((d for d in days if d > day), default=None)
        )
