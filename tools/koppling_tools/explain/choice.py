"""Why a name means this version of a module, and inputs this operation of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from koppling.catalog import Catalog
from koppling.model import Lifecycle, ModuleSpec, State


@dataclass(frozen=True)
class Version:
    """One major version of a module, as it is on the day."""

    name: str
    version: str
    state: State
    told: str
    path: str
    chosen: bool


@dataclass(frozen=True)
class Choice:
    """What was chosen of several, and why. `place` is the line of the spec that lets choose."""

    name: str | None
    why: str
    place: str = ""
    field: str = ""
    others: tuple[str, ...] = ()


def versions(catalog: Catalog, module: ModuleSpec, day: str) -> list[Version]:
    """Return all versions of a module, the newest first."""
    majors = sorted((major for name, major in catalog.files(module.connector) if name == module.name), reverse=True)
    found = []
    for major in majors:
        one = catalog.module(f"{module.connector}.{module.name}@{major}", day, retired=True)
        found.append(
            Version(
                one.full_name,
                one.version,
                one.lifecycle.state(day),
                _told(one.lifecycle, day),
                one.path,
                one.full_name == module.full_name,
            )
        )
    return found


def _told(lifecycle: Lifecycle, day: str) -> str:
    state = lifecycle.state(day)
    if state == "planned":
        return f"from {lifecycle.since}"
    return lifecycle.told(day) or state


def why_version(asked: str, module: ModuleSpec, known: list[Version], day: str) -> str:
    """Say why a name means this version."""
    state = module.lifecycle.state(day)
    if "@" in asked:
        return "asked for by its number"
    if len(known) == 1:
        return "the only version"
    if state == "retired":
        return "the newest, and none is left"
    if state == "planned":
        return f"the newest to come; none is there yet on {day}"
    newer = [one for one in known if int(one.name.rpartition("@")[2]) > module.major]
    gone = " and ".join(f"@{one.name.rpartition('@')[2]} is {one.state}" for one in newer)
    return f"the newest that runs on {day}" + (f"; {gone}" if gone else "")


def operation_choice(module: ModuleSpec, inputs: dict[str, Any], day: str) -> Choice | None:
    """Return which operation inputs choose, and why; None where there is nothing to choose.

    The name is None where they choose none.
    """
    if module.select is None:
        return None
    field = module.select["field"]
    default = module.select.get("default")
    value = inputs.get(field, default)
    names = {str(name): one.lifecycle.state(day) for name, one in module.operations.items()}
    others = tuple(name if state == "active" else f"{name} ({state})" for name, state in names.items() if name != value)
    place = module.plan["select_place"]
    if not isinstance(value, str) or value not in names:
        return Choice(
            None,
            f"input /{field} chooses one, and {'was not given' if value is None else 'names none that there is'}",
            place,
            field,
            others,
        )
    why = f"input /{field} chooses it" if field in inputs else f"input /{field} was not given; this is its default"
    state = names[value]
    return Choice(value, why if state == "active" else f"{why}; {state}", place, field, others)
