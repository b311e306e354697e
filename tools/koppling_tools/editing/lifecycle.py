"""Deprecating and retiring, by writing a lifecycle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal

from koppling.catalog import Catalog
from koppling.diagnostics import suggestion
from koppling.read import Pointer
from koppling_tools.console.mistakes import Misuse
from koppling_tools.console.options import today
from koppling_tools.editing.target import Target, find_target, module_file
from koppling_tools.editing.text import Edit
from koppling_tools.editing.version import raised

_BEFORE = ("name", "version", "kind", "title", "summary", "source")


@dataclass(frozen=True)
class Words:
    """What is said of an end: why, since when it is known, and what to use instead."""

    replaced_by: str | None = None
    reason: str | None = None
    source: str | None = None


@dataclass
class Change:
    """Files with changes that are not written yet, and what a person should know."""

    edits: list[Edit]
    notes: list[str] = field(default_factory=list)


def end(given: str, how: Literal["deprecated", "retired"], day: str, words: Words, catalog: Catalog) -> Change:
    """Give a thing its last day, or the first on which it warns.

    Args:
        given: `connector.module[@major][.operation][.field][=value]`.
        how: which date is written.
        day: the ISO day.
        words: what is said of it.
        catalog: the specs.

    Raises:
        Misuse: there is no such thing, it is retired already, or what is said makes no sense.
    """
    target = find_target(given, catalog)
    edit = target.edit
    known: dict[str, Any] = edit.get(target.lifecycle) or {}
    _refuse(target, known, how, day, words, catalog)
    said = {how: day, "replaced_by": words.replaced_by, "reason": words.reason, "source": words.source}
    new = {key: one for key, one in said.items() if one is not None}
    if target.kind != "value" and not known:
        edit.set(target.lifecycle, new, after=_BEFORE if target.kind in {"module", "operation"} else ())
    else:
        for key, one in new.items():
            edit.set((*target.lifecycle, key), one, after=("title", "since", "deprecated", "retired", "replaced_by"))
    version = str(edit.get(("version",)))
    edit.set(("version",), raised(version, "minor"))
    change = Change(
        [edit],
        [f"version {version} became {edit.get(('version',))}: callers notice, and nothing breaks before the day"],
    )
    if how == "retired" and target.kind in {"module", "operation"}:
        change.edits += _dated_examples(target, day, change.notes)
    return change


def _refuse(target: Target, known: dict[str, Any], how: str, day: str, words: Words, catalog: Catalog) -> None:
    if how in known:
        raise Misuse(f"{target.name} is {how} already, on {known[how]} (edit the date in {target.edit.path})")
    for earlier, later in (("since", "deprecated"), ("since", "retired"), ("deprecated", "retired")):
        first, last = ({**known, how: day}.get(key) for key in (earlier, later))
        if first and last and str(first) > str(last):
            raise Misuse(f"{target.name} would be {later} ({last}) before it is {earlier} ({first})")
    if how == "retired" and not (words.replaced_by or words.reason or known.get("replaced_by") or known.get("reason")):
        raise Misuse("say what to use instead (--replaced-by), or why it goes (--reason)")
    if words.replaced_by:
        _replacement(target, words.replaced_by, catalog)


def _replacement(target: Target, name: str, catalog: Catalog) -> None:
    if target.kind == "module":
        module_file(catalog, target.connector, name.removeprefix(f"{target.connector}."))
        if name.removeprefix(f"{target.connector}.") in {target.module, target.module.partition("@")[0]}:
            raise Misuse(f"{name} cannot replace itself; name another major version, as in {name.partition('@')[0]}@2")
        return
    known = _siblings(target)
    if name not in known and target.kind != "value":  # a value may be replaced by one that an open list does not have
        raise Misuse(f"there is no {target.kind} {name!r} beside {target.name}; {suggestion(name, known)}")
    if name == target.name:
        raise Misuse(f"{name} cannot replace itself")


def _siblings(target: Target) -> set[str]:
    edit = target.edit
    if target.kind == "operation":
        return set(edit.get(("operations",)) or {})
    places: list[Pointer] = [("fields",), *(("operations", one, "fields") for one in edit.get(("operations",)) or {})]
    return {name for place in places for name in edit.get(place) or {}}


def _dated_examples(target: Target, day: str, notes: list[str]) -> Iterator[Edit]:
    """Yield the examples that must say on which day they are read, now that their module ends."""
    before = min((date.fromisoformat(day) - timedelta(days=1)).isoformat(), today())
    path = target.edit.path
    select = target.edit.get(("select",)) or {}
    count = 0
    for case in sorted((path.parent.parent / "examples" / path.stem).glob("*.y*ml")):
        example = Edit(case)
        inputs = example.get(("inputs",)) or {}
        own = target.kind == "module" or inputs.get(select.get("field"), select.get("default")) == target.name
        dead = str(example.get(("as_of",)) or day) >= day
        if own and dead and "retired" not in str(example.get(("error",)) or ""):
            example.set(("as_of",), before, after=("title", "inputs"))
            count += 1
            yield example
    if count:
        notes.append(f"{count} examples are read as of {before} from now on, a day on which it lives")
