"""What `adapts` takes from an older version is there, in the file of that version.

A field that is misspelt there is not renamed, and its value is lost, or refused.

Wrong:

    # modules/get_thing.v2.yaml
    name: get_thing
    version: 2.0.0
    title: Get a thing
    fields:
      key: {type: string, title: Key}
    required: [key]
    request: {method: GET, path: "/things/${input.key}"}
    adapts: {1: {rename: {ident: key}}}
    # examples/get_thing.v2/smallest.yaml
    title: The smallest call
    inputs: {key: th_1}
    request: {method: GET, path: /things/th_1}
    response: {json: {id: th_1}}
    output: {id: th_1}

Right:

    # modules/get_thing.v2.yaml
    name: get_thing
    version: 2.0.0
    title: Get a thing
    fields:
      key: {type: string, title: Key}
    required: [key]
    request: {method: GET, path: "/things/${input.key}"}
    adapts: {1: {rename: {id: key}}}
    # examples/get_thing.v2/smallest.yaml
    title: The smallest call
    inputs: {key: th_1}
    request: {method: GET, path: /things/th_1}
    response: {json: {id: th_1}}
    output: {id: th_1}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from koppling.diagnostics import Severity, suggestion
from koppling_tools.rules.view import Finding, FolderView

SEVERITY: Severity = "warning"


def of_folder(view: FolderView) -> Iterator[Finding]:
    """Find the fields that the older version does not have."""
    for one in view.files:
        for adapted in one.adapts:
            older = f"{one.name}@{adapted.major}"
            if older not in view.modules:
                continue
            fields = _fields(view.read(older))
            if fields and adapted.field not in fields:
                told = f"`{adapted.field}` is no field of {older}"
                yield Finding(None, told, help=suggestion(adapted.field, fields), location=one.at(adapted))


def _fields(value: Mapping[str, Any]) -> set[str]:
    operations = value.get("operations")
    homes = [value, *((operations or {}).values() if isinstance(operations, dict) else ())]
    found = {name for home in homes if isinstance(home, dict) for name in home.get("fields") or ()}
    select = value.get("select")
    return found | ({str(select["field"])} if isinstance(select, dict) and "field" in select else set())
