"""What an example states is what happens.

`koppling test` shows both sides of each difference.

Wrong:

    # examples/get_thing.v1/smallest.yaml
    output: {name: Hammer}

Right:

    # examples/get_thing.v1/smallest.yaml
    output: {name: Anvil}
"""

from __future__ import annotations

from collections.abc import Iterator

from koppling.diagnostics import Severity
from koppling_tools.rules.view import Finding, ModuleView

SEVERITY: Severity = "error"


def of_module(view: ModuleView) -> Iterator[Finding]:
    """Run the examples of a module; nothing where they cannot be run."""
    if view.run is None:
        return
    for example in view.examples:
        if example.faults:
            continue
        for fault in view.run(example):
            said = " ".join(line.strip() for line in list(fault.lines())[1:] if "help:" not in line)
            told = f"{fault.message}: {said}" if said else fault.message
            help_text = fault.help or "mend the spec, or what the example states"
            yield Finding(None, told, fault.pointer, help_text, location=fault.location)
