"""Sinks: where the values of one template of the spec go, and what they say when a value may not stand there."""

from __future__ import annotations

from typing import Any

from koppling.expression import ExpressionError, Roots
from koppling.expression import references as names
from koppling.template import Render, compile_template, references

At = tuple[str | int, ...]


class Sink:
    """One template in its place. `tree` is what the spec says, and `at` leads to it in the request of the plan."""

    __slots__ = ("_inputs", "at", "render", "tree")

    def __init__(self, render: Render, tree: Any, at: At, inputs: tuple[str, ...] | None = None) -> None:
        self.render, self.tree, self.at, self._inputs = render, tree, at, inputs

    @property
    def inputs(self) -> tuple[str, ...]:
        """The inputs that it reads: the pointers of the problems it may cause."""
        if self._inputs is None:
            chains = [chain for _, reference in references(self.tree) for chain in names(reference.expression)]
            read = (chain[1] for chain in chains if chain[0] == "input" and len(chain) > 1)
            self._inputs = tuple(dict.fromkeys(read))
        return self._inputs

    def __call__(self, roots: Roots) -> Any:
        """Return the value for these roots.

        Raises:
            Misfit: it cannot be evaluated on them.
        """
        try:
            return self.render(roots)
        except ExpressionError as error:
            raise Misfit(self, str(error)) from None


class Misfit(Exception):
    """A value that may not stand where a sink would put it."""

    def __init__(self, sink: Sink, message: str) -> None:
        super().__init__(message)
        self.sink = sink


def make_sink(tree: Any, *at: str | int) -> Sink:
    """Compile a template for its place."""
    return Sink(compile_template(tree), tree, at)


def dynamic(tree: Any, at: str) -> Sink | None:
    """Return the sink of a map that is one `${…}`; None where the spec writes the map itself, or none."""
    return make_sink(tree, at) if isinstance(tree, str) else None
