"""Which roots and which subject an expression has, told by where in a spec it stands (§4 of the language's page)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from koppling.compile.merge import merge
from koppling.compile.places import BEFORE_BODY, CONNECTION, ERRORS, REQUEST, RESPONSE, STREAM
from koppling.read import Pointer

Subject = Literal["body", "item", "event", "refusal", "bundle", "none"]


@dataclass(frozen=True, slots=True)
class ExpressionPlace:
    """A place that takes expressions: `${…}` over the roots, and where `bare`, JMESPath over the subject."""

    roots: tuple[str, ...]
    bare: bool = False
    subject: Subject = "none"
    operation: str | None = None
    case: int | None = None


_INPUT: Final = ("input",)
_STRATEGIES: Final = ("first", "last", "concat", "append")


def place_of(kind: str, pointer: Pointer, value: Any) -> ExpressionPlace | None:
    """Return what may stand at a place of a module or a connector; None where no expression belongs.

    Args:
        kind: connector, module or example.
        pointer: the place in the document.
        value: the document, as last readable.
    """
    if kind == "connector":
        return _connector(pointer)
    if kind != "module" or not pointer:
        return None
    operation = None
    if pointer[0] == "operations" and len(pointer) > 1:
        operation, pointer = str(pointer[1]), pointer[2:]
    match pointer:
        case ("request", "base_url", *_):
            return ExpressionPlace(CONNECTION, operation=operation)
        case ("request", *_):
            return ExpressionPlace(REQUEST, operation=operation)
        case ("errors", int(), "when"):
            return ExpressionPlace(ERRORS, bare=True, subject="refusal", operation=operation)
        case ("telemetry", "request_model"):
            return ExpressionPlace(_INPUT, operation=operation)
        case ("telemetry", "response_model" | "response_id"):
            return ExpressionPlace(RESPONSE, bare=True, subject="body", operation=operation)
        case (*_, "options", "value" | "label"):
            return ExpressionPlace((), bare=True, subject="bundle")
        case ("response", int(index), *rest):
            return _response(tuple(rest), operation, index, value)
        case ("response", *rest):
            return _response(tuple(rest), operation, None, value)
    return None


def _connector(pointer: Pointer) -> ExpressionPlace | None:
    match pointer:
        case ("auth" | "request", *_):
            return ExpressionPlace(CONNECTION)
        case ("errors", int(), "when") | ("error_body", _):
            return ExpressionPlace(ERRORS, bare=True, subject="refusal")
    return None


def _response(rest: Pointer, operation: str | None, case: int | None, value: Any) -> ExpressionPlace | None:
    def bare(subject: Subject, roots: tuple[str, ...] = RESPONSE) -> ExpressionPlace:
        return ExpressionPlace(roots, bare=True, subject=subject, operation=operation, case=case)

    def template(roots: tuple[str, ...]) -> ExpressionPlace:
        return ExpressionPlace(roots, operation=operation, case=case)

    match rest:
        case ("when",):
            return template(BEFORE_BODY)
        case ("output",) | ("output", _) | ("output", _, "value"):
            return bare("item" if items_of(value, operation, case) is not None else "body")
        case (
            ("envelope",) | ("envelope" | "usage", _) | ("envelope", _, "value") | ("items",)
            | ("pages", "target" | "while") | ("pages", "next", _) | ("wait", "target" | "until" | "fail")
        ):  # fmt: skip
            return bare("body")
        case ("limit",) | ("wait", "when" | "deadline") | ("follow", "when") | ("follow", "until", "inputs", *_):
            return template(_INPUT)
        case ("follow", "until", "when"):
            return bare("none", ("input", "body"))
        case ("output" | "envelope", _, _) | ("wait", "every" | "path"):
            return template(RESPONSE)
        case ("stream", "error") | ("stream", "done", "when") | ("stream", "delta", *_):
            return bare("event")
        case ("stream", "fold", *_, strategy) if strategy in _STRATEGIES:
            return bare("event", STREAM)
    return None


def cases_of(value: Any, operation: str | None) -> list[Any]:
    """Return the cases of an operation's response, merged, as far as the document can be read."""
    if not isinstance(value, dict):
        return []
    try:
        response = merge(value, operation).tree["response"]
    except (KeyError, TypeError, AttributeError):
        return []
    return response if isinstance(response, list) else [response]


def items_of(value: Any, operation: str | None, case: int | None) -> str | None:
    """Return the expression of a case's `items`."""
    cases = cases_of(value, operation)
    one = cases[case or 0] if (case or 0) < len(cases) else None
    found = one.get("items") if isinstance(one, dict) else None
    return found if isinstance(found, str) else None


def fields_of(value: Any, operation: str | None) -> dict[str, Any]:
    """Return the fields that an operation's expressions may name, the selecting one included.

    Without an operation: those of the module itself; where only operations have fields, those of all of them.
    """
    if not isinstance(value, dict):
        return {}
    found = dict(_map(value.get("fields")))
    operations = _map(value.get("operations"))
    for name in [operation] if operation is not None else list(operations):
        found |= _map(_map(operations.get(name)).get("fields"))
    select = _map(value.get("select"))
    if isinstance(select.get("field"), str):
        found.setdefault(select["field"], {"title": select.get("title", ""), "enum": list(operations)})
    return found


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
