"""Expressions over an answer: what they yield, and what it is made into. What cannot be evaluated is null."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from koppling.expression import ABSENT, ExpressionError, Roots, along, compile_expression, plain_path
from koppling.files import File
from koppling.template import compile_template, whole

Path = tuple[str | int, ...]

# (subject, roots) -> value, None where nothing is there
Evaluate = Callable[[Any, Roots], Any]


def value_of(text: str) -> Evaluate:
    """Compile a key whose value is an expression: bare JMESPath over the subject, or one `${…}` over the roots.

    What cannot be evaluated on this answer is null.
    """
    inner = whole(text)
    if inner is None and (steps := plain_path(text.strip())) is not None:
        return along(steps, None)
    find = compile_expression(text if inner is None else inner)

    def evaluate(subject: Any, roots: Roots) -> Any:
        try:
            value = find(subject if inner is None else roots)
        except ExpressionError:
            return None
        return None if value is ABSENT else value

    return evaluate


def text_of(tree: Any) -> Evaluate:
    """Compile a text that may hold `${…}`."""
    render = compile_template(tree)

    def evaluate(_subject: Any, roots: Roots) -> Any:
        try:
            value = render(roots)
        except ExpressionError:
            return None
        return None if value is ABSENT else value

    return evaluate


def output_of(plan: Any) -> Evaluate:
    """Compile an `output`, `envelope`, `usage` or `delta`: one expression, or a map of them."""
    if isinstance(plan, str):
        return value_of(plan)
    leaves = _leaves(plan)
    if leaves is not None:
        return leaves
    entries = [(key, _entry(value)) for key, value in plan.items()]

    def evaluate(subject: Any, roots: Roots) -> Any:
        return {key: entry(subject, roots) for key, entry in entries}

    return evaluate


def shown(plan: Any) -> Evaluate:
    """Compile a `delta`: an output that is null where all is null of it that is shown alone."""
    output = output_of(plan)
    if isinstance(plan, str):
        return output
    loud = [name for name, one in plan.items() if isinstance(one, str) or one.get("alone", True)]

    def evaluate(event: Any, roots: Roots) -> Any:
        found = output(event, roots)
        for name in loud:
            if found[name] is not None:
                return found
        return None

    return evaluate


def _leaves(plan: dict[str, Any]) -> Evaluate | None:
    """Compile a map of plain paths to keys of objects, each sought once for all its keys; None where it is none."""
    found: dict[Path, list[tuple[str, str | int]]] = {}
    for name, one in plan.items():
        text = one if isinstance(one, str) else one["value"] if one.keys() <= {"value", "alone"} else ""
        path = plain_path(text.strip())
        if not path or not isinstance(path[-1], str):
            return None
        found.setdefault(path[:-1], []).append((name, path[-1]))
    objects, none = list(found.items()), dict.fromkeys(plan)

    def evaluate(subject: Any, _roots: Roots) -> Any:
        values = none.copy()
        for steps, leaves in objects:
            one = subject
            try:
                for step in steps:
                    one = one[step]
            except (KeyError, IndexError, TypeError):
                continue
            if type(one) is dict:
                for name, key in leaves:
                    if key in one:
                        values[name] = one[key]
        return values

    return evaluate


def _entry(plan: Any) -> Evaluate:
    return value_of(plan) if isinstance(plan, str) else _converted(plan)


def _converted(plan: dict[str, Any]) -> Evaluate:
    find = value_of(plan["value"])
    unless = text_of(plan["unless"]) if "unless" in plan else None
    convert = _CONVERSIONS[plan.get("as", "")]
    name, media_type = (text_of(plan[key]) if key in plan else None for key in ("name", "media_type"))

    def evaluate(subject: Any, roots: Roots) -> Any:
        value = find(subject, roots)
        if value is None or (unless is not None and unless(subject, roots)):
            return value
        named = _Named(
            *(str(found) if one and (found := one(subject, roots)) is not None else None for one in (name, media_type))
        )
        if isinstance(value, list) and any(isinstance(one, str) for one in value):
            return [convert(one, named.numbered(index, len(value))) for index, one in enumerate(value)]
        return convert(value, named)

    return evaluate


@dataclass(frozen=True, slots=True)
class _Named:
    name: str | None
    media_type: str | None

    def numbered(self, index: int, count: int) -> _Named:
        if self.name is None or count == 1:
            return self
        stem, dot, suffix = self.name.partition(".")
        return _Named(f"{stem}-{index + 1}{dot}{suffix}", self.media_type)


def _file(value: Any, named: _Named) -> Any:
    if isinstance(value, File):
        return value.renamed(named.name, named.media_type)
    if not isinstance(value, str):
        return value
    import base64

    try:
        data = base64.b64decode(value, validate=True)
    except ValueError:
        return value
    return File(data, name=_with_suffix(named), media_type=named.media_type)


def _with_suffix(named: _Named) -> str:
    name = named.name or "file"
    if "." in name or not named.media_type:
        return name
    import mimetypes

    return name + (mimetypes.guess_extension(named.media_type) or "")


def _float32(value: Any, _named: _Named) -> Any:
    if not isinstance(value, str):
        return value
    import base64
    import sys
    from array import array

    found = array("f")
    try:
        found.frombytes(base64.b64decode(value, validate=True))
    except ValueError:
        return value
    if sys.byteorder == "big":
        found.byteswap()
    return found.tolist()


def _json(value: Any, _named: _Named) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


_CONVERSIONS: dict[str, Callable[[Any, _Named], Any]] = {
    "file": _file,
    "float32": _float32,
    "json": _json,
    "": lambda value, _named: value,
}
