"""Two folders of specs, held against each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from koppling.compile import well_shaped
from koppling.compile.grammar import Kind, check_grammar
from koppling.compile.merge import merge
from koppling.diagnostics import Diagnostic, Location
from koppling.expression import ExpressionError
from koppling.infer import infer
from koppling.read import Document, read_document
from koppling.shape import Shape
from koppling_tools.check.files import Found, find, unreadable
from koppling_tools.diff.adaptation import adaptation
from koppling_tools.diff.change import ORDER, Change, Verdict, gravest
from koppling_tools.diff.operation import Side, compare, lifecycle
from koppling_tools.editing.version import Part, raised
from koppling_tools.examples.load import Example, load
from koppling_tools.rules.inference import subjects_of
from koppling_tools.rules.view import ModuleView

_CONNECTOR_KEYS: Final = (
    "auth",
    "style",
    "request",
    "retry",
    "limits",
    "telemetry",
    "error_body",
    "request_id",
    "api",
    "title",
    "summary",
)
_ASKS: Final[dict[Verdict, Part]] = {"breaking": "major", "additive": "minor", "cosmetic": "patch"}


@dataclass
class State:
    """The specs of one side: connectors and modules by name, `acme` and `acme.get_thing@1`.

    Where `unreadable` is not empty, files are missing here that are in the folder.
    """

    connectors: dict[str, Document] = field(default_factory=dict)
    modules: dict[str, Document] = field(default_factory=dict)
    examples: dict[str, list[Example]] = field(default_factory=dict)
    unreadable: list[Diagnostic] = field(default_factory=list)
    faults: list[Diagnostic] = field(default_factory=list)  # of files that are not the language, or not wholly


def read_state(folder: Path, shown: Path | None = None) -> State:
    """Read a folder of connectors, or one connector.

    Args:
        folder: where it is.
        shown: the folder that messages should speak of, when it is a copy.

    Raises:
        Misuse: there are no specs in it.
    """
    state = State()
    for one in find(folder):
        path = shown / one.path.relative_to(folder) if shown is not None else one.path
        if one.kind == "example":
            example = load(one.path)
            state.unreadable += (
                replace(fault, location=replace(fault.location, path=str(path)))
                for fault in unreadable(example.document)
            )
            state.examples.setdefault(_name(one), []).append(example)
            continue
        if one.kind == "stray":
            continue
        kind: Kind = "connector" if one.kind == "connector" else "module"
        document = read_document(one.path, str(path))
        if faults := unreadable(document):
            state.unreadable += faults
            continue
        state.faults += check_grammar(document, kind)
        document = well_shaped(document, kind)
        if document.value is not None:
            home = state.connectors if one.kind == "connector" else state.modules
            home[one.connector.absolute().name if one.kind == "connector" else _name(one)] = document
    return state


def _name(found: Found) -> str:
    name, _, major = found.versioned.rpartition(".v")
    return f"{found.connector.absolute().name}.{name}@{major}"


def differences(old: State, new: State, day: str) -> list[Change]:
    """Return what changed, with what the versions of the files should have done.

    Args:
        old: the state before.
        new: the state after.
        day: the ISO day; what was retired by then may go.
    """
    found: list[Change] = []
    for name in dict.fromkeys((*old.connectors, *new.connectors)):
        found += _connector(name, old, new, day)
    for name in dict.fromkeys((*old.modules, *new.modules)):
        found += _module(name, old, new, day)
    return found


def _connector(name: str, old: State, new: State, day: str) -> Iterator[Change]:
    before, after = old.connectors.get(name), new.connectors.get(name)
    if before is None or after is None:
        gone = after is None
        document = before or after
        assert document is not None  # noqa: S101  (one of the two is there)
        told = "the connector is gone" if gone else "the connector is new"
        rule, verdict = ("connector-removed", "breaking") if gone else ("connector-added", "additive")
        yield Change(rule, verdict, name, told, Location(document.path))  # type: ignore[arg-type]  # a pair of literals
        return
    changes = list(_connector_changes(name, before, after, day))
    gone_modules = [one for one in _removed(name, old, new, day) if one.verdict == "breaking"]
    yield from changes
    yield from _version(name, before, after, changes + gone_modules)


def _connector_changes(name: str, old: Document, new: Document, day: str) -> Iterator[Change]:
    fields = [(one.value.get("connection") or {}).get("fields") or {} for one in (old, new)]
    required = [set((one.value.get("connection") or {}).get("required") or ()) for one in (old, new)]
    trees = [
        merge({"fields": own, "required": sorted(needed), "request": {}}, None)
        for own, needed in zip(fields, required, strict=True)
    ]
    for merged in trees:
        for field_name in merged.tree["fields"]:
            merged.origins["fields", field_name] = ("connection", "fields", field_name)
    defs = [one.value.get("$defs") or {} for one in (old, new)]
    sides = [Side(one, merged, own, {}) for one, merged, own in zip((old, new), trees, defs, strict=True)]
    yield from compare(name, sides[0], sides[1], day)
    yield from _errors(name, old, new, ())
    for key in _CONNECTOR_KEYS:
        if old.value.get(key) != new.value.get(key):
            verdict: Verdict = "additive" if key == "auth" else "cosmetic"
            yield Change(
                f"{key.replace('_', '-')}-changed", verdict, name, f"`{key}` is other", new.locate((key,), key=True)
            )
    yield from lifecycle(
        name,
        "the connector",
        old.value.get("lifecycle"),
        new.value.get("lifecycle"),
        new.locate(("lifecycle",), key=True),
        day,
    )


def _errors(name: str, old: Document, new: Document, at: tuple[str, ...]) -> Iterator[Change]:
    before, after = old.value.get("errors") or [], new.value.get("errors") or []
    if before == after:
        return
    kinds = [
        {(str(one.get("status")), one.get("when")): one.get("kind") for one in entries} for entries in (before, after)
    ]
    place = new.locate((*at, "errors"), key=True)
    for key, kind in kinds[0].items():
        if key in kinds[1] and kinds[1][key] != kind:
            yield Change(
                "error-kind-changed",
                "breaking",
                name,
                f"an answer of {key[0]} is {kinds[1][key]}, and was {kind}",
                place,
            )
            return
    verdict: Verdict = "additive" if set(kinds[0]) <= set(kinds[1]) else "breaking"
    yield Change("errors-changed", verdict, name, "answers are sorted into other kinds of error", place)


def _removed(connector: str, old: State, new: State, day: str) -> Iterator[Change]:
    for name, document in old.modules.items():
        if name.startswith(f"{connector}.") and name not in new.modules:
            when = str((document.value.get("lifecycle") or {}).get("retired", "9"))
            if when <= day:
                yield Change(
                    "module-removed",
                    "cosmetic",
                    name,
                    f"the module is gone, which was retired on {when}",
                    Location(document.path),
                )
            else:
                yield Change(
                    "module-removed",
                    "breaking",
                    name,
                    "the module is gone without having been retired",
                    Location(document.path),
                    "retire it by a date, and keep the file",
                )


def _module(name: str, old: State, new: State, day: str) -> Iterator[Change]:
    before, after = old.modules.get(name), new.modules.get(name)
    if after is None:
        yield from (one for one in _removed(name.partition(".")[0], old, new, day) if one.subject == name)
        return
    if before is None:
        short = name.rpartition("@")[0]
        others = [one for one in old.modules if one.startswith(f"{short}@")]
        told = f"a new major version beside {', '.join(sorted(others))}" if others else "the module is new"
        yield Change("major-added" if others else "module-added", "additive", name, told, Location(after.path, 1, 1))
        if others:
            latest = max(others, key=lambda one: int(one.rpartition("@")[2]))
            connector = name.partition(".")[0]
            olds = _sides(latest, old.modules[latest], old, connector)
            yield from adaptation(name, latest.rpartition("@")[2], olds, _sides(name, after, new, connector), after)
        return
    changes = list(_module_changes(name, before, after, old, new, day))
    yield from changes
    yield from _version(name, before, after, changes)


def _module_changes(name: str, before: Document, after: Document, old: State, new: State, day: str) -> Iterator[Change]:
    select, chosen = before.value.get("select") or {}, after.value.get("select") or {}
    if (select.get("field"), bool(select)) != (chosen.get("field"), bool(chosen)):
        yield Change(
            "select-changed",
            "breaking",
            name,
            "the operation is chosen by another field",
            after.locate(("select",), key=True),
        )
        return
    if select.get("default") != chosen.get("default"):
        verdict: Verdict = "additive" if "default" not in select else "breaking"
        yield Change(
            "default-operation",
            verdict,
            name,
            f"without a choice, it is {chosen.get('default', 'refused')}",
            after.locate(("select", "default")),
        )
    operations, others = before.value.get("operations") or {}, after.value.get("operations") or {}
    for operation in operations:
        if operation not in others:
            ended = str(((operations[operation] or {}).get("lifecycle") or {}).get("retired", "9")) <= day
            yield Change(
                "operation-removed",
                "cosmetic" if ended else "breaking",
                name,
                f"the operation `{operation}` is gone",
                before.locate(("operations", operation), key=True),
            )
    connector = name.partition(".")[0]
    sides = [_sides(name, document, state, connector) for document, state in ((before, old), (after, new))]
    seen: set[tuple[str, Location]] = set()
    for operation in others or {None: None}:
        if operation is not None and operation not in operations:
            yield Change(
                "operation-added",
                "additive",
                name,
                f"the operation `{operation}` is new",
                after.locate(("operations", operation), key=True),
            )
            continue
        subject = f"{name} {operation}" if operation else name
        for change in compare(subject, sides[0][operation], sides[1][operation], day):
            if (change.message, change.location) not in seen:  # what all operations share changed once
                seen.add((change.message, change.location))
                yield change
        if operation is not None:
            own, now = operations[operation] or {}, others[operation] or {}
            yield from lifecycle(
                name,
                f"the operation `{operation}`",
                own.get("lifecycle"),
                now.get("lifecycle"),
                after.locate(("operations", operation), key=True),
                day,
            )
    yield from _errors(name, before, after, ())
    yield from lifecycle(
        name,
        "the module",
        before.value.get("lifecycle"),
        after.value.get("lifecycle"),
        after.locate(("lifecycle",), key=True),
        day,
    )
    for key in ("title", "summary", "source", "kind", "retry", "limits", "telemetry"):
        if before.value.get(key) != after.value.get(key):
            yield Change("prose-changed", "cosmetic", name, f"`{key}` is other", after.locate((key,), key=True))


def _sides(name: str, document: Document, state: State, connector: str) -> dict[str | None, Side]:
    shared = state.connectors.get(connector)
    shared_defs = (shared.value.get("$defs") or {}) if shared is not None else {}
    defs = {**{f"connector.{key}": one for key, one in shared_defs.items()}, **(document.value.get("$defs") or {})}
    view = ModuleView(document, shared, state.examples.get(name, []), "")
    return {
        operation: Side(document, merged, defs, _typed(view, operation, merged.tree["response"]))
        for operation, merged in view.operations.items()
    }


def _typed(view: ModuleView, operation: str | None, response: Any) -> Mapping[str, Any]:
    """Return the schemas of what an operation gives, by output, as far as examples and `response.body` tell."""
    found: dict[str, Any] = {}
    answers = [one for _, one in view.responses(operation) if int(one.get("status", 200)) < 400]  # noqa: PLR2004  (a status)
    for case in response if isinstance(response, list) else [response]:
        subjects = subjects_of(view, case, answers)
        bundle = subjects.item if "items" in case else subjects.body
        for key, subject in (("output", bundle), ("envelope", subjects.body), ("usage", subjects.body)):
            told = case.get(key)
            for name, one in told.items() if isinstance(told, dict) else [("", told)]:
                text = one.get("value") if isinstance(one, dict) else one
                if isinstance(text, str) and "${" not in text and (schema := _yields(text, subject)):
                    found[f"{key}/{name}" if name else key] = schema
    return found


def _yields(text: str, subject: Shape) -> dict[str, Any]:
    try:
        return infer(text, subject)[0].schema()
    except ExpressionError:
        return {}


def _version(name: str, old: Document, new: Document, changes: list[Change]) -> Iterator[Change]:
    """Yield what a version should have done and did not."""
    verdict = gravest(changes)
    before, after = (_numbers(one.value.get("version")) for one in (old, new))
    place = new.locate(("version",))
    if after < before:
        yield Change(
            "version-went-back", "breaking", name, f"the version was {_dotted(before)} and is {_dotted(after)}", place
        )
        return
    if verdict is None:
        return
    asks = _ASKS[verdict]
    moved = next(
        (word for word, index in (("major", 0), ("minor", 1), ("patch", 2)) if after[index] > before[index]), None
    )
    rank = {"patch": 0, "minor": 1, "major": 2}
    if moved is not None and rank[moved] >= ORDER[verdict]:
        return
    help_text = f"write version: {raised(_dotted(before), asks)}"
    if asks == "major" and "@" in name:
        short = name.partition(".")[2].partition("@")[0]
        file, other = (f"{short}.v{number}.yaml" for number in (before[0], before[0] + 1))
        help_text = f"leave {file} as it was, and write {other} beside it (koppling bump {name} major)"
    yield Change(
        "version-too-low",
        verdict,
        name,
        f"{verdict} changes ask for a {asks} version; it was {_dotted(before)} and is {_dotted(after)}",
        place,
        help_text,
    )


def _numbers(version: Any) -> tuple[int, ...]:
    parts = str(version).split(".")
    return tuple(int(one) if one.isdigit() else 0 for one in [*parts, "0", "0"][:3])


def _dotted(numbers: tuple[int, ...]) -> str:
    return ".".join(str(one) for one in numbers)
