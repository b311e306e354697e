"""Templates: trees whose texts may hold `${…}`. Parsed once; what they yield is never parsed again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from koppling.expression import ABSENT, ExpressionError, Roots, compile_expression

Render = Callable[[Roots], Any]

_SIMPLE = re.compile(r"\$\{([A-Za-z_][\w.]*)\}")  # nearly all there are: `${input.name}`
_NAMED = re.compile(r"\$\{\s*([A-Za-z_]\w*)\.([A-Za-z_]\w*)\s*\}")


class Reference(NamedTuple):
    """One `${…}` of a text. `offset` is where its `$` stands; `several` is the `+` of a path's `${+…}`."""

    expression: str
    offset: int
    several: bool = False


class TemplateError(ValueError):
    """A text that is no template; `offset` is where in the text, counted from 0."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


@lru_cache(maxsize=4096)
def parse(text: str) -> tuple[str | Reference, ...]:
    """Split a text into literal pieces and references.

    Raises:
        TemplateError: where a `${` is never closed, or holds nothing.
    """
    if simple := _SIMPLE.fullmatch(text):
        return (Reference(simple[1], 0),)
    parts: list[str | Reference] = []
    literal, at = "", 0
    while (start := text.find("${", at)) >= 0:
        if start > 0 and text[start - 1] == "$":
            literal += text[at : start - 1] + "${"
            at = start + 2
            continue
        literal += text[at:start]
        end = _closing(text, start + 2)
        inner = text[start + 2 : end]
        several = inner.startswith("+")
        expression = inner[1:].strip() if several else inner.strip()
        if not expression:
            raise TemplateError("`${}` holds no expression", start)
        if literal:
            parts.append(literal)
        parts.append(Reference(expression, start, several))
        literal, at = "", end + 1
    literal += text[at:]
    if literal or not parts:
        parts.append(literal)
    return tuple(parts)


def _closing(text: str, at: int) -> int:
    """Return where the `}` stands that balances outside quotes and backticks."""
    depth, quote, position = 0, "", at
    while position < len(text):
        character = text[position]
        if quote:
            if character == "\\":
                position += 1
            elif character == quote:
                quote = ""
        elif character in "'\"`":
            quote = character
        elif character == "{":
            depth += 1
        elif character == "}":
            if not depth:
                return position
            depth -= 1
        position += 1
    raise TemplateError("this `${` is never closed by a `}`", at - 2)


def whole(text: str) -> str | None:
    """Return the expression of a text that is one `${…}` and nothing else."""
    if not text.startswith("${"):
        return None
    parts = parse(text)
    only = parts[0]
    return only.expression if len(parts) == 1 and isinstance(only, Reference) else None


def references(tree: Any, pointer: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Reference]]:
    """Yield every reference in a tree, with the keys and indexes that lead to its text.

    A text that is no template has none: where one belongs, that is told when it is checked.
    """
    if isinstance(tree, str):
        try:
            parts = parse(tree) if "${" in tree else ()
        except TemplateError:
            return
        yield from ((pointer, part) for part in parts if isinstance(part, Reference))
    elif isinstance(tree, dict):
        for key, value in tree.items():
            yield from references(value, (*pointer, key))
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from references(value, (*pointer, index))


def compile_template(tree: Any) -> Render:
    """Compile a tree. What it returns yields the value for these roots, or ABSENT.

    A map or list whose entries all were absent is absent itself. Raises what `parse` and `compile_expression` raise.
    """
    if isinstance(tree, str):
        return _text(tree)
    if isinstance(tree, dict):
        return _map(tree)
    if isinstance(tree, list):
        return _list(tree)
    return lambda _roots: tree


def _text(text: str) -> Render:
    if "${" not in text:
        return lambda _roots: text
    parts = parse(text)
    only = parts[0]
    if len(parts) == 1:
        return compile_expression(only.expression) if isinstance(only, Reference) else (lambda _roots: only)
    pieces = [part if isinstance(part, str) else compile_expression(part.expression) for part in parts]

    def render(roots: Roots) -> Any:
        found = ""
        for piece in pieces:
            if isinstance(piece, str):
                found += piece
            elif (value := piece(roots)) is ABSENT or value is None:
                return ABSENT
            else:
                found += as_text(value)
        return found

    return render


def _map(tree: dict[str, Any]) -> Render:
    if not tree:
        return lambda _roots: {}
    runs = _runs(tree)

    def render(roots: Roots) -> Any:
        found: dict[str, Any] = {}
        for root, entries in runs:
            if root is None:
                for key, entry in entries:
                    if (value := entry(roots)) is not ABSENT:
                        found[key] = value
            elif isinstance(subject := roots.get(root), dict):
                for key, name in entries:
                    if name in subject:
                        found[key] = subject[name]
        return found or ABSENT

    return render


def _runs(tree: dict[str, Any]) -> list[tuple[str | None, list[tuple[str, Any]]]]:
    """Return the entries of a map in runs of their kind.

    Most are `name: ${input.name}`: a run of those has the root's name, and looks each name up in it. Any other run has
    None, and compiled values.
    """
    runs: list[tuple[str | None, list[tuple[str, Any]]]] = []
    for key, value in tree.items():
        named = _NAMED.fullmatch(value) if isinstance(value, str) else None
        root, name = named.groups() if named else (None, None)
        if not runs or runs[-1][0] != root:
            runs.append((root, []))
        runs[-1][1].append((key, compile_template(value) if root is None else name))
    return runs


def _list(tree: list[Any]) -> Render:
    if not tree:
        return lambda _roots: []
    elements = [compile_template(value) for value in tree]

    def render(roots: Roots) -> Any:
        return [value for element in elements if (value := element(roots)) is not ABSENT] or ABSENT

    return render


def as_text(value: Any) -> str:
    """Return a JSON value as it stands inside a text: `true`, `1.5`, compact JSON for what is nested."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float | list | dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    raise ExpressionError(f"a {type(value).__name__} cannot stand inside a text")
