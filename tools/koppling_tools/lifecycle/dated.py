"""What in some specs has dates: what is deprecated, retires soon, or is past its day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

from koppling.compile import well_shaped
from koppling.compile.lifecycles import lifecycles
from koppling.diagnostics import Diagnostic, Location
from koppling.model import Lifecycle
from koppling.read import Document, Pointer, read_document
from koppling_tools.check.files import find, unreadable

State = Literal["retired", "retires soon", "deprecated", "ends later", "planned"]


@dataclass(frozen=True)
class Dated:
    """One thing with a lifecycle.

    `kind` is connector, module, operation, field or value. `days` are those until it retires, negative afterwards, None
    where it never does. `looked_at` is the day on which somebody last compared its module with the vendor's page.
    """

    name: str
    kind: str
    lifecycle: Lifecycle
    location: Location
    state: State
    days: int | None
    looked_at: str

    @property
    def unattended(self) -> bool:
        """Whether its day has come, and nobody has looked at its module since."""
        retired = self.lifecycle.retired
        return self.state == "retired" and retired is not None and self.looked_at < retired

    def as_json(self) -> dict[str, Any]:
        """Return it as `--format json` prints it."""
        return {
            "name": self.name,
            "kind": self.kind,
            "state": self.state,
            "days": self.days,
            "unattended": self.unattended,
            "lifecycle": self.lifecycle.as_json(),
            "path": self.location.path,
            "line": self.location.line,
            "column": self.location.column,
        }


def dated(paths: Sequence[Path], day: str, within: int) -> tuple[list[Dated], list[Diagnostic]]:
    """Return what has dates below some paths, by the day on which it ends; and why files cannot be read.

    Args:
        paths: as `koppling validate` takes them.
        day: the ISO day that states are told of.
        within: so many days before its end a thing retires soon.

    Raises:
        Misuse: a path is not there, or holds no spec.
    """
    found: list[Dated] = []
    faults: list[Diagnostic] = []
    for file in (one for path in paths for one in find(path) if one.kind in {"connector", "module"}):
        document = read_document(file.path)
        faults += unreadable(document)
        document = well_shaped(document, "connector" if file.kind == "connector" else "module")
        if document.value is not None:
            found += _of(document, file.connector.absolute().name, file.kind, day, within)
    found.sort(key=lambda one: (one.lifecycle.retired or one.lifecycle.deprecated or "9", one.name))
    return found, faults


def _of(document: Document, connector: str, kind: str, day: str, within: int) -> Iterator[Dated]:
    value = document.value
    top = (
        connector
        if kind == "connector"
        else f"{connector}.{value.get('name')}@{str(value.get('version')).split('.')[0]}"
    )
    source = value.get("source") if isinstance(value.get("source"), dict) else {}
    soon = (date.fromisoformat(day) + timedelta(days=within)).isoformat()
    for pointer, told in lifecycles(value):
        keys = {key: str(one) for key, one in told.items() if key in Lifecycle.__slots__ and one is not None}
        if not set(keys) & {"since", "deprecated", "retired"} or not _whole(keys):
            continue
        lifecycle = Lifecycle(**keys)
        state = _state(lifecycle, day, soon)
        if state is None:
            continue
        place = document.locate(pointer, key=pointer[-1] != "lifecycle")
        name, what = _named(top, pointer, kind)
        days = (date.fromisoformat(lifecycle.retired) - date.fromisoformat(day)).days if lifecycle.retired else None
        yield Dated(name, what, lifecycle, place, state, days, str((source or {}).get("verified", "")))


def _whole(keys: dict[str, str]) -> bool:
    try:
        return all(date.fromisoformat(keys[key]) for key in ("since", "deprecated", "retired") if key in keys)
    except ValueError:  # `koppling validate` tells of it
        return False


def _state(lifecycle: Lifecycle, day: str, soon: str) -> State | None:
    state = lifecycle.state(day)
    if state == "retired":
        return "retired"
    if lifecycle.retired and lifecycle.retired <= soon:
        return "retires soon"
    if state == "deprecated":
        return "deprecated"
    if lifecycle.deprecated or lifecycle.retired:
        return "ends later"
    return "planned" if state == "planned" else None


def _named(top: str, pointer: Pointer, kind: str) -> tuple[str, str]:
    """Return the full name of what a lifecycle is about, and what kind of thing that is."""
    steps = [str(step) for step in (pointer[:-1] if pointer[-1] == "lifecycle" else pointer)]
    if not steps:
        return top, kind
    value = steps[-1] if len(steps) > 1 and steps[-2] == "values" else None
    inner = [one for one in (steps[:-2] if value is not None else steps) if one not in {"operations", "fields"}]
    name = ".".join([top, *(one for one in inner if one not in {"properties", "connection"})])
    if value is not None:
        return f"{name}={value}", "value"
    return name, "operation" if len(steps) == 2 and steps[0] == "operations" else "field"  # noqa: PLR2004  (key, name)


def diagnostics(found: Sequence[Dated], day: str) -> Iterator[Diagnostic]:
    """Yield what CI should hear of: an error for what is past its day unattended, a warning for what ends soon."""
    for one in found:
        told = f"{one.kind} {one.name} {one.lifecycle.told(day)}"
        if one.unattended:
            help_text = (
                "look what uses it still; then write the day on which you looked as `source.verified` of its module"
            )
            yield Diagnostic("past-its-day", told, one.location, help=help_text)
        elif one.state == "retires soon":
            yield Diagnostic("retires-soon", f"{told}, in {one.days} days", one.location, "warning")
