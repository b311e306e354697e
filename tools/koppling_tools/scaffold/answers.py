"""What a vendor answers: how it is read, what an example of it is, where it says what went wrong."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from koppling.compile.schemas import references
from koppling_tools.console.mistakes import Misuse
from koppling_tools.openapi.document import Api, Operation
from koppling_tools.rules.credential_literal import looks_like
from koppling_tools.scaffold.bodies import form_of
from koppling_tools.scaffold.draft import Notes
from koppling_tools.scaffold.inputs import stated_value
from koppling_tools.scaffold.schemas import Marks, Translation
from koppling_tools.scaffold.values import Values

_BIGGEST_BODY: Final = 150  # values of a schema that a person still reads in a module's file
_BIGGEST_EXAMPLE: Final = 4000  # characters of an answer in an example
_NO_CONTENT: Final = {"204", "205"}


@dataclass
class Answer:
    """How it is read (`response` of a module), and one of its examples."""

    response: dict[str, Any]
    example: dict[str, Any]


def answer_of(operation: Operation, schemas: Translation, notes: Notes, answers: Answers) -> Answer:
    """Return how the answers of an operation are read.

    Args:
        operation: the vendor's.
        schemas: the translation of its module's schemas; what a small answer needs is added.
        notes: where is noted what cannot be said.
        answers: what is known of the document's answers.
    """
    good = sorted(one for one in operation.responses if one[:1] == "2")
    status = good[0] if good else None
    if status is None:
        notes.add("no success is described; the answer is read by its media type")
        return Answer({"format": "auto"}, {"status": 200, "json": {}})
    content = operation.responses[status].get("content")
    contents = content if isinstance(content, Mapping) else {}
    number = int(status) if status.isdigit() else 200
    media = _chosen(list(contents))
    others = {_form(operation.api, one, operation.responses[one]) for one in good[1:]}
    form = _form(operation.api, status, operation.responses[status])
    if others - {form, "auto"}:
        notes.add("the answers of other successes are read in other ways", ", ".join(good[1:]))
    if len(contents) > 1:
        notes.add(
            f"the answer can be of other kinds, too; here it is {media}",
            ", ".join(one for one in contents if one != media),
        )
    if "text/event-stream" in contents and media != "text/event-stream":
        notes.add("it can stream, too; that is said in `response.stream`")
    holder = contents.get(media) if media else None
    holder = holder if isinstance(holder, Mapping) else {}
    response: dict[str, Any] = {} if form == "json" else {"format": form}
    if form != "json":
        return Answer(response, _plain_example(operation.api, number, form, str(media), holder))
    body, example = answers.json(holder, schemas, notes)
    if body:
        response["body"] = body
    return Answer(response, {"status": number, "json": example})


def _chosen(media: list[str]) -> str | None:
    """Return the media type that is read: JSON where there is some."""
    return (
        min(media, key=lambda one: (form_of(one) != "json" or "*" in one, one == "text/event-stream"))
        if media
        else None
    )


def _form(api: Api, status: str, response: Mapping[str, Any]) -> str:
    content = response.get("content")
    media = _chosen(list(content)) if isinstance(content, Mapping) else None
    if media is None:
        return "auto"
    kind = media.partition(";")[0].strip().lower()
    holder = content[media] if isinstance(content, Mapping) else {}
    schema = holder.get("schema") if isinstance(holder, Mapping) else None
    try:
        binary = api.resolved(schema or {}).get("format") == "binary"
    except Misuse:
        binary = False
    if status in _NO_CONTENT:
        return "auto"
    if kind == "text/event-stream":
        return "sse"
    if kind in {"application/x-ndjson", "application/jsonl", "application/x-jsonlines", "application/json-seq"}:
        return "ndjson"
    if "*" in kind:
        return "bytes" if binary else "auto"
    if form_of(media) == "json" and not binary:
        return "json"
    return "text" if kind.startswith("text/") or "xml" in kind or "yaml" in kind else "bytes"


def _plain_example(api: Api, status: int, form: str, media: str, holder: Mapping[str, Any]) -> dict[str, Any]:
    value, found = stated_value(api, holder)
    text = (
        value
        if found and isinstance(value, str) and len(value) <= _BIGGEST_EXAMPLE and not looks_like(value)
        else "text"
    )
    if form == "auto":
        return {"status": status} if media == "None" else {"status": status, "json": {}}
    if form == "sse":
        return {"status": status, "events": [{"text": "Hej"}]}
    if form == "ndjson":
        return {"status": status, "lines": [{"id": 1}, {"id": 2}]}
    headers = {} if "*" in media else {"headers": {"content-type": media}}
    if form == "text":
        return {"status": status, **headers, "text": text}
    return {"status": status, **headers, "base64": base64.b64encode(b"\x00\x01").decode()}


class Answers:
    """The answers of a document's operations. Their schemas are translated once for all of them."""

    def __init__(self, api: Api, marks: Marks) -> None:
        self._api = api
        self._all = Translation(api, Notes(), marks)
        self._values = Values(self._all.defs, checked=False)
        self._sizes: dict[str, tuple[int, list[str]]] = {}

    def json(self, holder: Mapping[str, Any], schemas: Translation, notes: Notes) -> tuple[dict[str, Any] | None, Any]:
        """Return the schema of an answer, None where it is too long, and an example."""
        raw = holder.get("schema")
        whole = self._all.answer(raw if raw is not None else {})
        whole = whole if isinstance(whole, dict) else {}
        value, found = stated_value(self._api, holder)
        if not found or not _showable(value):
            value = self._values.sample(whole, whole=True)
            value = value if _showable(value) else {}
        if not whole:
            return None, value
        size = self._size(whole)
        if size > _BIGGEST_BODY:
            notes.add("the schema of the answer is left out, for its length", f"{size} values")
            return None, value
        body = schemas.answer(raw)
        return body if isinstance(body, dict) else None, value

    def _size(self, schema: Mapping[str, Any]) -> int:
        """Return how many values a schema holds, with all that it refers to."""
        found = _size(schema)
        seen: set[str] = set()
        ends = _named(schema)
        while ends:
            name = ends.pop()
            if name not in seen and name in self._all.defs:
                seen.add(name)
                if name not in self._sizes:
                    self._sizes[name] = _size(self._all.defs[name]), _named(self._all.defs[name])
                found += self._sizes[name][0]
                ends += self._sizes[name][1]
        return found


def _named(schema: Any) -> list[str]:
    return [text.rpartition("/")[2] for _, text in references(schema)]


def _showable(value: Any) -> bool:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return len(text) <= _BIGGEST_EXAMPLE and not looks_like(text)


def _size(value: Any) -> int:
    if isinstance(value, Mapping):
        return 1 + sum(_size(one) for one in value.values())
    return sum(_size(one) for one in value) if isinstance(value, list) else 1


# Where vendors write what went wrong, the usual places first.
_PLACES: Final = (
    ("error", "message"), ("message",), ("error_description",), ("detail",), ("title",), ("error",), ("msg",),
)  # fmt: skip


def error_body(api: Api) -> dict[str, str]:
    """Return where the document's answers to mistakes say what went wrong; empty where none does."""
    found: dict[str, None] = {}
    codes: dict[str, None] = {}
    for operation in api.operations:
        for status, contents in operation.answers.items():
            if status[:1] not in {"4", "5", "d"}:
                continue
            for media, schema in contents.items():
                if form_of(media) == "json":
                    for place in _PLACES:
                        found.update(dict.fromkeys([".".join(place)] if _has(api, schema, place) else []))
                    for place in (("error", "code"), ("code",)):
                        codes.update(dict.fromkeys([".".join(place)] if _has(api, schema, place) else []))
    ranked = [".".join(one) for one in _PLACES if ".".join(one) in found]
    told = {"message": " || ".join(ranked)} if ranked else {}
    return told | ({"code": " || ".join(codes)} if codes and told else {})


def _has(api: Api, schema: Any, place: tuple[str, ...]) -> bool:
    try:
        for step in place:
            schema = _property(api, schema, step, 0)
            if schema is None:
                return False
    except Misuse:
        return False
    return True


def _property(api: Api, schema: Any, name: str, depth: int) -> Any:
    resolved = api.resolved(schema)
    properties = resolved.get("properties")
    if isinstance(properties, Mapping) and name in properties:
        return properties[name]
    for word in ("allOf", "anyOf", "oneOf"):
        for one in resolved.get(word) or () if depth < 5 else ():  # noqa: PLR2004  (deeper, nobody looks)
            found = _property(api, one, name, depth + 1)
            if found is not None:
                return found
    return None
