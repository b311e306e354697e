"""The bodies of a vendor's requests: which of several is taken, and an object's properties, wherever they are said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from koppling_tools.console.mistakes import Misuse
from koppling_tools.openapi.document import Api, Operation
from koppling_tools.openapi.schema import normal

Form = Literal["json", "multipart", "form", "raw"]

_JSON: Final = re.compile(r"(application|text)/([\w.+-]*\+)?json.*|\*/\*|application/\*")
_PREFERENCE: Final[tuple[Form, ...]] = ("json", "multipart", "form", "raw")
_DEEPEST: Final = 20
# What can stand in a module's `validation`, over all of its inputs.
_RULES: Final = ("dependentRequired", "not", "if", "then", "else")


def form_of(media: str) -> Form:
    """Return the key of a request under which a body of a media type is written."""
    kind = media.partition(";")[0].strip().lower()
    if _JSON.fullmatch(kind):
        return "json"
    if kind.startswith("multipart/"):
        return "multipart"
    return "form" if kind == "application/x-www-form-urlencoded" else "raw"


def chosen_body(operation: Operation) -> tuple[str, Form, list[str]] | None:
    """Return the media type that is sent, how, and the others that could be; None where there is no body."""
    content = operation.body.get("content")
    media = [str(one) for one in content] if isinstance(content, Mapping) else []
    if not media:
        return None
    forms = {one: "raw" if "*" in one and _is_file(operation, one) else form_of(one) for one in media}
    chosen = min(media, key=lambda one: (_is_whole(operation, one, forms[one]), _PREFERENCE.index(forms[one])))
    return chosen, forms[chosen], [one for one in media if one != chosen]


def _is_whole(operation: Operation, media: str, form: Form) -> bool:
    """Tell whether a form, whose parts have names, is described as something without."""
    return form in {"multipart", "form"} and flat(operation.api, operation.bodies[media]) is None


def _is_file(operation: Operation, media: str) -> bool:
    try:
        return operation.api.resolved(operation.bodies[media]).get("format") == "binary"
    except Misuse:
        return False


@dataclass
class Flat:
    """An object: its properties, as the document has them, and what it says over several of them."""

    properties: dict[str, Any] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    rules: dict[str, Any] = field(default_factory=dict)
    more: bool = False


def flat(api: Api, raw: Any) -> Flat | None:
    """Return an object's properties; None for what is none, or what is one of several."""
    found = Flat()
    if raw is None or not _gather(api, raw, found, 0) or not found.properties:
        return None
    for name in found.required:
        found.properties.setdefault(name, {})
    return found


def _gather(api: Api, raw: Any, found: Flat, depth: int) -> bool:
    """Add what a schema says of an object. Return whether that was all that it says."""
    try:
        schema = normal(api.resolved(raw))
    except Misuse:
        return False
    if depth > _DEEPEST or schema.get("type", "object") not in ("object", ["object"], ["object", "null"]):
        return False
    if {"minProperties", "maxProperties", "patternProperties", "propertyNames", "enum", "const"} & schema.keys():
        return False
    for name, one in _map(schema.get("properties")).items():
        known = found.properties.get(name)
        found.properties[name] = one if known is None or known == one else {"allOf": [known, one]}
    required = schema.get("required")
    found.required += [
        one
        for one in (required if isinstance(required, list) else ())
        if isinstance(one, str) and one not in found.required
    ]
    more = schema.get("additionalProperties")
    found.more = found.more or more is True or (isinstance(more, Mapping) and more != {})
    for word in ("anyOf", "oneOf"):
        branches = schema.get(word)
        if branches is not None:
            if not _only_required(branches) or word in found.rules:
                return False
            found.rules[word] = branches
    for word in _RULES:
        if word in schema:
            if word in found.rules:
                return False
            found.rules[word] = schema[word]
    return all(_gather(api, one, found, depth + 1) for one in schema.get("allOf") or ())


def _only_required(branches: Any) -> bool:
    return isinstance(branches, list) and all(isinstance(one, Mapping) and set(one) == {"required"} for one in branches)


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
