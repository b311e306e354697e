"""A plan: what a spec comes to, as JSON. It is what the cache keeps, so that the next process parses no YAML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from koppling.compile.check import check_connector, check_module
from koppling.compile.merge import Merged, merge
from koppling.compile.schemas import input_schema, standing_alone
from koppling.diagnostics import Diagnostic, join_pointer
from koppling.errors import SpecError
from koppling.model import takes_file
from koppling.read import Document, Pointer
from koppling.retry import KEY, SAFE
from koppling.template import Reference, parse

_CALL = re.compile(r"\bcall\b")
_STYLE = {"arrays": "repeat", "objects": "brackets"}


def plan_connector(document: Document) -> dict[str, Any]:
    """Return the plan of a connector.

    Raises:
        SpecError: it has faults.
    """
    _refuse(check_connector(document))
    value = document.value
    connection = value.get("connection") or {}
    fields = connection.get("fields") or {}
    tree = {
        "fields": fields,
        "required": connection.get("required") or [],
        "validation": connection.get("validation") or {},
    }
    defs = value.get("$defs") or {}
    return {
        "name": value["name"],
        "title": value["title"],
        "version": value["version"],
        "path": document.path,
        "summary": value.get("summary", ""),
        "api": value.get("api") or {},
        "lifecycle": value.get("lifecycle") or {},
        "connection": {"fields": fields, "required": tree["required"], "test": connection.get("test")},
        "schema": input_schema(tree, defs, {}, None),
        "auth": value.get("auth") or {},
        "style": {**_STYLE, **(value.get("style") or {})},
        "request": value.get("request") or {},
        "errors": value.get("errors") or [],
        "error_body": value.get("error_body") or {},
        "request_id": value.get("request_id"),
        "retry": value.get("retry") or {},
        "limits": value.get("limits") or {},
        "telemetry": value.get("telemetry") or {},
        "$defs": defs,
        "places": {name: str(document.locate(("connection", "fields", name), key=True)) for name in fields},
        "request_places": {
            join_pointer(*at): place
            for key in ("auth", "request")
            for at, place in _places(document, value.get(key), (key,), (key,))
        }
        | _key_places(document, value, (), ("request", "headers")),
    }


def plan_module(
    document: Document, connector: Document, shared: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the plan of a module: what every call needs, and by operation the rest, which few processes ask for.

    Args:
        document: the module's file.
        connector: the connector's.
        shared: the connector's plan.

    Raises:
        SpecError: it has faults.
    """
    _refuse(check_module(document, connector))
    value = document.value
    select, operations = value.get("select"), value.get("operations")
    names: list[str | None] = list(operations) if operations else [None]
    merged = {name: merge(value, name) for name in names}
    rest = {name or "": _rest(document, value, name, merged, shared) for name in names}
    plan = {
        "connector": shared["name"],
        "name": value["name"],
        "version": value["version"],
        "title": value["title"],
        "kind": value.get("kind", "action"),
        "summary": value.get("summary", ""),
        "source": value.get("source") or {},
        "path": document.path,
        "lifecycle": value.get("lifecycle") or {},
        "adapts": value.get("adapts") or {},
        "select": select,
        "select_place": str(document.locate(("select",), key=True)) if select else "",
        "operations": {name or "": _operation(value, name, merged[name], shared) for name in names},
    }
    return plan, rest


def _refuse(found: list[Diagnostic]) -> None:
    faults = tuple(one for one in found if one.severity == "error")
    if faults:
        raise SpecError(faults)


def _elsewhere(name: str | None, merged: dict[str | None, Merged]) -> dict[str, list[str]]:
    """Return the inputs that only other operations take, with those operations."""
    own = merged[name].tree["fields"]
    found: dict[str, list[str]] = {}
    for other, one in merged.items():
        for field in one.tree["fields"]:
            if field not in own:
                found.setdefault(field, []).append(str(other))
    return found


def _operation(value: dict[str, Any], name: str | None, merged: Merged, shared: dict[str, Any]) -> dict[str, Any]:
    """Return what every call needs."""
    own, tree = _own(value, name), merged.tree
    response, retry = tree["response"], {**shared["retry"], **(value.get("retry") or {}), **(own.get("retry") or {})}
    cases = response if isinstance(response, list) else [response]
    request = _keyed(_request(shared["request"], tree["request"], cases[0].get("format", "json")), retry)
    return {
        "lifecycle": own.get("lifecycle") or {},
        "inputs": _inputs(tree["fields"]),
        "request": request,
        # Whether the request may read `call`: a word of the text is reason enough.
        "reads_call": _CALL.search(json.dumps([request, shared["auth"]])) is not None,
        "response": [_case(case, value.get("$defs") or {}, shared["$defs"]) for case in cases],
        "errors": [*(own.get("errors") or []), *(value.get("errors") or []), *shared["errors"]],
        "retry": retry,
        "limits": _limits(shared["limits"], value.get("limits") or {}, own.get("limits") or {}),
        "telemetry": {**shared["telemetry"], **tree["telemetry"]},
    }


def _rest(
    document: Document,
    value: dict[str, Any],
    name: str | None,
    operations: dict[str | None, Merged],
    shared: dict[str, Any],
) -> dict[str, Any]:
    """Return what only the validator, messages and other programs ask for."""
    own, merged, select = _own(value, name), operations[name], value.get("select")
    tree = merged.tree
    return {
        "title": own.get("title", ""),
        "summary": own.get("summary", ""),
        "source": own.get("source") or {},
        "fields": tree["fields"],
        "required": tree["required"],
        "schema": input_schema(tree, value.get("$defs") or {}, shared["$defs"], select["field"] if select else None),
        "elsewhere": _elsewhere(name, operations),
        "places": {field: str(document.locate(merged.origin(("fields", field)), key=True)) for field in tree["fields"]},
        "request_places": {
            **_request_places(document, merged),
            **_key_places(document, value, (), ("shared_headers",)),
            **_key_places(document, own, ("operations", name or ""), ("shared_headers",)),
        },
    }


def _own(value: dict[str, Any], name: str | None) -> dict[str, Any]:
    """Return what a module says of one of its operations; nothing where it has but the one."""
    own: dict[str, Any] = (value["operations"][name] or {}) if name is not None else {}
    return own


def _inputs(fields: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return how inputs are treated before the validator sees them: the names of those that ask for something."""
    files = [name for name, one in fields.items() if takes_file(one)]
    return {
        "names": list(fields),
        "defaults": {name: one["default"] for name, one in fields.items() if "default" in one},
        "parsed": [name for name, one in fields.items() if one.get("parse") == "json"],
        "files": files,
        "or_text": [
            name
            for name in files
            if any(one.get("type") == "string" for one in fields[name].get("anyOf", ()) if "format" not in one)
        ],
        "secret": [name for name, one in fields.items() if one.get("secret")],
        "dated": [name for name, one in fields.items() if one.get("lifecycle") or one.get("values")],
    }


def _limits(*layers: dict[str, Any]) -> dict[str, Any]:
    """Return the rate limits of an operation: the keys of each over those of the same name before it."""
    found: dict[str, Any] = {}
    for layer in layers:
        for name, one in layer.items():
            found[name] = {**found.get(name, {}), **one}
    return found


def _keyed(request: dict[str, Any], retry: dict[str, Any]) -> dict[str, Any]:
    """Return a request with its idempotency key, where the spec declares one and the method asks for it.

    A header of that name which the spec writes itself goes first, wherever it has a value.
    """
    header, method = (retry.get("idempotency") or {}).get("header"), str(request.get("method", "GET"))
    known = {name.lower() for name in request["shared_headers"]}
    if header is None or method in SAFE or header.lower() in known:
        return request
    return {**request, "shared_headers": {**request["shared_headers"], header: KEY}}


def _key_places(document: Document, tree: dict[str, Any], base: Pointer, at: Pointer) -> dict[str, str]:
    """Return where the name of the idempotency key's header stands, by JSON Pointer to the header."""
    header = ((tree.get("retry") or {}).get("idempotency") or {}).get("header")
    if header is None:
        return {}
    return {join_pointer(*at, header): _place(document, (*base, "retry", "idempotency", "header"))}


def _request_places(document: Document, merged: Merged) -> dict[str, str]:
    """Return `line:column` of all that the module says of its request, by JSON Pointer into it."""
    found: dict[str, str] = {}
    for key, value in merged.tree["request"].items():
        at = ("request", key)
        entries = value.items() if isinstance(value, dict) else ()
        if not entries or at in merged.origins:
            found |= {join_pointer(*one[1:]): place for one, place in _places(document, value, at, merged.origin(at))}
        for name, one in entries:  # of the module or of the operation, each for itself
            inner = (*at, name)
            places = _places(document, one, inner, merged.origin(inner))
            found |= {join_pointer(*one[1:]): place for one, place in places}
    response = merged.tree["response"]
    if isinstance(response, dict) and "format" in response:
        found["/accept"] = _place(document, merged.origin(("response", "format")))
    return found


def _places(document: Document, tree: Any, at: Pointer, origin: Pointer) -> Iterator[tuple[Pointer, str]]:
    """Yield each node of a tree with its `line:column`; of a path also each `${…}` in it, as the element of a list."""
    place = _place(document, origin)
    yield at, place
    if isinstance(tree, dict | list):
        for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from _places(document, value, (*at, key), (*origin, key))
    elif at == ("request", "path"):
        line, column = (int(one) for one in place.split(":"))
        if document.text.splitlines()[line - 1].startswith(tree, column - 1):
            for index, part in enumerate(parse(tree)):
                if isinstance(part, Reference):
                    yield (*at, index), f"{line}:{column + part.offset}"


def _place(document: Document, origin: Pointer) -> str:
    line, column, quoted = document.values.get(origin, (1, 1, False))
    return f"{line}:{column + quoted}"


def _case(case: dict[str, Any], defs: dict[str, Any], shared_defs: dict[str, Any]) -> dict[str, Any]:
    """Return a case whose schema of the body carries the definitions that it uses."""
    return {**case, "body": standing_alone(case["body"], defs, shared_defs)} if "body" in case else case


def _request(shared: dict[str, Any], own: dict[str, Any], form: str) -> dict[str, Any]:
    """Return a module's request over the connector's.

    The connector's headers keep a place of their own: no input may set them.
    """
    found = {**shared, **own}
    found.pop("headers", None)
    if "headers" in own:
        found["headers"] = own["headers"]
    found["shared_headers"] = shared.get("headers") or {}
    if isinstance(own.get("query"), dict):
        found["query"] = {**(shared.get("query") or {}), **own["query"]}
    found["timeout"] = {**(shared.get("timeout") or {}), **(own.get("timeout") or {})}
    found["accept"] = form
    return found
