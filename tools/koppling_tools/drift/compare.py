"""One operation of ours held against one of the vendor's: rows, each one thing that is not the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from koppling.diagnostics import Severity, suggestion
from koppling.model import Lifecycle, OperationSpec, lifecycle_of
from koppling_tools.drift.envelope import LOWER, Envelope, envelope
from koppling_tools.drift.sent import Outline, Sent, outline
from koppling_tools.openapi.document import Api, Operation, Parameter
from koppling_tools.openapi.schema import normal

JsonSchema = Mapping[str, Any]

_DEEPEST: Final = 8
_FORMS: Final = {
    "json": re.compile(r"application/([\w.+-]*\+)?json.*|\*/\*"),
    "form": re.compile(r"application/x-www-form-urlencoded.*|\*/\*"),
    "multipart": re.compile(r"multipart/.*|\*/\*"),
    "raw": re.compile(r".*"),
}
_SEVERITY: Final[dict[str, Severity]] = {
    "operation-gone": "error",
    "media-type-gone": "error",
    "required-there": "error",
    "value-gone": "error",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One difference. `place` is in the request: `/body/tools[]/type`; `field` is the input that is sent there."""

    rule: str
    place: str
    message: str
    field: str | None = None
    help: str = ""

    @property
    def severity(self) -> Severity:
        """How grave it is: an error where calls may fail that did not."""
        return _SEVERITY.get(self.rule, "warning")


class Holding:
    """Holds operations of ours against a document.

    Args:
        api: the vendor's document.
        day: the ISO day at which lifecycles are read.
        base: the path of the address that our paths are below.
    """

    def __init__(self, api: Api, day: str, base: str = "") -> None:
        self._api = api
        self._base = base.rstrip("/")
        self._day = day
        self._operation: OperationSpec | None = None

    def find(self, given: Outline, name: str | None) -> tuple[Operation | None, Row | None]:
        """Return the vendor's operation that a request of ours is for, or a row that says that there is none."""
        operations = self._api.operations
        if name is not None:
            found = next((one for one in operations if one.id == name), None)
            if found is None:
                told = f"the vendor's document has no operation {name!r}"
                return None, Row("operation-gone", "", told, help=suggestion(name, [one.id for one in operations]))
            return found, None
        ours = [_segments(given.path or ""), _segments(f"{self._base}{given.path}")]
        below = [one for one in operations if _segments(one.path) in ours or self._below(one) in ours]
        same = next((one for one in below if one.method == given.method), None)
        if same is not None:
            return same, None
        if below:
            has = f"it has {', '.join(one.method for one in below)} there"
            told = f"the vendor's document has no {given.method} {given.path}"
            return None, Row("operation-gone", "", told, help=has)
        near = suggestion(f"{given.method} {given.path}", [f"{one.method} {one.path}" for one in operations])
        return None, Row("operation-gone", "", f"the vendor's document has no path {given.path}", help=near)

    def _below(self, one: Operation) -> list[str]:
        return _segments(self._api.base_path + one.path)

    def rows(self, operation: OperationSpec, name: str | None = None, *, deprecated: bool = False) -> Iterator[Row]:
        """Yield what differs. An operation whose method or path an input gives is held against nothing.

        Args:
            operation: ours.
            name: the id of theirs, where method and path do not tell it.
            deprecated: whether ours is deprecated, or will be.
        """
        given = outline(operation)
        if given.method is None or given.path is None:
            return
        self._operation = operation
        theirs, gone = self.find(given, name)
        if gone is not None:
            yield gone
        if theirs is None:
            return
        if theirs.deprecated and not deprecated:
            told = f"the vendor deprecated {theirs.id or theirs.path}"
            yield Row("deprecated-there", "", told, help="`koppling deprecate` says so from a day on")
        yield from self._parameters(given, theirs)
        yield from self._body(given, theirs)

    # ---- parameters ----

    def _parameters(self, given: Outline, theirs: Operation) -> Iterator[Row]:
        in_path = [one for one in theirs.parameters if one.where == "path"]
        order = re.findall(r"\{([^}]*)\}", theirs.path)
        in_path.sort(key=lambda one: order.index(one.name) if one.name in order else len(order))
        for sent, parameter in zip(given.in_path, in_path, strict=False):
            rows = self._held(sent, [parameter.schema], f"/path/{parameter.name}", parameter.deprecated, True)
            yield from (one for one in rows if one.rule != "empty-refused")  # an empty segment is no segment
        query = {one.name.removesuffix("[]"): one for one in theirs.parameters if one.where == "query"}
        headers = {one.name.lower(): one for one in theirs.parameters if one.where == "header"}
        yield from self._named(given.query, query, "/query")
        yield from self._named(given.headers, headers, "/header")

    def _named(self, ours: Mapping[str, Sent], theirs: Mapping[str, Parameter], where: str) -> Iterator[Row]:
        for name, parameter in theirs.items():
            place = f"{where}/{name}"
            if name in ours:
                yield from self._held(ours[name], [parameter.schema], place, parameter.deprecated, parameter.required)
            else:
                yield from _lack(place, name, parameter.required, parameter.deprecated)
        for name, sent in ours.items():
            if name not in theirs:
                yield Row("unknown-there", f"{where}/{name}", f"the vendor's document has no {name!r} here", sent.field)

    # ---- bodies ----

    def _body(self, given: Outline, theirs: Operation) -> Iterator[Row]:
        bodies = theirs.bodies
        if not given.form:
            if theirs.body_required:
                yield Row("required-there", "/body", "the vendor asks for a body, and none is sent")
            return
        fitting = [schema for media, schema in bodies.items() if _FORMS[given.form].fullmatch(media)]
        if not fitting:
            has = ", ".join(bodies) or "no body"
            yield Row("media-type-gone", "/body", f"the vendor takes no {given.form} here", help=f"it takes {has}")
            return
        if given.body is not None and given.form != "raw":
            yield from self._held(given.body, fitting[:1], "/body", False, theirs.body_required)

    def _held(
        self, sent: Sent, theirs: Sequence[JsonSchema], place: str, deprecated: bool, required: bool, depth: int = 0
    ) -> Iterator[Row]:
        there = envelope(theirs, self._api.resolved, normal)
        if sent.field is not None:
            if (deprecated or there.deprecated) and not self._dated(sent.field).deprecated:
                yield Row("deprecated-there", place, "the vendor deprecated it", sent.field)
            if required and not sent.required:
                yield Row("required-there", place, "the vendor asks for it, and here it may be left out", sent.field)
            if not required and sent.required and sent.schema is not None and "const" not in sent.schema:
                yield Row("narrower", place, "the vendor lets it be left out, and here it is required", sent.field)
        yield from self._defaults(there, place, sent.field)
        if sent.properties is not None:
            yield from self._properties(sent, there, place, depth)
        elif sent.schema is not None and "const" not in sent.schema:
            here = envelope([sent.schema], self._named_here, dict)
            yield from self._compared(here, there, place, sent.field, depth)

    def _properties(self, sent: Sent, there: Envelope, place: str, depth: int) -> Iterator[Row]:
        ours = sent.properties or {}
        for name, schemas in there.properties.items():
            inner = envelope(schemas, self._api.resolved, normal)
            needed = name in there.required
            if name in ours:
                yield from self._held(ours[name], schemas, f"{place}/{name}", inner.deprecated, needed, depth + 1)
            elif not self._read_only(schemas):
                yield from _lack(f"{place}/{name}", name, needed, inner.deprecated)
        for name, one in ours.items():
            if name not in there.properties and (there.closed or there.properties):
                yield Row("unknown-there", f"{place}/{name}", f"the vendor's document has no {name!r} here", one.field)

    def _read_only(self, schemas: Sequence[JsonSchema]) -> bool:
        """Tell whether a property is in answers alone, so that no request has it."""
        return any(self._api.resolved(one).get("readOnly") is True for one in schemas)

    # ---- values ----

    def _compared(self, here: Envelope, there: Envelope, place: str, name: str | None, depth: int) -> Iterator[Row]:
        if depth > _DEEPEST:
            return
        text = not place.startswith("/body")  # as a text, everything is one
        yield from self._types(here, there, place, name, text)
        yield from self._values(here, there, place, name)
        if not here.values and not there.values:
            yield from _bounds(here, there, place, name)
        if here.items and there.items:
            ours = envelope(here.items, self._named_here, dict)
            theirs = envelope(there.items, self._api.resolved, normal)
            yield from self._compared(ours, theirs, f"{place}[]", name, depth + 1)
        if here.properties and there.properties:
            yield from self._inside(here, there, place, name, depth)

    def _inside(self, here: Envelope, there: Envelope, place: str, name: str | None, depth: int) -> Iterator[Row]:
        for key, schemas in there.properties.items():
            inner = f"{place}/{key}"
            theirs = envelope(schemas, self._api.resolved, normal)
            if key in here.properties:
                ours = envelope(here.properties[key], self._named_here, dict)
                yield from self._compared(ours, theirs, inner, name, depth + 1)
                yield from self._defaults(theirs, inner, name)
            elif here.closed and not self._read_only(schemas):
                yield from _lack(inner, key, key in there.required, theirs.deprecated, name)
        for key in here.properties:
            if key not in there.properties and there.closed:
                yield Row("unknown-there", f"{place}/{key}", f"the vendor's document has no {key!r} here", name)
        for key in sorted(there.required - here.required):
            if self._read_only(there.properties.get(key, ())):
                continue
            yield Row("required-there", f"{place}/{key}", "the vendor asks for it, and here it may be left out", name)
        for key in sorted(here.required - there.required):
            yield Row("narrower", f"{place}/{key}", "the vendor lets it be left out, and here it is required", name)

    def _types(self, here: Envelope, there: Envelope, place: str, name: str | None, text: bool) -> Iterator[Row]:
        ours, theirs = here.types, there.types
        if text or "$file" in here.properties or not ours or not theirs:
            return
        more = {one for one in ours - theirs if not (one == "integer" and "number" in theirs)}
        less = {one for one in theirs - ours if not (one == "integer" and "number" in ours)}
        if "number" in less and "integer" in more:
            more.discard("integer")
        if more:
            yield Row("wider", place, f"the vendor takes no {_or(more)} here", name)
        if less:
            yield Row("narrower", place, f"the vendor takes {_or(less)}, too", name)

    def _values(self, here: Envelope, there: Envelope, place: str, name: str | None) -> Iterator[Row]:
        gone = set(self._gone(name))
        ours = [one for one in here.known if one not in gone and one is not None]
        theirs = [one for one in there.known if one is not None]
        if ours and theirs and (there.values is not None or here.values is not None or len(ours) > 1):
            for value in theirs:
                if value not in here.known:
                    yield Row("value-added", place, f"the vendor has the value {value!r}", name)
            for value in ours:
                if value not in theirs:
                    yield Row("value-gone", place, f"the vendor does not have the value {value!r}", name)
        if here.values is None and there.values is not None and "string" in here.types:
            yield Row("wider", place, f"the vendor takes {_or(map(repr, there.values))} alone", name)
        if here.values is not None and there.values is None and "string" in there.types:
            yield Row("narrower", place, "the vendor takes any text here", name)

    def _defaults(self, there: Envelope, place: str, name: str | None) -> Iterator[Row]:
        for default in there.defaults:
            if there.values is not None and default not in there.values and default is not None:
                yield Row("default-retired", place, f"the vendor's default {default!r} is none of its values", name)
            elif isinstance(default, str) and default in self._gone(name):
                yield Row("default-retired", place, f"the vendor's default {default!r} is retired", name)

    # ---- ours ----

    def _named_here(self, schema: JsonSchema) -> JsonSchema:
        assert self._operation is not None  # noqa: S101  (a row is made within `rows`)
        found: JsonSchema = (self._operation.plan["schema"].get("$defs") or {}).get(
            str(schema["$ref"]).rpartition("/")[2]
        ) or {}
        return found

    def _dated(self, field: str) -> Lifecycle:
        assert self._operation is not None  # noqa: S101  (a row is made within `rows`)
        return lifecycle_of(self._operation.plan["fields"].get(field) or {})

    def _gone(self, field: str | None) -> list[str]:
        """Return the values of a field that are retired on the day."""
        assert self._operation is not None  # noqa: S101  (a row is made within `rows`)
        found = self._operation.fields.get(field or "")
        return [value for value, one in found.values.items() if one.state(self._day) == "retired"] if found else []


def _lack(place: str, name: str, required: bool, deprecated: bool, field: str | None = None) -> Iterator[Row]:
    if required:
        yield Row("required-there", place, f"the vendor asks for {name!r}, and it is never sent", field)
    elif not deprecated:
        yield Row("missing-here", place, f"the vendor has {name!r}, which cannot be given here", field)


def _bounds(here: Envelope, there: Envelope, place: str, name: str | None) -> Iterator[Row]:
    for word in sorted(here.bounds.keys() | there.bounds.keys()):
        ours, theirs = here.bounds.get(word), there.bounds.get(word)
        if ours == theirs or (ours is not None and theirs is not None and float(ours) == float(theirs)):
            continue  # a document that went through JavaScript has its great numbers rounded
        if theirs is None and word in {"minLength", "minItems"} and ours == 1:
            yield Row("empty-refused", place, "the vendor's document lets it be empty, and here it may not be", name)
        elif theirs is None:
            yield Row("narrower", place, f"the vendor has no {word}, and here it is {ours}", name)
        elif ours is None:
            yield Row("wider", place, f"the vendor's {word} is {theirs}, and here there is none", name)
        else:
            rule = "narrower" if (ours > theirs if word in LOWER else ours < theirs) else "wider"
            yield Row(rule, place, f"the vendor's {word} is {theirs}, here it is {ours}", name)


def _segments(path: str) -> list[str]:
    return ["{}" if one.startswith("{") else one for one in path.strip("/").split("/")]


def _or(words: Iterable[str]) -> str:
    *most, last = sorted(words)
    return f"{', '.join(most)} or {last}" if most else last
