"""An example that notices what no other does: values on each side of what a spec says, each there for one change of it.

Every change that survived is shown to the values around each bound until one of them fares otherwise; that one is
written down. What is written is what the spec says now: who reads it sees whether that was meant.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from koppling.catalog import Catalog
from koppling.client import Client
from koppling.connection import Connection
from koppling.diagnostics import join_pointer, split_pointer
from koppling.errors import KopplingError
from koppling.files import File
from koppling.model import ModuleSpec, OperationSpec
from koppling.read import Document, read_document
from koppling.validate import Schema, choose
from koppling_tools.editing.text import written_as
from koppling_tools.examples.bounds import Answer, Verdict, ask, replaced
from koppling_tools.examples.load import Example, load
from koppling_tools.examples.placeholders import placeholders
from koppling_tools.mutation.boundary import Boundary
from koppling_tools.mutation.mutants import Mutant, mutants

FILE: Final = "bounds"
MADE: Final = "Made by `koppling test --mutate --bounds`"
_VERDICTS: Final = ("takes", "warns", "refuses")
_WIDEST: Final = 100


@dataclass(frozen=True)
class Trial:
    """One value in one place of the inputs, on one day (None: that of the file)."""

    at: str
    value: Any
    inputs: dict[str, Any]
    day: str | None = None


@dataclass(frozen=True)
class Row:
    """A trial and what becomes of it."""

    trial: Trial
    verdict: Verdict


class Bench:
    """One operation of a module, and the trials that can be made of it.

    Args:
        catalog: where the module is.
        name: its full name.
        base: an example whose inputs are fine.
        day: the ISO day of an example that names none.
    """

    def __init__(self, catalog: Catalog, name: str, base: Example, day: str) -> None:
        self.name = name
        self.base = base.inputs
        self.day = base.as_of or day
        self.case = base
        module = catalog.module(name, self.day, retired=True)
        self.operation = choose(module, self.base)
        self._select = module.select["field"] if module.select else None
        self._client = _client(catalog, base)
        self.trials = [*self._valued()]
        self.dated = [*self._dated(module)]
        schema = Schema(self.operation.plan["schema"])
        self._seen = [*self._as_seen()]
        self._fits = [schema.is_valid(one) for one in self._seen]

    def _as_seen(self) -> Iterator[dict[str, Any]]:
        """Yield the inputs of each trial as the schema sees them."""
        fields = self.operation.fields
        defaults = {name: one.schema["default"] for name, one in fields.items() if "default" in one.schema}
        parsed = {name for name, one in fields.items() if one.schema.get("parse") == "json"}
        files = {name for name, one in fields.items() if one.file}
        for trial in self.trials:
            yield self._seen_as(trial.inputs, defaults, parsed, files)

    def _seen_as(
        self, inputs: dict[str, Any], defaults: dict[str, Any], parsed: set[str], files: set[str]
    ) -> dict[str, Any]:
        found = {}
        for name, value in {**defaults, **inputs}.items():
            if name in parsed and isinstance(value, str):
                try:
                    found[name] = json.loads(value)
                except ValueError:
                    found[name] = value
            elif name in files:
                found[name] = _marked(value)
            elif name != self._select:
                found[name] = value
        return found

    def answer(self, trial: Trial) -> Answer:
        """Return what becomes of a trial."""
        return self.asked(self._client, trial)

    def asked(self, client: Client, trial: Trial) -> Answer:
        """Return what another client makes of a trial."""
        return ask(partial(_render, client, self.name), trial.inputs, trial.at, trial.day or self.day)

    def differing(self, changed: Catalog, operation: OperationSpec, first: Sequence[Trial]) -> Iterator[Trial]:
        """Yield the trials that fare otherwise in a changed spec, some of them before the others."""
        plan = operation.plan["schema"]
        known = {id(one) for one in first}
        if plan != self.operation.plan["schema"]:
            schema = Schema(plan)
            try:
                schema.compile()
            except ValueError:
                return
            numbers = [number for number, one in enumerate(self.trials) if id(one) in known]
            for number in (*numbers, *range(len(self.trials))):
                if schema.is_valid(self._seen[number]) != self._fits[number]:
                    yield self.trials[number]
        elif self.dated:
            client = _client(changed, self.case)
            for trial in (*(one for one in self.dated if id(one) in known), *self.dated):
                if self.asked(client, trial).verdict != self.answer(trial).verdict:
                    yield trial

    def _valued(self) -> Iterator[Trial]:
        schema = self.operation.plan["schema"]
        boundary = Boundary(schema)
        for name, one in schema["properties"].items():
            for pointer, inner in _places(one, boundary, self.base.get(name), (name,)):
                for value in boundary.around(inner):
                    yield Trial(join_pointer(*pointer), value, replaced(self.base, pointer, value))
        for name in schema.get("required") or ():
            if name in self.base:
                left = {key: one for key, one in self.base.items() if key != name}
                yield Trial("", left, left)
        if schema.keys() & {"if", "anyOf", "oneOf", "allOf", "not"}:
            files = {name for name, one in self.operation.fields.items() if one.file}
            needed = {self._select, *(schema.get("required") or ())}
            base = {name: one for name, one in self.base.items() if name in needed}
            for value in boundary.around(schema):
                if isinstance(value, dict):
                    whole = {**base, **{name: one for name, one in value.items() if name not in files}}
                    yield Trial("", whole, whole)

    def _dated(self, module: ModuleSpec) -> Iterator[Trial]:
        fields = self.operation.fields
        for day in _days([module.lifecycle, self.operation.lifecycle]):
            yield Trial("", self.base, self.base, day)
        for name, field in fields.items():
            boundary = Boundary(self.operation.plan["schema"])
            values = boundary.fitting(self.operation.plan["schema"]["properties"].get(name, {}))[:1]
            for day in _days([field.lifecycle]):
                for value in values:
                    yield Trial(join_pointer(name), value, {**self.base, name: value}, day)
            for value, dated in field.values.items():
                for day in _days([dated]):
                    yield Trial(join_pointer(name), value, {**self.base, name: value}, day)


def bounds_of(
    path: Path, roots: Sequence[Path], examples: Sequence[Path], day: str, left: Sequence[int]
) -> dict[str, str]:
    """Return the text of one example an operation, by the example's name.

    Args:
        path: the module's file.
        roots: the search path.
        examples: the other examples of the module.
        day: the ISO day at which lifecycles are read.
        left: which of its changes survived, by their number.
    """
    document = read_document(path)
    catalog = Catalog(tuple(roots))
    found = [one for one in map(load, examples) if not one.faults and not one.bounds]
    benches = [*_benches(catalog, found, day)]
    rows: dict[int, list[Row]] = {number: [] for number in range(len(benches))}
    for mutant in [one for number, one in enumerate(mutants(document)) if number in set(left)]:
        chosen = _noticing(document, mutant, tuple(roots), benches, rows)
        if chosen is not None:
            rows[chosen[0]].append(chosen[1])
    single = len(benches) == 1
    return {
        FILE if single else f"{FILE}-{bench.operation.name}": _text(bench, rows[number])
        for number, bench in enumerate(benches)
        if rows[number]
    }


def _noticing(
    document: Document, mutant: Mutant, roots: tuple[Path, ...], benches: Sequence[Bench], rows: dict[int, list[Row]]
) -> tuple[int, Row] | None:
    """Return a new row that notices a change; None where there is none, or one of the rows does already."""
    changed = replace(document, value=mutant.value)
    catalog = Catalog(roots, {Path(document.path): changed})
    found: tuple[int, Row] | None = None
    for number, bench in enumerate(benches):
        try:
            module = catalog.module(bench.name, bench.day, retired=True)
        except KopplingError:
            return None
        name = bench.operation.name
        if name not in module.operations:
            return None
        chosen = [row.trial for row in rows[number]]
        for trial in bench.differing(catalog, module.operations[name], chosen):
            if any(one is trial for one in chosen):
                return None
            if (verdict := bench.answer(trial).verdict) is not None:
                found = found or (number, Row(trial, verdict))
                break
    return found


def _benches(catalog: Catalog, examples: Sequence[Example], day: str) -> Iterator[Bench]:
    """Yield one for each operation that has an example without an error: that with the fewest inputs."""
    bases: dict[str | None, Example] = {}
    for one in sorted(examples, key=lambda one: (len(json.dumps(one.inputs, default=str)), one.case)):
        if not one.fails and one.exchanges:
            module = catalog.module(one.module_name, one.as_of or day, retired=True)
            bases.setdefault(choose(module, one.inputs).name, one)
    for one in bases.values():
        yield Bench(catalog, one.module_name, one, day)


def _places(
    schema: dict[str, Any], boundary: Boundary, value: Any, pointer: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """Yield the places below one that the inputs have, the deepest first, each with its schema."""
    plain = boundary.plain(schema)
    if plain is not None:
        if isinstance(value, dict):
            for name, one in (plain.get("properties") or {}).items():
                if name in value:
                    yield from _places(one, boundary, value[name], (*pointer, name))
        elif isinstance(value, list) and value and isinstance(plain.get("items"), dict):
            yield from _places(plain["items"], boundary, value[0], (*pointer, 0))
    yield pointer, schema


def _days(lifecycles: Sequence[Any]) -> Iterator[str]:
    """Yield each day on which something begins or ends, and the one before."""
    found = {day for one in lifecycles for day in (one.since, one.deprecated, one.retired) if day}
    for day in sorted(found):
        yield (date.fromisoformat(day) - timedelta(days=1)).isoformat()
        yield day


def _client(catalog: Catalog, example: Example) -> Client:
    fields = placeholders(catalog.connector(example.connector), example.connection)
    return Client(Connection(example.connector, **fields), catalog)


def _render(client: Client, name: str, inputs: Any, day: str) -> object:
    return client.render(name, inputs, as_of=day)


def _marked(value: Any) -> Any:
    if isinstance(value, list):
        return [_marked(one) for one in value]
    try:
        return {"$file": File.from_json(value).name} if isinstance(value, dict) else None
    except ValueError:
        return None


def _text(bench: Bench, rows: Sequence[Row]) -> str:
    """Return the file: a row for each place and day, in the order of the fields."""
    order = [join_pointer(name) for name in bench.operation.fields]
    table: dict[tuple[str, str | None], dict[str, list[Any]]] = {}
    for row in rows:
        said = table.setdefault((row.trial.at, row.trial.day), {})
        said.setdefault(row.verdict, []).append(row.trial.value)

    def place(key: tuple[str, str | None]) -> tuple[int, str, str]:
        top = join_pointer(*split_pointer(key[0])[:1])
        return (order.index(top) if top in order else -1, key[0], key[1] or "")

    what = f"what {bench.operation.title or bench.operation.name}" if bench.operation.name else "what it"
    lines = [
        f"# {MADE}, which writes it anew; what is your own belongs in another file.",
        f"title: {written_as(f'{what[0].upper()}{what[1:]} takes and refuses', flow=False)}",
        f"as_of: {bench.day}",
        f"inputs: {written_as(bench.base, flow=True)}",
    ]
    if bench.case.connection:
        lines.append(f"connection: {written_as(bench.case.connection, flow=True)}")
    lines.append("bounds:")
    for at, day in sorted(table, key=place):
        head = [f"at: {written_as(at, flow=False)}"] if at else []
        head += [f"as_of: {day}"] if day else []
        said = table[at, day]
        block = head + [line for verdict in _VERDICTS for line in _listed(verdict, said.get(verdict, []))]
        lines += [f"  - {block[0]}", *(f"    {line}" for line in block[1:])]
    return "\n".join(lines) + "\n"


def _listed(verdict: str, values: Sequence[Any]) -> list[str]:
    if not values:
        return []
    line = f"{verdict}: {written_as(list(values), flow=True)}"
    if len(line) <= _WIDEST:
        return [line]
    return [f"{verdict}:", *(f"  - {written_as(one, flow=True)}" for one in values)]
