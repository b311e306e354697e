"""A module that another file calls is given what it needs, and gives what is read of it.

The test of a connection, a dynamic select and the end of following call a module by name. One that lacks a required
input fails at every call; a select of a module that gives no list has nothing to offer.

Wrong:

    # connector.yaml
    connection:
      fields:
        api_key: {type: string, title: API Key, secret: true, env: ACME_API_KEY}
        base_url: {type: string, title: URL, format: uri, examples: ["https://acme.example/"], env: ACME_BASE_URL}
      required: [api_key]
      test: {module: get_thing}

Right:

    # connector.yaml
    connection:
      fields:
        api_key: {type: string, title: API Key, secret: true, env: ACME_API_KEY}
        base_url: {type: string, title: URL, format: uri, examples: ["https://acme.example/"], env: ACME_BASE_URL}
      required: [api_key]
      test: {module: get_thing, inputs: {id: th_1}}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from koppling.compile.merge import Merged, merge
from koppling.diagnostics import Severity, suggestion
from koppling.expression import plain_path
from koppling_tools.rules.view import Finding, FolderView, Reference

SEVERITY: Severity = "warning"


def of_folder(view: FolderView) -> Iterator[Finding]:
    """Find the calls that cannot go well."""
    for one in view.files:
        for reference in one.references:
            named = view.named(reference.name) if reference.what != "replacement" else []
            value = view.read(max(named, key=_major)) if named else {}
            for told, help_text in _wrong(reference, value):
                yield Finding(None, told, help=help_text, location=one.at(reference))


def _major(module: str) -> int:
    return int(module.partition("@")[2])


def _wrong(reference: Reference, value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    merged = _operation(reference, value)
    if merged is None:
        return
    given = {name for name, _ in reference.inputs} - {_select(value)}
    fields = merged.tree["fields"]
    for name in sorted(given - set(fields)):
        yield f"{reference.name} has no input {name!r}", suggestion(name, fields)
    lacks = [one for one in merged.tree["required"] if one not in given and "default" not in (fields.get(one) or {})]
    for name in lacks:
        yield f"{reference.name} needs the input {name!r}", f"inputs: {{{name}: …}}"
    if reference.what == "options":
        yield from _offered(reference, merged)


def _offered(reference: Reference, merged: Merged) -> Iterator[tuple[str, str]]:
    response = merged.tree["response"]
    cases = response if isinstance(response, list) else [response]
    if not any("items" in case for case in cases):
        yield f"{reference.name} gives one bundle, and no list to choose from", "name a module that has `items`"
        return
    outputs = [case.get("output") for case in cases]
    steps = plain_path(reference.value)
    if steps and all(isinstance(one, dict) and steps[0] not in one for one in outputs):
        known = [name for one in outputs for name in one or ()]
        yield f"the bundles of {reference.name} have no {steps[0]!r}", suggestion(str(steps[0]), known)


def _select(value: Mapping[str, Any]) -> str:
    select = value.get("select")
    return str(select.get("field", "")) if isinstance(select, dict) else ""


def _operation(reference: Reference, value: Mapping[str, Any]) -> Merged | None:
    """Return the operation that is called; None where that cannot be told, or its file is broken."""
    operations = value.get("operations")
    if not operations:
        return merge(dict(value), None) if value else None
    chosen = dict(reference.inputs).get(_select(value)) or (value.get("select") or {}).get("default")
    return merge(dict(value), chosen or next(iter(operations))) if not chosen or chosen in operations else None
