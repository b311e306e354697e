"""Two states of one operation: what its callers give, what they get, and what is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final

from koppling.compile.merge import Merged
from koppling.diagnostics import Location
from koppling.read import Document, Pointer
from koppling_tools.diff.change import Change, Verdict
from koppling_tools.diff.schema import Comparison, How

_GIVEN: Final[dict[How, Verdict]] = {
    "narrower": "breaking",
    "wider": "additive",
    "other": "breaking",
    "prose": "cosmetic",
}
_GOTTEN: Final[dict[How, Verdict]] = {
    "narrower": "additive",
    "wider": "breaking",
    "other": "breaking",
    "prose": "cosmetic",
}


@dataclass(frozen=True)
class Side:
    """One state of an operation: its merged tree, its file, its definitions, and the types of what it gives."""

    document: Document
    merged: Merged
    defs: Mapping[str, Any]
    outputs: Mapping[str, Any]

    def at(self, pointer: Pointer, *, key: bool = False) -> Location:
        """Return where a place of the merged tree stands."""
        return self.document.locate(self.merged.origin(pointer), key=key)

    @property
    def cases(self) -> list[dict[str, Any]]:
        """The cases of its response."""
        response = self.merged.tree["response"]
        return response if isinstance(response, list) else [response]


def compare(subject: str, old: Side, new: Side, day: str) -> Iterator[Change]:
    """Yield what changed between two states of an operation, as its callers see it."""
    yield from _inputs(subject, old, new, day)
    yield from _outputs(subject, old, new)
    yield from _request(subject, old, new)


def _inputs(subject: str, old: Side, new: Side, day: str) -> Iterator[Change]:
    before, after = old.merged.tree["fields"], new.merged.tree["fields"]
    required, wanted = set(old.merged.tree["required"]), set(new.merged.tree["required"])
    comparison = Comparison(old.defs, new.defs)
    for name in before:
        if name not in after:
            ended = str((before[name].get("lifecycle") or {}).get("retired", "9")) <= day
            verdict: Verdict = "cosmetic" if ended else "breaking"
            told = f"the input `{name}` is gone" + (", which was retired" if ended else "")
            yield Change(
                "field-removed",
                verdict,
                subject,
                told,
                old.at(("fields", name), key=True),
                "" if ended else "retire it by a date, or make a new major version",
            )
    for name, schema in after.items():
        place = new.at(("fields", name), key=True)
        if name not in before:
            if name in wanted and "default" not in schema:
                yield Change(
                    "required-field-added",
                    "breaking",
                    subject,
                    f"the input `{name}` is new and required",
                    place,
                    "give it a default, or make it optional",
                )
            else:
                yield Change("field-added", "additive", subject, f"the input `{name}` is new", place)
            continue
        for one in comparison.differences(before[name], schema, f"`{name}`"):
            yield Change(
                one.rule, _GIVEN[one.how], subject, one.message, _near(new, ("fields", name, *one.pointer), place)
            )
        if name in wanted - required and "default" not in schema:
            yield Change("field-required", "breaking", subject, f"the input `{name}` is required now", place)
        elif name in required - wanted:
            yield Change("field-optional", "additive", subject, f"the input `{name}` may be left out now", place)
        yield from _default(subject, name, before[name], schema, place)
        yield from lifecycle(
            subject, f"the input `{name}`", before[name].get("lifecycle"), schema.get("lifecycle"), place, day
        )
        yield from _dated_values(subject, name, before[name], schema, place, day)
    if old.merged.tree["validation"] != new.merged.tree["validation"]:
        first = next(iter(new.merged.tree["validation"]), None)
        place = new.at(("validation", first)) if first else new.at(("fields",))
        others = _without(new.merged.tree["validation"], after.keys() - before.keys())
        eased = not others or others == old.merged.tree["validation"]
        yield Change(
            "validation-changed",
            "additive" if eased else "breaking",
            subject,
            "the rules over all inputs are others",
            place,
        )


def _without(validation: Mapping[str, Any], fresh: AbstractSet[str]) -> dict[str, Any]:
    """Return the rules over all inputs, without what new inputs alone ask for: nobody gives those yet."""
    asked = {name: one for name, one in validation.get("dependentRequired", {}).items() if name not in fresh}
    rest = {key: one for key, one in validation.items() if key != "dependentRequired"}
    return {**rest, **({"dependentRequired": asked} if asked else {})}


def _default(
    subject: str, name: str, old: Mapping[str, Any], new: Mapping[str, Any], place: Location
) -> Iterator[Change]:
    if "default" not in old and "default" in new:
        yield Change(
            "default-added", "additive", subject, f"the input `{name}` has a default now: {new['default']!r}", place
        )
    elif old.get("default") != new.get("default"):
        told = f"the default of `{name}` was {old['default']!r} and is {new.get('default', 'none')!r}"
        yield Change("default-changed", "breaking", subject, told, place, "who left it out gets something else")


def _dated_values(
    subject: str, name: str, old: Mapping[str, Any], new: Mapping[str, Any], place: Location, day: str
) -> Iterator[Change]:
    before, after = old.get("values") or {}, new.get("values") or {}
    for value, said in after.items():
        if value in before and (before[value] or {}) != (said or {}):
            yield from lifecycle(subject, f"the value {value!r} of `{name}`", before[value], said, place, day)


def lifecycle(subject: str, what: str, old: Any, new: Any, place: Location, day: str) -> Iterator[Change]:
    """Yield what changed in the dates of a thing."""
    before, after = old or {}, new or {}
    for key in ("deprecated", "retired"):
        first, last = before.get(key), after.get(key)
        if first == last:
            continue
        if last is None:
            yield Change(f"{key}-lifted", "additive", subject, f"{what} is not {key} any more", place)
        elif key == "retired" and str(last) <= day and not (first and str(first) <= day):
            told = (
                f"{what} is retired at once, on {last}"
                if first is None
                else f"{what} retires earlier: on {last}, not on {first}"
            )
            yield Change("retired-at-once", "breaking", subject, told, place, "give its callers a day to come")
        elif first is not None and str(last) < str(first):
            verdict: Verdict = "breaking" if key == "retired" else "additive"
            yield Change(f"{key}-earlier", verdict, subject, f"{what} is {key} on {last}, not on {first}", place)
        else:
            yield Change(f"{key}-set", "additive", subject, f"{what} is {key} on {last}", place)
    rest = [
        {key: one for key, one in side.items() if key not in {"deprecated", "retired", "title", "description"}}
        for side in (before, after)
    ]
    if rest[0] != rest[1]:
        yield Change("lifecycle-words", "cosmetic", subject, f"what is said of the end of {what} is other", place)


def _outputs(subject: str, old: Side, new: Side) -> Iterator[Change]:
    place = _near(new, ("response",), new.at(("request",), key=True))
    before, after = (any("items" in case for case in side.cases) for side in (old, new))
    if before != after:
        told = "a list of bundles" if after else "one bundle"
        yield Change("result-changed", "breaking", subject, f"it gives {told} now", place)
        return
    for key in ("output", "envelope", "usage"):
        yield from _output(subject, key, old, new, place)
    for key in ("format", "stream", "pages", "wait", "follow", "limit", "items"):
        if [case.get(key) for case in old.cases] != [case.get(key) for case in new.cases]:
            gone = key in {"stream", "follow"} and not any(case.get(key) for case in new.cases)
            verdict: Verdict = (
                "breaking"
                if gone or key == "format"
                else "additive"
                if not any(case.get(key) for case in old.cases)
                else "cosmetic"
            )
            yield Change(
                f"{key}-changed",
                verdict,
                subject,
                f"`{key}` of the response {'is gone' if gone else 'is other'}",
                _near(new, ("response", key), place),
            )


def _output(subject: str, key: str, old: Side, new: Side, place: Location) -> Iterator[Change]:
    for before, after in zip(old.cases, new.cases, strict=False):
        first, last = before.get(key), after.get(key)
        if first == last:
            continue
        here = _near(new, ("response", key), place)
        if not (isinstance(first, dict) and isinstance(last, dict)):
            if first is None and isinstance(last, dict) and key != "output":
                what = "an envelope" if key == "envelope" else "what it used"
                yield Change(f"{key}-added", "additive", subject, f"it gives {what} now", here)
            elif isinstance(first, str) and isinstance(last, str):
                yield from _retyped(subject, key, (first, last), old, new, here)
            else:
                yield Change(f"{key}-changed", "breaking", subject, f"`{key}` has another form", here)
            continue
        for name in first:
            if name not in last:
                yield Change(
                    "output-removed",
                    "breaking",
                    subject,
                    f"`{name}` is no {key} any more",
                    old.at(("response", key, name), key=True),
                )
        for name, value in last.items():
            spot = _near(new, ("response", key, name), here)
            if name not in first:
                yield Change("output-added", "additive", subject, f"`{name}` is a new {key}", spot)
            elif value != first[name]:
                yield from _retyped(subject, f"{key}/{name}", (first[name], value), old, new, spot)
    if len(old.cases) != len(new.cases):
        yield Change(
            "cases-changed",
            "additive" if len(new.cases) > len(old.cases) else "breaking",
            subject,
            "the response has other cases",
            place,
        )


def _retyped(
    subject: str, key: str, values: tuple[Any, Any], old: Side, new: Side, place: Location
) -> Iterator[Change]:
    """Tell what another expression means for the type of an output, as far as examples and schemas tell it."""
    name = f"`{key.rpartition('/')[2]}`"
    kinds = [one.get("as") if isinstance(one, dict) else None for one in values]
    if kinds[0] != kinds[1]:
        yield Change(
            "output-retyped",
            "breaking",
            subject,
            f"{name} was read as {kinds[0] or 'it is'} and is read as {kinds[1] or 'it is'}",
            place,
        )
        return
    before, after = old.outputs.get(key), new.outputs.get(key)
    found = list(Comparison({}, {}).differences(before, after, name)) if before and after else []
    for one in found:
        yield Change("output-retyped", _GOTTEN[one.how], subject, one.message, place)
    if not any(_GOTTEN[one.how] != "cosmetic" for one in found):
        yield Change(
            "output-read-otherwise",
            "cosmetic",
            subject,
            f"{name} is read by another expression",
            place,
            "the examples tell whether it is the same",
        )


def _request(subject: str, old: Side, new: Side) -> Iterator[Change]:
    before, after = old.merged.tree["request"], new.merged.tree["request"]
    for key in dict.fromkeys((*before, *after)):
        if before.get(key) != after.get(key):
            place = _near(new, ("request", key), new.at(("request",), key=True))
            what = "is gone" if key not in after else "is new" if key not in before else "is other"
            yield Change("request-changed", "cosmetic", subject, f"`{key}` of the request {what}", place)


def _near(side: Side, pointer: Pointer, otherwise: Location) -> Location:
    """Return where a place stands if the side has it, else somewhere near."""
    origin = side.merged.origin(pointer)
    while origin not in side.document.values and len(origin) > 1:
        origin = origin[:-1]
    found = side.document.locate(origin, key=True)
    return found if found.line > 1 or not otherwise.line else otherwise
