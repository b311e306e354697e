"""What a spec itself gives is not past its date: a default, an example of a field, what streaming sets.

A default that is retired makes every call fail, or warn, that relies on it.

Wrong:

    # modules/get_thing.v1.yaml
    fields:
      id: {type: string, title: ID}
      size: {values: {small: , huge: {retired: 2020-01-01, reason: Too big.}}, title: Size, default: huge}
    request: {method: GET, path: "/things/${input.id}", query: {size: "${input.size}"}}
    # examples/get_thing.v1/smallest.yaml
    as_of: 2019-01-01
    request: {method: GET, path: /things/th_1, query: {size: huge}}

Right:

    # modules/get_thing.v1.yaml
    fields:
      id: {type: string, title: ID}
      size: {values: {small: , huge: {retired: 2020-01-01, reason: Too big.}}, title: Size, default: small}
    request: {method: GET, path: "/things/${input.id}", query: {size: "${input.size}"}}
    # examples/get_thing.v1/smallest.yaml
    request: {method: GET, path: /things/th_1, query: {size: small}}
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from koppling.diagnostics import Severity
from koppling.read import Pointer
from koppling_tools.rules.view import Finding, ModuleView

SEVERITY: Severity = "warning"


def of_module(view: ModuleView) -> Iterator[Finding]:
    """Find the values past their date that the module gives itself."""
    if str((view.value.get("lifecycle") or {}).get("retired", "9")) <= view.day:
        return  # it is read as of a day on which it lived
    seen: set[Pointer] = set()
    for merged in view.operations.values():
        for name, schema in merged.tree["fields"].items():
            values = schema.get("values") or {}
            for pointer, value in _given(schema):
                place = merged.origin(("fields", name)) + pointer
                when = (values.get(value) or {}).get("retired") if isinstance(value, str) else None
                if isinstance(when, str) and when <= view.day and place not in seen:
                    seen.add(place)
                    told = f"{value!r} was retired on {when}, and `{name}` gives it still"
                    living = [one for one, said in values.items() if str((said or {}).get("retired", "9")) > view.day]
                    yield Finding(view.document, told, place, f"living values: {', '.join(living) or 'none'}")


def _given(schema: dict[str, Any]) -> Iterator[tuple[Pointer, Any]]:
    if "default" in schema:
        yield ("default",), schema["default"]
    for index, one in enumerate(schema.get("examples") or ()):
        yield ("examples", index), one
