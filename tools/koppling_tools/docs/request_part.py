"""What a module sends and what it makes of the answer, for its page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from koppling.model import OperationSpec
from koppling_tools.console.output import as_yaml
from koppling_tools.describing.schema_words import type_of
from koppling_tools.docs.code import expression, references, template
from koppling_tools.docs.html import Element, Node, join, tag
from koppling_tools.docs.layout import prose, table
from koppling_tools.docs.schema_tree import plain, resolver

Link = Callable[[str], str | None]

_PARTS: Final = {
    "query": "Query",
    "headers": "Headers",
    "json": "JSON body",
    "form": "Form body",
    "multipart": "Multipart body",
    "raw": "Body",
}
_FORMATS: Final = {
    "text": "The answer is text.",
    "bytes": "The answer is a file.",
    "sse": "The answer is a list of server-sent events.",
    "ndjson": "The answer is a list of lines, each JSON.",
    "auto": "The answer is read by its media type.",
}
_CONVERTED: Final = {"value", "as", "name", "media_type", "unless"}  # one value, where a map would be of several
_PLAIN: Final = re.compile(
    r"[A-Za-z_]\w*(\[0?\])?(\.[A-Za-z_]\w*(\[0?\])?)*"
)  # a path that a schema can be followed by
_AS: Final = {"file": "a file", "float32": "a list of numbers", "json": "parsed JSON"}
KINDS: Final = {
    "connection": "the vendor cannot be reached, or is down",
    "data": "the inputs are wrong for the vendor",
    "duplicate_data": "it is there already",
    "invalid_access_token": "the connection is wrong",
    "rate_limit": "too many calls; later it works",
    "incomplete_data": "something is not there yet",
    "inconsistency": "the answer contradicts itself",
    "module_timeout": "it takes too long",
    "runtime": "anything else",
}


def request(operation: OperationSpec, link: Link) -> list[Node]:
    """Return the request: method and path, then each part as the spec writes it."""
    said = operation.plan["request"]
    where = str(said["target"] if "target" in said else said.get("path", ""))
    method = str(said.get("method", "GET"))
    headers = said.get("headers") or {}
    merged = {**said.get("shared_headers", {}), **headers} if isinstance(headers, dict) else headers
    parts = {key: merged if key == "headers" else said.get(key) for key in _PARTS}
    first = tag(
        "p",
        tag("span", list(references(method, link)), class_="method" if "${" in method else f"method {method.lower()}"),
        " ",
        tag("code", list(references(where, link)), class_="path"),
        class_="line",
    )
    blocks = [
        tag("div", tag("p", _PARTS[key], class_="part"), template(_yaml(value), link, label=_PARTS[key]))
        for key, value in parts.items()
        if value not in (None, "", {}, [])
    ]
    return [first, *blocks]


def _yaml(value: Any) -> str:
    return value if isinstance(value, str) else as_yaml(value)


def response(operation: OperationSpec, link: Link) -> Iterator[Node]:
    """Yield what the answer becomes: its keys, then pages, waiting and streaming in words."""
    cases = operation.plan["response"]
    resolve = resolver(operation.plan["schema"].get("$defs") or {})
    for case in cases:
        if "when" in case:
            yield tag("p", "When ", expression(case["when"], link), ":", class_="case")
        elif len(cases) > 1:
            yield tag("p", "Otherwise:", class_="case")
        yield from _case(case, link, resolve)


def _case(case: dict[str, Any], link: Link, resolve: Callable[[str], Any]) -> Iterator[Node]:
    if case.get("format", "json") in _FORMATS:
        yield tag("p", _FORMATS[case["format"]])
    body, _ = plain(case.get("body") or {}, resolve)
    subject = body
    if "items" in case:
        yield tag("p", "A list of bundles, one for each of ", expression(str(case["items"]), link), ":")
        subject, _ = _step(body, [*str(case["items"]).split("."), "[]"], resolve)
    yield _keys(case.get("output"), subject, link, resolve, listed="items" in case)
    if "envelope" in case:
        yield tag("p", "Once per call, beside the bundles:")
        yield _keys(case["envelope"], body, link, resolve, listed=False)
    if "usage" in case:
        yield tag("p", "Of what the call used:")
        yield _keys(case["usage"], body, link, resolve, listed=False)
    said = list(_behaviour(case, link))
    if said:
        yield tag("ul", [tag("li", one) for one in said], class_="behaviour")


def _keys(output: Any, subject: Any, link: Link, resolve: Callable[[str], Any], *, listed: bool) -> Node:
    if output is None:
        return tag("p", "Each as the vendor gives it." if listed else "The answer as the vendor gives it.")
    if not isinstance(output, dict) or ("value" in output and set(output) <= _CONVERTED):
        return tag("p", "The value of ", _source(output, link), ".")
    body: list[list[Node]] = []
    for name, value in output.items():
        kind, told = _told(value, subject, resolve)
        words: list[Node] = [*([kind] if kind else []), *([tag("p", prose(told))] if told else [])]
        row: list[Node] = [tag("code", name, class_="name"), _source(value, link), words or None]
        body.append(row)
    head = ["Key", "From", "What"]
    if not any(row[2] for row in body):
        head, body = head[:2], [row[:2] for row in body]
    return table(head, body, class_="keys")


def _source(value: Any, link: Link) -> Node:
    if not isinstance(value, dict):
        return expression(str(value), link)
    said: list[Node] = [expression(str(value.get("value")), link)]
    said += [" as ", _AS[value["as"]]] if "as" in value else []
    said += [", unless ", expression(str(value["unless"]), link)] if "unless" in value else []
    return said


def _told(value: Any, subject: Any, resolve: Callable[[str], Any]) -> tuple[str, str]:
    """Return the type and the description of what a plain path leads to in a schema; nothing where it is unknown."""
    if isinstance(value, dict):
        return "", ""
    if not isinstance(subject, dict) or not _PLAIN.fullmatch(text := str(value)):
        return "", ""
    steps = text.replace("[", ".[").split(".")
    found, many = _step(subject, steps, resolve)
    if not found:
        return "", ""
    words = type_of(found, resolve).replace("one of", "text")
    shown = "" if words == "anything" else f"a list: each {words}" if many else words
    return shown, str(found.get("description", ""))


def _step(schema: Any, steps: list[str], resolve: Callable[[str], Any]) -> tuple[dict[str, Any], bool]:
    found, _ = plain(schema, resolve)
    many = False
    for step in steps:
        inner = found.get("items") if step in {"[0]", "[]"} else (found.get("properties") or {}).get(step)
        many = many or step == "[]"
        found, _ = plain(inner or {}, resolve)
    return found, many


def _behaviour(case: dict[str, Any], link: Link) -> Iterator[Node]:
    def said(value: Any) -> Element:
        return expression(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), link)

    if "limit" in case:
        yield ["At most ", said(case["limit"]), " bundles, over all pages."]
    if "pages" in case:
        yield list(_pages(case["pages"], said))
    if "wait" in case:
        yield list(_wait(case["wait"], said))
    if "follow" in case:
        yield list(_follow(case["follow"], said))
    if "stream" in case:
        yield list(_stream(case["stream"], said))


def _pages(pages: dict[str, Any], said: Callable[[Any], Element]) -> Iterator[Node]:
    if "next" in pages:
        cursors: list[Node] = [
            [tag("code", f"page.{name}"), " is ", said(where)] for name, where in pages["next"].items()
        ]
        yield ["Page by page: the next one's ", join(" and ", cursors)]
    elif "link" in pages:
        yield [
            "Page by page: the next one is the ",
            tag("code", pages["link"]),
            " of the ",
            tag("code", "Link"),
            " header",
        ]
    elif "target" in pages:
        yield ["Page by page: the address of the next one is ", said(pages["target"])]
    elif "number" in pages:
        yield ["Page by page, numbered from ", str(pages["number"].get("start", 1)), ", until one is empty"]
    elif "offset" in pages:
        yield ["Page by page, by offset from ", str(pages["offset"].get("start", 0)), ", until one is empty"]
    if "while" in pages:
        yield [", as long as ", said(pages["while"])]
    if "size" in pages:
        yield [", ", str(pages["size"].get("max", "")), " a page at most"]
    yield "."


def _wait(wait: dict[str, Any], said: Callable[[Any], Element]) -> Iterator[Node]:
    if "when" in wait:
        yield ["With ", said(wait["when"]), ": "]
    yield "Waits until it is done: asks "
    asked = wait.get("target") or wait.get("path")
    yield said(asked) if asked else "again"
    yield " every "
    yield said(wait["every"]) if "every" in wait else "5"
    yield " s"
    if "backoff" in wait:
        yield [", each time ", said(wait["backoff"]), " times as long"]
    if "cap" in wait:
        yield [", at most ", said(wait["cap"]), " s"]
    if "status" in wait:
        yield [" while the status is ", str(wait["status"])]
    if "until" in wait:
        yield [" until ", said(wait["until"])]
    if "fail" in wait:
        yield [", fails when ", said(wait["fail"])]
    if "deadline" in wait:
        yield [", gives up after ", said(wait["deadline"]), " s"]
    yield "."


def _follow(follow: dict[str, Any], said: Callable[[Any], Element]) -> Iterator[Node]:
    if "when" in follow:
        yield ["With ", said(follow["when"]), " it"]
    else:
        yield "It"
    yield " keeps giving what is new"
    if "key" in follow:
        yield [", known by its ", said(follow["key"])]
    yield [", asking every ", said(follow["every"]) if "every" in follow else "5", " s"]
    if isinstance(until := follow.get("until"), dict):
        yield [", until ", said(until.get("when", "")), " of ", tag("code", until.get("module", ""))]
    yield "."


def _stream(stream: dict[str, Any], said: Callable[[Any], Element]) -> Iterator[Node]:
    delta = stream.get("delta")
    yield "Can be streamed: each event shows "
    if isinstance(delta, dict) and "value" not in delta:
        yield join(", ", [tag("code", name) for name in delta])
    else:
        yield said(delta.get("value") if isinstance(delta, dict) else delta) if delta else "itself"
    done = stream.get("done")
    if isinstance(done, dict):
        yield ["; the last is the one where ", said(done.get("when"))]
    elif done:
        yield ["; ", tag("code", done), " ends it"]
    yield "."


def errors(operation: OperationSpec, link: Link) -> Iterator[Node]:
    """Yield the table of errors, the first match first, and when a call is tried again."""
    body: list[list[Node]] = []
    for entry in operation.plan.get("errors") or ():
        status = entry["status"] if isinstance(entry["status"], list) else [entry["status"]]
        kind = str(entry["kind"])
        said: list[Node] = [KINDS.get(kind, "")]
        if "when" in entry:
            said.append(tag("p", "only when ", expression(str(entry["when"]), link)))
        if entry.get("retry") is False:
            said.append(tag("p", "not tried again"))
        body.append([", ".join(map(str, status)), tag("code", kind, class_="name"), said])
    yield table(["Status", "Kind", "Meaning"], body, class_="errors")
    retry = operation.plan.get("retry") or {}
    if retry.get("attempts", 1) > 1:
        method = str(operation.plan["request"].get("method", "GET"))
        if "methods" in retry and method not in retry["methods"] and "${" not in method and "idempotency" not in retry:
            yield tag("p", f"A {method} is never tried again.")
        else:
            when = ", ".join(map(str, retry.get("when") or ()))
            yield tag("p", f"Tried up to {retry['attempts']} times" + (f" on: {when}." if when else "."))
