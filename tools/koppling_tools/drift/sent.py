"""What an operation of ours sends, part by part, and the field that each part is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from koppling import expression, template
from koppling.model import OperationSpec

JsonSchema = Mapping[str, Any]
_PLACEHOLDER: Final = re.compile(r"\$\{[^}]*\}")


@dataclass(frozen=True)
class Sent:
    """One part of a request.

    `schema` is what it may be, None where an expression makes it; `properties` are those of a map that the request
    writes out; `required` says that it is always sent. `field` is the input it comes from.
    """

    schema: JsonSchema | None = None
    properties: dict[str, Sent] | None = None
    required: bool = False
    field: str | None = None


@dataclass(frozen=True)
class Outline:
    """All parts of a request. `path` is its path with `{}` for what is filled in, None where an input gives it."""

    method: str | None
    path: str | None
    in_path: list[Sent] = field(default_factory=list)
    query: dict[str, Sent] = field(default_factory=dict)
    headers: dict[str, Sent] = field(default_factory=dict)
    body: Sent | None = None
    form: str = ""  # json, form, multipart, raw


def outline(operation: OperationSpec) -> Outline:
    """Return the parts of an operation's request."""
    request = operation.plan["request"]
    method, path = request.get("method", "GET"), request.get("path")
    form = next((one for one in ("json", "form", "multipart", "raw") if one in request), "")
    return Outline(
        None if "${" in str(method) else str(method),
        None if path is None else _PLACEHOLDER.sub("{}", str(path)).lstrip("+"),
        [_part(text, operation) for text in _PLACEHOLDER.findall(str(path or ""))],
        {_name(name): _part(one, operation) for name, one in _map(request.get("query"), operation).items()},
        {name.lower(): _part(one, operation) for name, one in _map(request.get("headers"), operation).items()},
        _part(request[form], operation) if form else None,
        form,
    )


def _map(tree: Any, operation: OperationSpec) -> dict[str, Any]:
    del operation
    return tree if isinstance(tree, dict) else {}


def _name(name: str) -> str:
    return name.removesuffix("[]")


def _part(tree: Any, operation: OperationSpec) -> Sent:
    if isinstance(tree, dict):
        if tree.keys() & {"value"} and tree.keys() <= {"value", "style", "name", "media_type"}:
            return _part(tree["value"], operation)
        inner = {_name(name): _part(one, operation) for name, one in tree.items()}
        return Sent(properties=inner, required=any(one.required for one in inner.values()))
    if not isinstance(tree, str):
        return Sent({"const": tree}, required=True)
    whole = template.whole(tree)
    if whole is None and "${" not in tree:
        return Sent({"const": tree}, required=True)
    chains = [
        chain
        for _, reference in template.references(tree)
        for chain in expression.references(reference.expression)
        if chain[:1] == ("input",)
    ]
    names = {chain[1] for chain in chains if len(chain) > 1}
    if len(names) != 1:
        return Sent(required=not names)
    name = names.pop()
    path = expression.plain_path(whole) if whole is not None else None
    required = name in operation.plan["required"] or "||" in tree
    if path is None or len(path) < 2 or name not in operation.plan["fields"]:  # noqa: PLR2004  (input.name)
        return Sent(field=name, required=required)
    schema = operation.plan["fields"][name]
    for step in path[2:]:
        schema = (schema.get("properties") or {}).get(step) if isinstance(schema, Mapping) else None
    return Sent(schema, required=required, field=name) if schema is not None else Sent(field=name, required=required)
