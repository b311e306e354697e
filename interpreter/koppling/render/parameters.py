"""Parameters: named values of a query, a form or a multipart body, written in a style."""

from __future__ import annotations

from typing import Any, NamedTuple

from koppling.encode import Style, pairs
from koppling.expression import ABSENT, Roots
from koppling.files import File
from koppling.render.sink import Misfit, Sink, make_sink


class Parameter(NamedTuple):
    """One name with its value."""

    name: str
    value: Sink
    style: Style

    def pairs(self, roots: Roots) -> list[tuple[str, Any]]:
        """Return the names and texts that it is written as; none where it is absent.

        Raises:
            Misfit: a file, or what cannot be evaluated.
        """
        value = self.value(roots)
        return [] if value is ABSENT else checked_pairs(self.value, self.name, value, self.style)


def parameters(tree: Any, style: Style, where: str) -> list[Parameter]:
    """Return the parameters of a map; none of what is no map."""
    found = []
    for name, value in mapping(tree).items():
        at: tuple[str, ...] = (where, name)
        own = style
        if isinstance(value, dict) and set(value) == {"value", "style"}:
            own, value, at = {**style, **value["style"]}, value["value"], (*at, "value")  # noqa: PLW2901  (the value without its style)
        found.append(Parameter(name, make_sink(value, *at), own))
    return found


def mapping(tree: Any) -> dict[str, Any]:
    """Return a map as it is, and anything else as an empty one."""
    return tree if isinstance(tree, dict) else {}


def checked_pairs(sink: Sink, name: str, value: Any, style: Style) -> list[tuple[str, Any]]:
    """Return the pairs of a value where no file may stand.

    Raises:
        Misfit: there is one.
    """
    found = list(pairs(name, value, style))
    if any(isinstance(one, File) for _, one in found):
        raise Misfit(sink, "a file cannot stand here")
    return found
