"""What an expression could go on with: roots and fields inside `${…}`, keys of the examples' answers in bare ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from koppling_tools.lsp.answers import Offer
from koppling_tools.lsp.cursor import Cursor
from koppling_tools.lsp.evaluate import follow, keys, short
from koppling_tools.lsp.field_words import field_line, field_words
from koppling_tools.lsp.files import Files, Spec
from koppling_tools.lsp.jmespath_text import Tail, scan
from koppling_tools.lsp.samples import bundles, samples
from koppling_tools.lsp.spec_places import ExpressionPlace, cases_of, fields_of
from koppling_tools.lsp.yaml_text import encode

ROOTS: Final = {
    "input": "what the caller gave",
    "connection": "the fields of the connection",
    "page": "the cursors of `pages`, `number`, `offset`, `size`",
    "call": "`id`, one per call, and `key`, one per request; each is the same for all attempts",
    "status": "the status of the answer",
    "headers": "the headers of the answer, lower case",
    "links": "the addresses of the Link header, by rel",
    "body": "the body of the answer",
    "item": "one of the `items`",
    "event": "one event of the stream",
    "event_name": "what `event:` named it",
}
_PAGE: Final = {
    "number": "the number of the page",
    "offset": "how many items came before",
    "size": "the smaller of `size.max` and what is left of `limit`",
}
_NAME: Final = re.compile(r"[A-Za-z_]\w*")


def over_roots(files: Files, spec: Spec, cursor: Cursor, place: ExpressionPlace, begin: int) -> Iterator[Offer]:
    """Yield what could stand at the end of an open `${…}` whose expression begins at a character of the word."""
    tail = scan(cursor.word[begin:]).tail
    if tail is None:
        return
    start = cursor.place(begin + tail.start)
    if tail.rooted:
        for root in place.roots:
            yield Offer(root, root, start, cursor.offset, "root", ROOTS[root])
    elif tail.chain and tail.chain[0] not in place.roots:
        return
    elif tail.chain == ("input",):
        yield from _fields(fields_of(files.value(spec.path), place.operation), start, cursor)
    elif tail.chain == ("connection",):
        fields = (files.connector(spec).get("connection") or {}).get("fields") or {}
        yield from _fields(fields, start, cursor)
    elif tail.chain == ("page",):
        yield from _page(files, spec, place, start, cursor)
    elif tail.chain == ("call",):
        for name in ("id", "key"):
            yield Offer(name, name, start, cursor.offset, "key", ROOTS["call"])
    else:
        found = samples(files, spec, place)
        yield from _keys(tail, [one.roots for one in found], start, cursor)


def over_subject(files: Files, spec: Spec, cursor: Cursor, place: ExpressionPlace) -> Iterator[Offer]:
    """Yield what could stand at the end of a bare expression."""
    tail = scan(cursor.word).tail
    if tail is None:
        return
    start = cursor.place(tail.start)
    if place.subject == "bundle":
        module = _options_module(files, spec, cursor)
        subjects = [one.subject for one in bundles(files, module)] if module else []
    else:
        subjects = [one.subject for one in samples(files, spec, place)]
    subjects += _from_schema(files, spec, place)
    yield from _keys(tail, subjects, start, cursor)
    if not cursor.word and place.roots:
        insert = "${" if cursor.quote or not cursor.flow else '"${'
        yield Offer("${…}", insert, cursor.offset, cursor.offset, "root", f"over {', '.join(place.roots)}")


def _options_module(files: Files, spec: Spec, cursor: Cursor) -> Any:
    named: Any = files.value(spec.path)
    for step in cursor.pointer[:-1]:
        named = named.get(step) if isinstance(named, dict) else None
    return files.module(spec, str(named.get("module"))) if isinstance(named, dict) else None


def _fields(fields: dict[str, Any], start: int, cursor: Cursor) -> Iterator[Offer]:
    for name, schema in fields.items():
        known = schema if isinstance(schema, dict) else {}
        gone = bool((known.get("lifecycle") or {}).get("deprecated"))
        yield Offer(
            name, name, start, cursor.offset, "field", field_line(known), field_words(name, known), deprecated=gone
        )


def _page(files: Files, spec: Spec, place: ExpressionPlace, start: int, cursor: Cursor) -> Iterator[Offer]:
    cursors = {
        str(name): short(text)
        for case in cases_of(files.value(spec.path), place.operation)
        if isinstance(case, dict)
        for name, text in ((case.get("pages") or {}).get("next") or {}).items()
    }
    for name, detail in {**cursors, **_PAGE}.items():
        yield Offer(name, name, start, cursor.offset, "key", detail)


def _keys(tail: Tail, subjects: list[Any], start: int, cursor: Cursor) -> Iterator[Offer]:
    for name, value in keys(follow(tail.steps, subjects)).items():
        plain = _NAME.fullmatch(name) is not None
        written = name if plain else encode('"' + name.replace('"', '\\"') + '"', cursor.quote)
        yield Offer(name, written, start, cursor.offset, "key", short(value))


def _from_schema(files: Files, spec: Spec, place: ExpressionPlace) -> list[Any]:
    """Return a value made of the body's schema, where the response has one: its keys count beside the examples'."""
    if place.subject != "body" or spec.kind != "module":
        return []
    cases = cases_of(files.value(spec.path), place.operation)
    return [_made(case["body"], 0) for case in cases if isinstance(case, dict) and isinstance(case.get("body"), dict)]


def _made(schema: Any, depth: int) -> Any:
    if not isinstance(schema, dict) or depth > 8:  # noqa: PLR2004  (a schema that holds itself)
        return None
    if isinstance(schema.get("properties"), dict):
        return {name: _made(one, depth + 1) for name, one in schema["properties"].items()}
    if "items" in schema:
        return [_made(schema["items"], depth + 1)]
    return (schema.get("examples") or [schema.get("title") or schema.get("type")])[0]
