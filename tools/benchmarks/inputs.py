"""What a call does before it is sent: the verdict on its inputs, and the whole stage around it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from chat import MODULE, inputs
from rounds import Row, cpu, measure

from koppling import Catalog
from koppling.validate import Schema

DAY = "2026-11-23"
BUDGETS = {"verdict": 10.0, "whole stage": 40.0}  # microseconds, at so many messages:
FEW, MANY = 10, 200


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure."""
    catalog = Catalog()
    operation = catalog.operation(catalog.module(MODULE, DAY), None)
    schema = Schema(operation.spec.plan["schema"])
    for count in (FEW, MANY):
        asked = inputs(count)
        sides = {
            "verdict": cpu(partial(schema.is_valid, asked)),
            "whole stage": cpu(partial(operation.inputs.prepare, asked, day=DAY)),
        }
        costs = measure(sides, "verdict", quick=quick)
        for side, budget in BUDGETS.items():
            what = f"inputs, chat, {count} messages, {side}"
            yield Row(what, costs.median(side) * 1e6, "µs", budget=budget if count == FEW else None)
