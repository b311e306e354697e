"""What the expressions of a module read, held against what its examples' answers and its response schema have."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from koppling import template
from koppling.compile.merge import Merged
from koppling.diagnostics import suggestion
from koppling.expression import ExpressionError
from koppling.infer import Finding as Inferred
from koppling.infer import infer
from koppling.read import Pointer
from koppling.shape import (
    ANYTHING,
    INTEGER,
    NOTHING,
    STRING,
    Shape,
    array_of,
    object_of,
    shape_of,
    shape_of_schema,
    unite,
)
from koppling_tools.examples.answer import named
from koppling_tools.rules.view import Finding, ModuleView


@dataclass(frozen=True, slots=True)
class Subjects:
    """What an expression may be evaluated on: a body, one of its items, an event."""

    body: Shape
    item: Shape
    event: Shape

    @property
    def roots(self) -> Shape:
        """What the roots of a `${…}` in a response hold."""
        own = {"body": self.body, "item": self.item, "event": self.event, "status": INTEGER}
        return object_of(own, rest=ANYTHING)


def never_matching(view: ModuleView, fault: str) -> Iterator[Finding]:
    """Yield what in the expressions of a module can never match, of one kind of fault."""
    for finding, inferred in _all(view):
        if inferred.fault == fault:
            yield finding


def _all(view: ModuleView) -> list[tuple[Finding, Inferred]]:
    known: list[tuple[Finding, Inferred]] | None = view.__dict__.get("inferred")
    if known is None:  # three rules ask, one after another
        known = list({(one.pointer, one.offset, one.message): (one, said) for one, said in _findings(view)}.values())
        view.__dict__["inferred"] = known
    return known


def _findings(view: ModuleView) -> Iterator[tuple[Finding, Inferred]]:
    for operation, merged in view.operations.items():
        answers = [response for _, response in view.responses(operation) if int(response.get("status", 200)) < 400]  # noqa: PLR2004  (a status)
        for pointer, case in view.cases(merged):
            subjects = subjects_of(view, case, answers)
            for at, text, subject in _expressions(case, pointer, subjects):
                yield from _judged(view, merged, at, text, subject, subjects)


def subjects_of(view: ModuleView, case: Mapping[str, Any], answers: list[Mapping[str, Any]]) -> Subjects:
    """Return what a case of a response reads, as its answers and its schema have it; ANYTHING where nobody knows."""
    format_ = case.get("format", "json")
    defs = {**(view.shared.get("$defs") or {}), **(view.value.get("$defs") or {})}
    body = shape_of_schema(case["body"], defs) if isinstance(case.get("body"), dict) else NOTHING
    event = NOTHING
    for answer in answers:
        if "events" in answer or "lines" in answer:
            for one in answer.get("events") or answer.get("lines") or ():
                event = unite(event, shape_of(_event(one)))
        else:
            body = unite(body, _body(answer, format_))
    if format_ in {"sse", "ndjson"} and body.nothing and not event.nothing:
        body = array_of(event)
    fold = (case.get("stream") or {}).get("fold")
    if fold and not body.nothing:  # what is folded from events is a body, too
        body = unite(body, object_of(dict.fromkeys(fold, ANYTHING)))
    body = ANYTHING if body.nothing else body
    item = ANYTHING
    if isinstance(case.get("items"), str):
        try:
            listed, _ = infer(*_bare(case["items"], body, Subjects(body, ANYTHING, event)))
        except ExpressionError:
            listed = ANYTHING
        if listed.items is not None and not listed.items.nothing and not listed.anything:
            item = listed.items
    return Subjects(body, item, ANYTHING if event.nothing else event)


def _event(one: Any) -> Any:
    _, data = named(one)
    try:
        return json.loads(data) if isinstance(data, str) else data
    except ValueError:
        return None  # an end mark, or a comment


def _body(answer: Mapping[str, Any], format_: str) -> Shape:
    if "json" in answer:
        return shape_of(answer["json"])
    if "text" in answer and format_ in {"json", "auto"}:
        try:
            return shape_of(json.loads(answer["text"]))
        except ValueError:
            return STRING
    return STRING if "text" in answer else NOTHING


def _expressions(case: Mapping[str, Any], at: Pointer, known: Subjects) -> Iterator[tuple[Pointer, str, Shape]]:
    """Yield the expressions of a case, each with its place and what it is evaluated on."""
    bundle = known.item if "items" in case else known.body
    for key, subject in (("items", known.body), ("output", bundle), ("envelope", known.body), ("usage", known.body)):
        yield from _texts(case.get(key), (*at, key), subject)
    pages, wait, stream = (case.get(key) or {} for key in ("pages", "wait", "stream"))
    for name, text in (pages.get("next") or {}).items():
        yield (*at, "pages", "next", name), text, known.body
    for key in ("target", "while"):
        yield from _texts(pages.get(key), (*at, "pages", key), known.body)
    for key in ("target", "until", "fail"):
        yield from _texts(wait.get(key), (*at, "wait", key), known.body)
    yield from _texts(stream.get("delta"), (*at, "stream", "delta"), known.event)
    if isinstance(stream.get("done"), dict):
        yield from _texts(stream["done"].get("when"), (*at, "stream", "done", "when"), known.event)


def _texts(value: Any, at: Pointer, subject: Shape) -> Iterator[tuple[Pointer, str, Shape]]:
    if isinstance(value, str):
        yield at, value, subject
    elif isinstance(value, dict):
        for name, one in value.items():
            if isinstance(one, dict):
                yield from _texts(one.get("value"), (*at, name, "value"), subject)
            else:
                yield from _texts(one, (*at, name), subject)


def _judged(
    view: ModuleView, merged: Merged, at: Pointer, text: str, subject: Shape, known: Subjects
) -> Iterator[tuple[Finding, Inferred]]:
    try:
        expression, shape = _bare(text, subject, known)
        _, found = infer(expression, shape)
    except (ExpressionError, template.TemplateError):
        return  # told elsewhere
    shift = text.find(expression)
    for one in found:
        help_text = suggestion(one.word, one.known) if one.word else ""
        if one.fault == "dead-path" and not help_text.startswith("did"):
            help_text = f"{help_text}{'; ' if help_text else ''}or add an example whose answer has it"
        if one.fault == "unlike-types":
            help_text = (
                "in an expression `3` is a number, '3' a text; to_number() and to_string() make one of the other"
            )
        told = f"{one.message}: no example's answer and no `body` has it" if one.word else one.message
        offset = one.start + max(shift, 0)
        yield Finding(view.document, told, merged.origin(at), help_text, offset=offset), one


def _bare(text: str, subject: Shape, known: Subjects) -> tuple[str, Shape]:
    """Return an expression and what it is evaluated on, which for a `${…}` are the roots."""
    inner = template.whole(text)
    return (text.strip(), subject) if inner is None else (inner, known.roots)
