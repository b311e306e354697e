"""Every example of the foreign shapes, lived over a socket against a vendor that takes no other encoding.

`koppling test` runs the same examples offline; here their inputs meet a server that reads the wire in its own way.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from strict.town import VENDORS
from worlds import SPEC

import koppling
from koppling_tools.examples.judge import Take, judge
from koppling_tools.examples.load import load

EXAMPLES = sorted(SPEC.glob("*/examples/*/*.yaml"))

# What makes the server do in a call what the example's own responses do.
MEMORY = {"careful.count_things@1/busy-once": {"busy": 1}}


def named(path: Path) -> str:
    return f"{path.parents[2].name}-{path.parent.name}-{path.stem}"


def lived(world, example):
    """Return what came of an example's call: what was sent is the server's to judge."""
    take = Take(SimpleNamespace(mismatches=[], unstated=[], unused=[]))
    try:
        if example.streamed:
            take.deltas, take.result = world.stream(example.module_name, example.inputs, example.connection)
        else:
            take.result = world.execute(example.module_name, example.inputs, example.connection)
    except koppling.KopplingError as error:
        take.error = error
    return take


def test_every_vendor_has_a_connector_and_every_connector_a_vendor():
    assert sorted(path.parent.name for path in SPEC.glob("*/connector.yaml")) == sorted(VENDORS)


@pytest.mark.parametrize("path", EXAMPLES, ids=named)
def test_an_example_holds_against_a_server_that_refuses_every_other_encoding(world, server, path):
    example = load(path)
    assert not example.faults
    server.memory.update(MEMORY.get(example.name, {}))
    take = lived(world, example)
    assert "\n".join(line for fault in judge(example, take) for line in fault.lines()) == ""
    assert bool(server.asked) == bool(example.exchanges)
