"""The vendor's documents of the OpenAI API: as a table of facts, which is always there, and whole, where they are."""

from __future__ import annotations

import json
import re
from functools import cache
from urllib.parse import urlsplit

from openai_cases import ROOT, fact_file

from koppling_tools.openapi.document import load
from koppling_tools.openapi.schema import whole

DATA = ROOT / "tests" / "data"
TABLE = json.loads((DATA / "openai_facts.json").read_text())

# Modules that speak of a day that is gone are held against the document of that day.
_OLDER = {"create_edit@1": "legacy", "generate_images@1": "seed-era"}

# Operations that have no facts.
WITHOUT_FACTS = {"make_custom_api_call@1": "the caller decides the whole request"}


def document_for(module):
    """Return the name of the document that a module is held against."""
    return _OLDER.get(module.removeprefix("openai."), "current")


@cache
def whole_schemas(document, operation):
    """Return the schemas of an operation by the whole document, as the table has them; skip where it is not there."""
    api = _read(document)
    shared = {
        "components": {"schemas": {key: whole(one) for key, one in api.document["components"]["schemas"].items()}}
    }
    found = api.operation(operation)
    query = {one.name.removesuffix("[]"): one.schema for one in found.parameters if one.where == "query"}
    return {
        "bodies": {media_type: {**whole(one), **shared} for media_type, one in found.bodies.items()},
        "query": {name: {**whole(one), **shared} for name, one in query.items()},
    }


@cache
def _read(document):
    return load(fact_file("openapi") / f"{document}.yaml")


def operation_of(document, url, request):
    """Return the operation whose path template fits the address as it was sent, encoded."""
    path = urlsplit(url).path.partition("/v1")[2]
    for name, facts in TABLE[document].items():
        method, template = name.split(" ", 1)
        if method == request.method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            return name, facts
    raise AssertionError(f"the vendor's document has no {request.method} {path}")


def nested(pairs):
    """Return names as `a[]` and `a[b]` as what they mean."""
    found = {}
    for name, value in pairs:
        base, *keys = (
            re.split(r"[\[\]]+", name.removesuffix("]")) if "[" in name and not name.endswith("[]") else [name]
        )
        if name.endswith("[]"):
            found.setdefault(name[:-2], []).append(value)
        elif keys:
            found.setdefault(base, {})[keys[0]] = value
        else:
            found[name] = value
    return found


def typed(value, schema):
    """Return a text of a form as the value that the schema wants, where it wants no text."""
    if isinstance(value, dict):
        known = next((one["properties"] for one in alternatives(schema) if "properties" in one), {})
        return {key: typed(one, known.get(key, {})) for key, one in value.items()}
    if isinstance(value, list):
        inner = next((one["items"] for one in alternatives(schema) if "items" in one), {})
        return [typed(one, inner) for one in value]
    types = {
        kind
        for one in alternatives(schema)
        for kind in ([one["type"]] if isinstance(one.get("type"), str) else one.get("type", []))
    }
    return value if "string" in types or not types or value.endswith((".png", ".wav", ".jsonl")) else json.loads(value)


def alternatives(schema):
    if not isinstance(schema, dict):
        return
    yield schema
    for one in (*schema.get("anyOf", ()), *schema.get("allOf", ())):
        yield from alternatives(one)


def properties_of(schema):
    return {name: one for part in alternatives(schema) for name, one in part.get("properties", {}).items()}


MEDIA_TYPES = {"json": "application/json", "multipart": "multipart/form-data"}


def body_of(request, facts):
    """Return the body as a value, and its schema."""
    kind, value = request.body
    schema = facts["bodies"][MEDIA_TYPES[kind]]
    if kind == "multipart":
        known = properties_of(schema)
        parts = nested((part["name"], part.get("value", part.get("filename"))) for part in value)
        value = {name: typed(one, known.get(name, {})) for name, one in parts.items()}
    return value, schema
