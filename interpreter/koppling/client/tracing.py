"""A call's trace, as far as its inputs allow one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from koppling.call import Call
from koppling.diagnostics import Problem
from koppling.errors import InputInvalid
from koppling.masking import SHORTEST
from koppling.trace import Given, Leaf, Trace


def traced(
    call: Call, given: Mapping[str, Any], problems: tuple[Problem, ...], warnings: tuple[str, ...], *, streamed: bool
) -> Trace:
    """Return the trace of a call that was begun.

    Args:
        call: its inputs may have problems; those that have are taken out of it.
        given: the inputs as they came, with what streaming sets.
        problems: what is wrong with them.
        warnings: what is deprecated.
        streamed: whether streaming set some of them.
    """
    operation, prepared = call.operation, call.prepared
    wrong = {steps[1] for one in problems if len(steps := one.pointer.split("/")) > 1}
    inputs = tuple(_given(call, given, wrong, streamed=streamed))
    for values in (prepared.values, prepared.extras):
        for name in wrong & set(values):
            del values[name]
    leaves = tuple(_waiting(leaf, wrong, given) for leaf in call.trace())
    problems = (*problems, *(one for leaf in leaves for one in _refused(leaf, call)))
    masker = call.masker.with_more(_turned_round(leaves, call))
    request = None
    if not problems:
        try:
            request = replace(call.render(), masker=masker)
        except InputInvalid as error:
            problems = error.problems
    return Trace(operation.module, operation.spec, inputs, leaves, request, problems, warnings, masker)


def _turned_round(leaves: tuple[Leaf, ...], call: Call) -> Iterator[str]:
    """Yield what expressions made of secrets that is none of the forms in which a masker knows them."""
    for leaf in leaves:
        value = leaf.value
        if leaf.secret and isinstance(value, str) and len(value) >= SHORTEST and call.masker.text(value) == value:
            yield value


def _given(call: Call, given: Mapping[str, Any], wrong: set[str], *, streamed: bool) -> Iterator[Given]:
    operation, prepared = call.operation, call.prepared
    fields, select = operation.spec.fields, operation.module.select
    stream = operation.stream.set if streamed and operation.stream is not None else {}
    values = {**prepared.values, **prepared.extras}
    for name in [*values, *(str(one) for one in given if one not in values)]:
        spec = fields.get(name)
        place = spec.place if spec is not None else ""
        if spec is None and select is not None and name == select["field"]:
            place = operation.module.plan["select_place"]
        yield Given(
            name,
            values[name] if name in values else given.get(name),
            "default" if name not in given else "stream" if name in stream else "caller",
            place,
            spec is not None and spec.secret,
            name in wrong,
        )


def _refused(leaf: Leaf, call: Call) -> Iterator[Problem]:
    """Yield what is wrong with the inputs of a leaf whose value may not stand in its place."""
    if leaf.refused:
        for pointer in leaf.inputs or ("",):
            yield Problem(pointer, call.masker.text(leaf.refused), (), leaf.place)


def _waiting(leaf: Leaf, wrong: set[str], given: Mapping[str, Any]) -> Leaf:
    """Return a leaf with why it is not there, where a wrong input is why."""
    why = [one for one in leaf.missing if one.split("/")[1] in wrong]
    if not why:
        return leaf
    said = " and ".join(f"{one} {'is wrong' if one.split('/')[1] in given else 'was not given'}" for one in why)
    return replace(leaf, value=None, dropped=f"input {said}", refused="")
