"""All operations of a connector held against a document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from koppling.catalog import Catalog
from koppling.diagnostics import Diagnostic, Location
from koppling.model import ModuleSpec, OperationSpec
from koppling.read import Document, read_document
from koppling_tools.drift.compare import Holding, Row
from koppling_tools.drift.reasons import Reasons
from koppling_tools.examples.placeholders import base_url, placeholders
from koppling_tools.openapi.document import Api


@dataclass(frozen=True, slots=True)
class Found:
    """One row as it is reported. `why` is the spec's reason; None where it gives none."""

    diagnostic: Diagnostic
    why: str | None


def drift(catalog: Catalog, connector: str, api: Api, day: str) -> Iterator[Found]:
    """Yield what differs between a connector and a document, in the order of its files.

    What is retired on the day is held against nothing.

    Raises:
        UnknownModule, SpecError: the connector cannot be read.
    """
    spec = catalog.connector(connector)
    address = base_url(spec.plan.get("request") or {}, placeholders(spec))
    holding = Holding(api, day, urlsplit(address).path)
    home = read_document(Path(spec.path))
    general = Reasons(_differs(home, ("source",)))
    for name, major in catalog.files(connector):
        module = catalog.module(f"{connector}.{name}@{major}", day, retired=True)
        if module.lifecycle.state(day) == "retired":
            continue
        document = read_document(Path(module.path))
        shared = Reasons(_differs(document, ("source",)))
        for key, operation in module.operations.items():
            if operation.lifecycle.state(day) == "retired":
                continue
            yield from _of(holding, module, key, operation, document, (shared, general))
        yield from _stale(document, ("source",), shared, module.full_name)
    yield from _stale(home, ("source",), general, connector)


def _of(
    holding: Holding,
    module: ModuleSpec,
    key: str | None,
    operation: OperationSpec,
    document: Document,
    around: tuple[Reasons, Reasons],
) -> Iterator[Found]:
    pointer: tuple[str | int, ...] = ("operations", key, "source") if key is not None else ("source",)
    own = Reasons(_differs(document, pointer)) if key is not None else Reasons({})
    name = _at(document, (*pointer, "operation"))
    subject = f"{module.full_name}, {key}" if key is not None else module.full_name
    ends = bool(operation.lifecycle.deprecated or module.lifecycle.deprecated)
    for row in holding.rows(operation, name if isinstance(name, str) else None, deprecated=ends):
        why = next((why for one in (own, *around) if (why := one.why(row)) is not None), None)
        yield Found(_diagnostic(row, subject, operation, document, key), why)
    yield from _stale(document, pointer, own, subject)


def _diagnostic(row: Row, subject: str, operation: OperationSpec, document: Document, key: str | None) -> Diagnostic:
    place = operation.plan["places"].get(row.field) if row.field else None
    if place:
        path, line, column = place.rsplit(":", 2)
        location = Location(path, int(line), int(column))
    else:
        location = document.locate(("operations", key) if key is not None else ("request",), key=True)
    where = f"{row.place}: " if row.place else ""
    return Diagnostic(row.rule, f"{subject}: {where}{row.message}", location, row.severity, row.place, row.help)


def _stale(document: Document, pointer: tuple[str | int, ...], reasons: Reasons, subject: str) -> Iterator[Found]:
    for key in reasons.stale():
        location = document.locate((*pointer, "differs", key), key=True)
        told = f"{subject}: nothing differs at {key!r} any more"
        yield Found(Diagnostic("stale-reason", told, location, "warning", help="remove the reason"), None)


def _differs(document: Document, pointer: tuple[str | int, ...]) -> dict[str, str]:
    found = _at(document, (*pointer, "differs"))
    return {str(key): str(why) for key, why in found.items()} if isinstance(found, dict) else {}


def _at(document: Document, pointer: tuple[str | int, ...]) -> object:
    value = document.value
    for step in pointer:
        value = value.get(step) if isinstance(value, dict) else None
    return value
