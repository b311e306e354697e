"""A body rebuilt from the events of a stream, as the spec's `fold` says, so that `output` is written once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from koppling.expression import ABSENT, Expression, ExpressionError, compile_expression

STRATEGIES = ("first", "last", "concat", "append")
_OWN = {"by", "from"}

# Folds one event's part into what there is: (so far, part) -> so far.
_Step = Callable[[Any, Any], Any]


def compile_fold(plan: dict[str, Any]) -> _Step:
    """Compile a `fold`. What it returns takes the body so far (ABSENT at first) and an event, and gives the body."""
    return _fold_map(plan)


def _fold_map(plan: dict[str, Any]) -> _Step:
    entries = [(key, *_entry(key, value)) for key, value in plan.items() if key not in _OWN]

    def step(so_far: Any, part: Any) -> Any:
        if not isinstance(part, dict):
            return so_far
        found = {} if so_far is ABSENT else so_far
        for key, pick, fold in entries:
            value = pick(part)
            if value is ABSENT or value is None:
                continue
            folded = fold(found.get(key, ABSENT), value)
            if folded is not ABSENT:
                found[key] = folded
        return found if found or so_far is not ABSENT else ABSENT

    return step


def _entry(key: str, plan: Any) -> tuple[Expression, _Step]:
    """Return what picks the part of an event that one key of the body is made of, and what folds it in."""
    if isinstance(plan, str):
        return _key(key), _strategy(plan)
    strategy = next((name for name in STRATEGIES if name in plan), None)
    if strategy is not None and len(plan) == 1:
        return _expression(plan[strategy]), _strategy(strategy)
    inner = _fold_map(plan)
    return _key(plan.get("from", key)), _fold_list(plan["by"], inner) if "by" in plan else inner


def _key(name: str) -> Expression:
    return lambda part: part.get(name, ABSENT)


def _expression(text: str) -> Expression:
    find = compile_expression(text)

    def pick(part: Any) -> Any:
        try:
            value = find(part)
        except ExpressionError:
            return ABSENT
        return ABSENT if value is False else value

    return pick


def _strategy(name: str) -> _Step:
    return {"first": _first, "last": _last, "concat": _concat, "append": _append}[name]


def _first(so_far: Any, part: Any) -> Any:
    return part if so_far is ABSENT else so_far


def _last(_so_far: Any, part: Any) -> Any:
    return part


def _concat(so_far: Any, part: Any) -> Any:
    if so_far is ABSENT:
        return list(part) if isinstance(part, list) else part
    if isinstance(so_far, str) and isinstance(part, str):
        return so_far + part
    if isinstance(so_far, list) and isinstance(part, list):
        so_far.extend(part)
        return so_far
    return part


def _append(so_far: Any, part: Any) -> Any:
    return [part] if so_far is ABSENT else [*so_far, part]


def _fold_list(by: str, inner: _Step) -> _Step:
    """Fold lists element by element: those with the same value at `by` are one."""

    def step(so_far: Any, part: Any) -> Any:
        if not isinstance(part, list):
            return so_far
        found = [] if so_far is ABSENT else so_far
        for element in part:
            if not isinstance(element, dict):
                continue
            mark = element.get(by, len(found))
            place = next((index for index, one in enumerate(found) if one.get(by) == mark), None)
            folded = inner(ABSENT if place is None else found[place], element)
            folded = {} if folded is ABSENT else folded
            folded.setdefault(by, mark)
            if place is None:
                found.append(folded)
            else:
                found[place] = folded
        found.sort(key=lambda one: one[by] if isinstance(one[by], int) else 0)
        return found

    return step
