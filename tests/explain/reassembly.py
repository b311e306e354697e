"""A request put together from the leaves of its trace alone, and places of a spec looked up in its file."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from koppling.body import Content, Multipart, Part
from koppling.encode import form_text, query_text
from koppling.expression import ABSENT
from koppling.read import read_document
from koppling.trace import Leaf, Trace


def put_together(trace: Trace):
    """Return method, url, headers and body of the leaves that are sent."""
    sent = trace.sent
    (method,) = [one.value for one in sent if one.part == "method"]
    headers = {one.name: one.value for one in sent if one.part == "header"}
    return method, _url(sent), headers, _body(sent)


def body_of(request):
    """Return a rendered body as `put_together` gives it."""
    match request.body:
        case Content() as content if content.media_type == "application/json":
            return json.dumps(content.value)
        case Content() as content:
            return content.data
        case Multipart(parts):
            return list(parts)
        case None:
            return None
        case raw:
            return raw.file


def _url(sent):
    (base,) = [one.value for one in sent if one.part == "base_url"]
    path = "".join(one.value for one in sent if one.part == "path")
    target = [one.value for one in sent if one.part == "target"]
    query = query_text([(one.name, one.value) for one in sent if one.part == "query"])
    if target:
        path, _, own = target[0].partition("?")
        address, query = f"{base}/{path}", "&".join(one for one in (own, query) if one)
    else:
        address = base + path if path.startswith("/") else f"{base}/{path}".rstrip("/")
    return f"{address}?{query}" if query else address


def _body(sent):
    kinds = {one.part for one in sent} & {"json", "form", "multipart", "raw"}
    if not kinds:
        kinds = {
            one.place and "form"
            for one in sent
            if (one.name, one.value) == ("content-type", "application/x-www-form-urlencoded")
        }
        if not kinds:
            return None
    (kind,) = kinds
    leaves = [one for one in sent if one.part == kind]
    if kind == "json":
        value = ABSENT
        for one in leaves:
            value = _put(value, [_unescaped(step) for step in one.name.split("/")[1:]], one.value)
        return json.dumps(value)
    if kind == "form":
        return form_text([(one.name, one.value) for one in leaves]).encode()
    if kind == "raw":
        return leaves[0].value.encode() if isinstance(leaves[0].value, str) else leaves[0].value
    return [one.value for one in leaves if isinstance(one.value, Part)]


def _put(value, steps, inner):
    if not steps:
        return {**value, **inner} if isinstance(value, dict) else inner
    step, *rest = steps
    if value is ABSENT:
        value = [] if step.isdigit() else {}
    if isinstance(value, list):
        if int(step) == len(value):
            value.append(ABSENT)
        value[int(step)] = _put(value[int(step)], rest, inner)
    else:
        value[step] = _put(value.get(step, ABSENT), rest, inner)
    return value


def _unescaped(step):
    return step.replace("~1", "/").replace("~0", "~")


@lru_cache
def written(place: str) -> str:
    """Return what a spec says at a `file:line:column`: the scalar there, or the text of the line from there on."""
    path, line, column = place.rsplit(":", 2)
    document = read_document(Path(path))
    for pointer, (own_line, own_column, quoted) in document.values.items():
        if (own_line, own_column + quoted) == (int(line), int(column)):
            value = document.value
            for step in pointer:
                value = value[step]
            if not isinstance(value, dict | list):
                return value if isinstance(value, str) else json.dumps(value)
    return document.text.splitlines()[int(line) - 1][int(column) - 1 :]


def says(leaf: Leaf) -> bool:
    """Tell whether the spec says a leaf's template at its place; of a map or list, whether something stands there."""
    if leaf.template.startswith(("{", "[")):
        return bool(written(leaf.place))
    return leaf.template in written(leaf.place)


def there(pointer: str, values) -> bool:
    """Tell whether a JSON Pointer leads to something."""
    for step in pointer.split("/")[1:]:
        key = _unescaped(step)
        if isinstance(values, list) and key.isdigit() and int(key) < len(values):
            values = values[int(key)]
        elif isinstance(values, dict) and key in values:
            values = values[key]
        else:
            return False
    return True
