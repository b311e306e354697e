"""A second opinion on generated requests: examples held against the vendor's document by jsonschema alone.

Nothing of the code under test is used here, so that a mistake of its reading is not made a second time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import jsonschema
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from ruamel.yaml import YAML

JSON = re.compile(r"(application|text)/([\w.+-]*\+)?json.*|\*/\*")


def mended(value: Any) -> Any:
    """Return a document with the words of draft 5 in those of 2020-12, and vendors' faults mended."""
    if isinstance(value, list):
        return [mended(one) for one in value]
    if not isinstance(value, dict):
        return value
    found = {str(key): mended(one) for key, one in value.items()}
    for exclusive, plain in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(found.get(exclusive), bool) and found.pop(exclusive):
            found[exclusive] = found.pop(plain)
    properties = found.get("properties")
    if isinstance(properties, dict) and isinstance(found.get("required"), list):  # what is read only is in no request
        hidden = {name for name, one in properties.items() if isinstance(one, dict) and one.get("readOnly") is True}
        found["required"] = [one for one in found["required"] if one not in hidden]
    if found.get("nullable") is True:
        rest = {key: one for key, one in found.items() if key != "nullable"}
        return {"anyOf": [rest, {"type": "null"}]}
    return found


class Oracle:
    """Holds the requests of examples against a document."""

    def __init__(self, text: str) -> None:
        self.document = mended(YAML(typ="safe").load(text))
        resource = Resource.from_contents(self.document, DRAFT202012)
        self.registry: Any = Registry().with_resource("urn:vendor", resource)

    def resolved(self, value: Any) -> Any:
        while isinstance(value, dict) and "$ref" in value:
            found = self.document
            for step in value["$ref"].removeprefix("#/").split("/"):
                found = found[unquote(step).replace("~1", "/").replace("~0", "~")]
            value = found
        return value

    def errors(self, schema: Any, value: Any) -> list[str]:
        absolute = json.loads(json.dumps(schema).replace('"$ref": "#/', '"$ref": "urn:vendor#/'))
        validator = jsonschema.Draft202012Validator(absolute, registry=self.registry)
        return [f"{one.json_path}: {one.message[:200]}" for one in validator.iter_errors(value)]

    def operation(self, method: str, path: str) -> tuple[dict[str, Any], dict[str, str], list[Any]]:
        """Return the operation of a request, the values in its path, and its parameters; literal paths go first."""
        for template in sorted(self.document["paths"], key=lambda one: one.count("{")):
            names = re.findall(r"\{([^}]+)\}", template)
            found = re.fullmatch(re.sub(r"\\\{[^}]+\\\}", "([^/]+)", re.escape(template)), path)
            item = self.resolved(self.document["paths"][template])
            if found and method.lower() in item:
                raw = item[method.lower()]
                shared = [self.resolved(one) for one in (*item.get("parameters", ()), *raw.get("parameters", ()))]
                return raw, dict(zip(names, found.groups(), strict=True)), shared
        raise AssertionError(f"the document has no {method} {path}")

    def faults(self, request: dict[str, Any]) -> Iterator[str]:
        """Yield what is wrong with a request as an example states it."""
        raw, in_path, parameters = self.operation(request["method"], request["path"])
        query = dict(request.get("query") or {})
        headers = {name.lower(): one for name, one in (request.get("headers") or {}).items()}
        for one in parameters:
            name = one["name"]
            if one["in"] == "header" and name.lower() in {"accept", "content-type", "authorization"}:
                continue  # https://spec.openapis.org/oas/v3.1.1.html#parameter-object: ignored
            given = {"path": in_path, "query": query, "header": headers}.get(one["in"], {})
            key = name.lower() if one["in"] == "header" else name
            if one.get("style") == "deepObject":
                within = [part for part in query if part.startswith(f"{name}[")]
                if one.get("required") and not within:
                    yield f"query {name} is missing"
            elif key in given:
                schema = one.get("schema") or {}
                yield from (f"{name}: {fault}" for fault in self.of_text(schema, given.pop(key)))
            elif one.get("required") and one["in"] != "cookie":  # what the language cannot send, it says
                yield f"{one['in']} {name} is missing"
        keys = {one.get("name") for one in self.document.get("components", {}).get("securitySchemes", {}).values()}
        yield from (f"query {name} is unknown" for name in query if "[" not in name and name not in keys)
        yield from self.body_faults(raw, request)

    def body_faults(self, raw: dict[str, Any], request: dict[str, Any]) -> Iterator[str]:
        body = self.resolved(raw.get("requestBody") or {})
        content = body.get("content", {})
        if "json" in request:
            schema = next(one["schema"] for media, one in content.items() if JSON.fullmatch(media))
            yield from self.errors(schema, request["json"])
        elif "multipart" in request:
            schema = content["multipart/form-data"]["schema"]
            yield from self.errors(schema, self.together(schema, request["multipart"]))
        elif body.get("required") and "text" not in request and "base64" not in request and "form" not in request:
            yield "the body is missing"

    def together(self, schema: Any, parts: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the parts of a body as the object that they were made of."""
        resolved = self.resolved(schema)
        properties = dict(resolved.get("properties", {}))
        for one in resolved.get("allOf", ()):
            properties |= self.resolved(one).get("properties", {})
        found: dict[str, Any] = {}
        for part in parts:
            own = self.resolved(properties[part["name"]])
            kinds = json.dumps(own)
            value = part.get("value", part.get("text", part.get("base64")))
            if part.get("media_type") == "application/json":
                found[part["name"]] = json.loads(part["text"])
            elif '"array"' in kinds and '"string"' not in json.dumps(own.get("type", "")):
                found.setdefault(part["name"], []).append(value)
            else:
                found[part["name"]] = value if "filename" in part else self.typed(own, value)
        return found

    def of_text(self, schema: Any, value: Any) -> list[str]:
        return self.errors(schema, self.typed(schema, value))

    def typed(self, schema: Any, text: Any) -> Any:
        """Return a text as what its schema says that it is, where it can be that."""
        resolved = self.resolved(schema)
        if isinstance(text, list) or resolved.get("type") == "array":
            items = resolved.get("items", {})
            return [self.typed(items, one) for one in (text if isinstance(text, list) else [text])]
        for candidate in (text, *self.read(text)):
            if not self.errors(schema, candidate):
                return candidate
        return text

    def read(self, text: str) -> list[Any]:
        try:
            return [json.loads(text)]
        except ValueError:
            return []
