"""The checks of a request's fields, by a table: which there are, of what kind, within what bounds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from koppling_tools.sandbox.models.answers import Refused

Kind = Literal["text", "integer", "number", "boolean", "list", "object", "any"]

_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "text": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "list": (list,),
    "object": (dict,),
    "any": (object,),
}
_WORDS: Final = {"text": "a string", "integer": "an integer", "number": "a number", "boolean": "a boolean"}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a body: its kind, and what it must be.

    `low` and `high` bound a number, or the length of a text or a list.
    """

    kind: Kind = "any"
    required: bool = False
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()


Table = Mapping[str, Field]


async def read_json(request: Any, table: Table) -> dict[str, Any]:
    """Return the fields of a JSON body, without those that are null.

    Raises:
        Refused: the body is no JSON object, or breaks the table.
    """
    raw = await request.body()
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise Refused("the body of this request is not valid JSON") from None
    if not isinstance(body, dict):
        raise Refused("the body of this request is not a JSON object")
    return checked({name: value for name, value in body.items() if value is not None}, table)


def read_form(fields: Mapping[str, Any], table: Table) -> dict[str, Any]:
    """Return the fields of a form, each made what the table says it is.

    Raises:
        Refused: the form breaks the table.
    """
    return checked({name: _from_text(name, value, table) for name, value in fields.items()}, table)


def checked(body: dict[str, Any], table: Table) -> dict[str, Any]:
    """Return the body.

    Raises:
        Refused: a required field is missing, one is unknown, or one is not what the table says.
    """
    for name, rule in table.items():
        if rule.required and name not in body:
            raise Refused(f"the required parameter {name!r} is missing", param=name, code="missing_required_parameter")
    for name, value in body.items():
        if name not in table:
            raise Refused(f"unknown parameter: {name!r}", param=name, code="unknown_parameter")
        _check(name, value, table[name])
    return body


def _check(name: str, value: Any, rule: Field) -> None:
    wrong_boolean = isinstance(value, bool) and rule.kind not in {"boolean", "any"}
    if wrong_boolean or not isinstance(value, _TYPES[rule.kind]):
        wanted = _WORDS.get(rule.kind, f"a JSON {rule.kind}")
        raise Refused(f"{name!r} must be {wanted}", param=name, code="invalid_type")
    if rule.choices and value not in rule.choices:
        raise Refused(f"{name!r} must be one of {', '.join(rule.choices)}", param=name, code="invalid_value")
    measured: Any = len(value) if isinstance(value, (str, list)) else value
    what = "the length of " if isinstance(value, (str, list)) else ""
    if rule.low is not None and measured < rule.low:
        raise Refused(f"{what}{name!r} must be at least {rule.low:g}", param=name, code="below_minimum")
    if rule.high is not None and measured > rule.high:
        raise Refused(f"{what}{name!r} must be at most {rule.high:g}", param=name, code="above_maximum")


def _from_text(name: str, value: Any, table: Table) -> Any:
    kind = table[name].kind if name in table else "any"
    if not isinstance(value, str) or kind not in {"integer", "number", "boolean"}:
        return value
    if kind == "boolean":
        if value in {"true", "false"}:
            return value == "true"
        raise Refused(f"{name!r} must be true or false", param=name, code="invalid_type")
    try:
        return int(value) if kind == "integer" else float(value)
    except ValueError:
        raise Refused(f"{name!r} must be {_WORDS[kind]}", param=name, code="invalid_type") from None
