"""Where each part of a request came from: the line of the spec that put it there, and the inputs that it read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from koppling.masking import Masker

if TYPE_CHECKING:
    from koppling.diagnostics import Problem
    from koppling.model import ModuleSpec, OperationSpec, Request

PartOf = Literal["method", "base_url", "path", "target", "query", "header", "json", "form", "multipart", "raw"]

_STEPS = re.compile(r"[^.\[\]/\"']+")
_NAMED = frozenset({"query", "header", "form", "multipart"})


@dataclass(frozen=True, slots=True)
class Leaf:
    """One part of a request that one template of the spec makes; or that it would have made.

    Attributes:
        part: which part of the request.
        name: the parameter or header that it is, in a JSON body its JSON Pointer, else nothing.
        value: as it is sent: a query's and a path's before and after percent-encoding; None where nothing is.
        template: what the spec says there, as it is written; nothing where Koppling itself adds the part.
        place: the `file:line:column` of the template.
        inputs: JSON Pointers to the validated inputs that it read.
        missing: JSON Pointers to inputs that it would have read, and that are not there.
        others: what else it read, as `connection.tenant` or `page.after`.
        exact: whether the value is that of its one input, unchanged: a place in the one is that place in the other.
        dropped: why it is not in the request; nothing where it is.
        refused: why its value may not stand there; nothing where it may.
        secret: whether something that it read is a secret.
    """

    part: PartOf
    name: str = ""
    value: Any = field(default=None, repr=False)
    template: str = ""
    place: str = ""
    inputs: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    exact: bool = field(default=False, repr=False)
    dropped: str = ""
    refused: str = ""
    secret: bool = False

    def told(self, what: str) -> str:
        """Return in words where it came from: `what` is how the part is called."""
        if self.inputs:
            said = f"{what} came from {_listed('input', self.inputs)}"
        elif self.missing:
            said = f"{what} is {_listed('input', self.missing)}, not given"
        elif self.others:
            said = f"{what} came from {' and '.join(self.others)}"
        else:
            said = f"{what} is written in the spec"
        return f"{said}, {self.place}" if self.place else said

    def below(self, name: str, steps: str) -> Leaf:
        """Return what stands at a place in this leaf's value, named so; `steps` is the JSON Pointer to it."""
        return replace(self, name=name, inputs=tuple(one + steps for one in self.inputs) if self.exact else self.inputs)


@dataclass(frozen=True, slots=True)
class Given:
    """One input of a call: as it was given (`caller`), filled in from the spec (`default`), or set by streaming.

    `place` is where the spec declares it, nothing where no field does. `wrong` where it is one of the problems.
    """

    name: str
    value: Any = field(repr=False)
    by: Literal["caller", "default", "stream"] = "caller"
    place: str = ""
    secret: bool = False
    wrong: bool = False


@dataclass(frozen=True)
class Trace:
    """A request with where each part of it came from; or, where there are problems, as far as it came.

    Attributes:
        module: the module that a name meant.
        operation: the operation that the inputs chose.
        inputs: the inputs as the templates read them.
        leaves: the parts of the request, in order, and what was left out of it.
        request: what would be sent; None where there are problems.
        problems: what is wrong with the inputs.
        warnings: what is deprecated.
        masker: knows the secrets.
    """

    module: ModuleSpec
    operation: OperationSpec
    inputs: tuple[Given, ...] = field(repr=False)
    leaves: tuple[Leaf, ...] = field(repr=False)
    request: Request | None = field(repr=False)
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]
    masker: Masker

    @property
    def sent(self) -> tuple[Leaf, ...]:
        """The parts of the request."""
        return tuple(leaf for leaf in self.leaves if not leaf.dropped)

    @property
    def dropped(self) -> tuple[Leaf, ...]:
        """What was left out, and why."""
        return tuple(leaf for leaf in self.leaves if leaf.dropped)


def find(param: str, leaves: Iterable[Leaf]) -> Leaf | None:
    """Return the part of a request that a vendor means by a parameter's name; None where none can be told.

    Args:
        param: as vendors write it: `messages[0].role`, `messages.0.role`, `/messages/0/role`, `X-Name`.
        leaves: the trace of the request.
    """
    known, steps = list(leaves), _steps(param)
    if not steps:
        return None
    sent, left_out = ([one for one in known if bool(one.dropped) is dropped] for dropped in (False, True))
    for some in (sent, left_out):
        found = (
            _named(param, steps, [leaf for leaf in some if leaf.part in _NAMED])
            or _in_tree(steps, [leaf for leaf in some if leaf.part == "json"])
            or _together(param, [leaf for leaf in some if steps[0] in {_top(one) for one in _read(leaf)}])
        )
        if found is not None:
            return found
    return None


def _named(param: str, steps: list[str], leaves: list[Leaf]) -> Leaf | None:
    """Return the parameter or header of this name; of several in a list the one that an index tells."""
    found = [leaf for leaf in leaves if leaf.name.lower() == param.lower()]
    if not found and steps[-1].isdecimal():
        found = [leaf for leaf in leaves if _steps(leaf.name) == steps[:-1]][int(steps[-1]) :][:1]
    return _together(param, found or [leaf for leaf in leaves if _steps(leaf.name)[: len(steps)] == steps])


def _in_tree(steps: list[str], leaves: list[Leaf]) -> Leaf | None:
    """Return what stands at these steps of a body in JSON: below a leaf, at it, or all leaves below of it."""
    name = "".join(f"/{_escaped(one)}" for one in steps)
    for length in range(len(steps), -1, -1):
        for leaf in leaves:
            own = _pointer_steps(leaf.name)
            if own == steps[:length] and (own or leaf.exact):
                return leaf.below(name, "".join(f"/{_escaped(one)}" for one in steps[length:]))
    return _together(name, [leaf for leaf in leaves if _pointer_steps(leaf.name)[: len(steps)] == steps])


def _together(name: str, leaves: list[Leaf]) -> Leaf | None:
    """Return several leaves as the one that holds them, at the place of the first."""
    if not leaves:
        return None
    if len(leaves) == 1:
        return leaves[0]
    return replace(
        leaves[0],
        name=name,
        value=None,
        template="",
        inputs=_unique(one.inputs for one in leaves),
        missing=_unique(one.missing for one in leaves),
        others=_unique(one.others for one in leaves),
        exact=False,
    )


def _unique(lists: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for each in lists for one in each))


def _read(leaf: Leaf) -> Iterator[str]:
    yield from leaf.inputs
    yield from leaf.missing


def _top(pointer: str) -> str:
    return _pointer_steps(pointer)[0] if pointer else ""


def _steps(param: str) -> list[str]:
    if param.startswith(("/", "#/")):
        return _pointer_steps(param.removeprefix("#"))
    return _STEPS.findall(param)


def _pointer_steps(pointer: str) -> list[str]:
    return [one.replace("~1", "/").replace("~0", "~") for one in pointer.split("/")[1:]]


def _listed(what: str, names: tuple[str, ...]) -> str:
    return f"{what}{'' if len(names) == 1 else 's'} {' and '.join(one or '/' for one in names)}"


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")
