"""Expressions over sample values: what their steps lead to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from koppling.expression import ABSENT, ExpressionError, compile_expression
from koppling_tools.lsp.jmespath_text import Step

_MARK: Final = "\u2038"
_MOST: Final = 300
_LONGEST: Final = 60


def follow(steps: Sequence[Step], subjects: Sequence[Any]) -> list[Any]:
    """Return the values that the steps lead to from any of the subjects."""
    found = list(subjects)
    for step in steps:
        found = [value for subject in found for value in _step(step, subject)][:_MOST]
    return found


def _step(step: Step, subject: Any) -> list[Any]:
    if step.mode == "value":
        value = evaluate(step.expression, subject)
        return [] if value is ABSENT else [value]
    # A hash at the end of a projection is made of each of its values, and so tells them from a list that is one value.
    marked = evaluate(f'{step.expression}.{{"{_MARK}": @}}', subject)
    values = _marked(marked)
    if step.mode == "each":
        return values
    return [element for value in values if isinstance(value, list) for element in value]


def _marked(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [one for element in value for one in _marked(element)]
    return [value[_MARK]] if isinstance(value, dict) and set(value) == {_MARK} else []


def evaluate(expression: str, subject: Any) -> Any:
    """Return what an expression yields on a value; ABSENT where it yields nothing, or does not compile."""
    try:
        return compile_expression(expression)(subject)
    except (ExpressionError, RecursionError):
        return ABSENT


def keys(values: Iterable[Any]) -> dict[str, Any]:
    """Return the keys of the maps among some values, each with a value that says most."""
    found: dict[str, Any] = {}
    for value in values:
        if isinstance(value, dict):
            for key, one in value.items():
                if found.get(key) in (None, "", [], {}):
                    found[key] = one
    return found


def short(value: Any, most: int = _LONGEST) -> str:
    """Return a value on one short line."""
    if isinstance(value, list) and value and isinstance(value[0], dict | list):
        what = "objects" if isinstance(value[0], dict) else "lists"
        return f"list of {len(value)} {what}" if len(value) > 1 else f"list of one {what[:-1]}"
    said = value if isinstance(value, str) and value == _MARK else json.dumps(value, ensure_ascii=False)
    return said if len(said) <= most else said[: most - 1] + "…"
