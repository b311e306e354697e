"""What a module takes and refuses, held against what an example says of it. Nothing is sent."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from koppling.diagnostics import join_pointer, split_pointer
from koppling.errors import InputInvalid, KopplingError
from koppling_tools.examples.compare import Pointer, show
from koppling_tools.examples.judge import Fault
from koppling_tools.examples.load import Example

Verdict = Literal["takes", "warns", "refuses"]
Render = Callable[[Mapping[str, Any], str], object]


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of some inputs: taken, with a warning about the place, or refused there.

    Refused somewhere else is neither of them: `verdict` is None. `said` has the words.
    """

    verdict: Verdict | None
    said: str = ""


def held(example: Example, render: Render, day: str) -> Iterator[Fault]:
    """Yield each value that fares otherwise than stated.

    Args:
        example: one that has `bounds`.
        render: makes a request of inputs on a day, or raises.
        day: the ISO day of a row that names none.
    """
    for number, row in enumerate(example.bounds):
        at = row.get("at", "")
        for verdict in ("takes", "warns", "refuses"):
            for index, value in enumerate(row.get(verdict, ())):
                pointer = ("bounds", number, verdict, index)
                try:
                    inputs = replaced(example.inputs, split_pointer(at), value)
                except LookupError:
                    where: Pointer = ("bounds", number, "at")
                    yield Fault("bounds", f"the inputs have no place {at}", example.locate(where), where)
                    return
                found = ask(render, inputs, at, row.get("as_of") or example.as_of or day)
                if found.verdict != verdict:
                    yield Fault("bounds", _words(at, value, verdict, found), example.locate(pointer), pointer)


def ask(render: Render, inputs: Mapping[str, Any], at: str, day: str) -> Answer:
    """Return what becomes of some inputs, as seen from one place in them."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            render(inputs, day)
        except InputInvalid as error:
            pointers = [one.pointer for one in error.problems]
            return Answer("refuses" if any(_meet(at, one) for one in pointers) else None, str(error))
        except KopplingError as error:
            return Answer(None if at else "refuses", str(error))
    field = at.split("/")[1] if at else ""
    about = [str(one.message) for one in told if f": input {field} " in str(one.message) or not at]
    return Answer("warns" if about else "takes", "\n".join(about))


def replaced(value: Any, pointer: Pointer, new: Any) -> Any:
    """Return a JSON value with one place in it replaced, or added to an object or at the end of a list.

    Raises:
        LookupError: there is no such place.
    """
    if not pointer:
        return new
    step, *rest = pointer
    if isinstance(value, dict):
        return {**value, step: replaced(value[step], tuple(rest), new) if rest else new}
    if not isinstance(value, list) or not str(step).isdigit() or int(step) > len(value):
        raise LookupError(step)
    index = int(step)
    inner = replaced(value[index], tuple(rest), new) if rest else new
    return [*value[:index], inner, *value[index + 1 :]]


def _meet(one: str, other: str) -> bool:
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def _words(at: str, value: Any, stated: Verdict, found: Answer) -> str:
    place = join_pointer(*split_pointer(at)) or "the inputs"
    fared = {"takes": "taken", "warns": "taken with a warning", "refuses": "refused", None: "refused, but not there"}
    said = f": {found.said}" if found.said else ""
    return f"{place}: {show(value)} should be {fared[stated]} and is {fared[found.verdict]}{said}"
