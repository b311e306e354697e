"""What a template reads: inputs, and whatever else the roots of a request hold."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from koppling.diagnostics import join_pointer
from koppling.expression import ABSENT, Roots, compile_expression, plain_path
from koppling.expression import references as names
from koppling.template import references, whole


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources of one template, for certain roots; see `Leaf`."""

    text: str
    inputs: tuple[str, ...]
    missing: tuple[str, ...]
    others: tuple[str, ...]
    exact: bool
    lacking: tuple[str, ...]

    def why(self) -> str:
        """Say why the template gives nothing."""
        if self.missing:
            return f"input {' and '.join(self.missing)} {'was' if len(self.missing) == 1 else 'were'} not given"
        if self.lacking:
            return f"there is no {' and no '.join(self.lacking)}"
        return "the expression gives nothing"


def sources(tree: Any, roots: Roots) -> Sources:
    """Return what a tree reads. `tree` is a text with `${…}`, or a tree of them."""
    inputs: dict[str, None] = {}
    missing: dict[str, None] = {}
    others: dict[str, None] = {}
    lacking: dict[str, None] = {}
    for _, reference in references(tree):
        steps = plain_path(reference.expression)
        for chain in [steps] if steps is not None else dict.fromkeys(names(reference.expression)):
            if chain[0] == "input":
                pointer, there = _followed(chain[1:], roots["input"], plain=steps is not None)
                (inputs if there else missing)[pointer] = None
            else:
                name = ".".join(str(one) for one in chain[:2])
                others[name] = None
                if compile_expression(name)(roots) in (ABSENT, None):
                    lacking[name] = None
    text = tree if isinstance(tree, str) else json.dumps(tree, ensure_ascii=False)
    only = whole(tree) if isinstance(tree, str) else None
    exact = only is not None and plain_path(only) is not None and len(inputs) == 1
    return Sources(text, tuple(inputs), tuple(missing), tuple(others), exact, tuple(lacking))


def _followed(chain: tuple[str | int, ...], value: Any, *, plain: bool) -> tuple[str, bool]:
    """Return the JSON Pointer of a chain of names, and whether something is there.

    Where the chain is no plain path, a name that is not read from an object is the expression's business, and ends the
    pointer.
    """
    done: list[str | int] = []
    for step in chain:
        if isinstance(step, int) and isinstance(value, list):
            index = step + len(value) if step < 0 else step
            if not 0 <= index < len(value):
                return join_pointer(*done, step), False
            done.append(index)
            value = value[index]
        elif isinstance(step, str) and isinstance(value, dict):
            done.append(step)
            if step not in value:
                return join_pointer(*done), False
            value = value[step]
        elif plain:
            return join_pointer(*chain), False
        else:
            break
    return join_pointer(*done), True
