"""The index of the search: what there is, where, and under which words."""

from __future__ import annotations

import json
from collections.abc import Iterator

from koppling.model import ModuleSpec
from koppling_tools.docs.atlas import Atlas, page_of, page_of_connector
from koppling_tools.docs.dates import field_anchor, operation_anchor
from koppling_tools.docs.schema_tree import tree

Row = tuple[str, str, str, str, str, str]
"""Kind, title, name, what it belongs to, address, state (nothing where it is active)."""


def rows(atlas: Atlas) -> Iterator[Row]:
    """Yield a row for each connector, module, operation and field."""
    for name, connector in atlas.connectors.items():
        yield "connector", connector.title, name, "", page_of_connector(name), ""
        for module in atlas.modules[name]:
            yield from _module(atlas, connector.title, module)


def _module(atlas: Atlas, above: str, module: ModuleSpec) -> Iterator[Row]:
    page = page_of(module)
    state = atlas.state(module)
    shown = "" if state == "active" else state
    yield "module", module.title, module.full_name, above, page, shown
    here = f"{module.title} v{module.major}"
    for operation in module.operations.values():
        within = here
        if operation.name is not None:
            anchor = f"{page}#{operation_anchor(operation.name)}"
            yield "operation", operation.title, operation.name, here, anchor, shown
            within = f"{here} · {operation.title}"
        for field in tree(operation):
            for one in field.walk():
                title = str(one.schema.get("title") or "")
                address = f"{page}#{field_anchor(operation.name, one.path)}"
                yield "field", title, ".".join(one.path), within, address, shown


def script(atlas: Atlas) -> str:
    """Return the index as a script, because a page that was opened from a disk may read no other file."""
    lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows(atlas))
    return f"window.kopplingIndex = [\n{lines}\n];\n"
