"""Answers that are meant badly: any status, headers that lead elsewhere, bodies of any shape, secrets repeated."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import httpx
from every_operation import Operation
from hostile_inputs import HOSTILE, PLAIN
from hypothesis import strategies as st

from koppling_tools.examples.load import load

ELSEWHERE = (
    "https://evil.example/x", "//evil.example/x", "http://evil.example", "https:evil.example", "https:///evil.example", "\\\\evil.example\\x", "/\\evil.example",
    "/\t/evil.example", "//evil.example:443/", "https://evil.example#@", "https://evil.example\\@", "ftp://evil.example", "javascript:alert(1)", "file:///etc/passwd", "data:,x",
    "HTTPS://EVIL.EXAMPLE", "https://[::1]/", "http://[", "https://user:pass@evil.example", "http://127.0.0.1:1/x", " https://evil.example", "https://evil.example.", "//", "://", "\ud800",
)  # fmt: skip
STATUSES = (
    200,
    200,
    200,
    201,
    202,
    204,
    206,
    299,
    301,
    302,
    303,
    307,
    308,
    304,
    300,
    400,
    401,
    404,
    408,
    409,
    410,
    418,
    429,
    500,
    503,
    599,
    600,
    999,
)
MEDIA_TYPES = (
    "application/json", "application/json; charset=utf-16", "application/problem+json", "text/event-stream", "application/x-ndjson", "text/plain", "text/html; charset=hex",
    "text/plain; charset=undefined", "text/plain; charset=idna", 'text/plain; charset="', "application/octet-stream", "image/png", "", "a", ";", "multipart/form-data",
)  # fmt: skip
WAITS = (
    "",
    "0",
    "-5",
    "nan",
    "inf",
    "1e400",
    "9" * 30,
    "6m0s",
    "9" * 400 + "h",
    "Thu, 01 Jan 1970 00:00:00 -0000",
    "Fri, 31 Dec 9999 23:59:59 -2359",
    "Sat, 01 Jan 10000 00:00:00 GMT",
    "9999-12-31T23:59:59Z",
    "99999999999",
    "x",
)
RAW = (
    b"", b" ", b"null", b"NaN", b"Infinity", b"-", b'{"a":1,"a":2}', b'{"error":NaN}', b"1e999", b"9" * 5_000, b'"\\ud800"', b'{"\\ud800":"\\udfff"}', b"\xff\xfe{}", b"\xef\xbb\xbf{}",
    b'{"data":"\xff"}', b"[" * 50_000, b'{"error":' * 900 + b"1" + b"}" * 900, b"[" * 400 + b"]" * 400, b'{"data":[' * 480 + b"]}" * 480, b"<html>no</html>", b"\0", b"data: ", b"data: {}\n\n",
    b"data: [DONE]\n\n", b"\r\r\r", b"event: x\ndata\n\n", b"{}\n{", b"[]\n\n1", b"\x1f\x8b\x08",
)  # fmt: skip
FORMS = (
    str,
    lambda text: f"Bearer {text}",
    json.dumps,
    lambda text: json.dumps(json.dumps(text)),
    lambda text: text.replace("/", "\\/"),
    lambda text: "".join(f"\\u{ord(one):04x}" for one in text),
    quote,
    quote_plus,
    lambda text: quote(text, safe="").lower(),
    lambda text: quote(quote(text, safe=""), safe=""),
    lambda text: base64.b64encode(text.encode()).decode(),
    lambda text: base64.urlsafe_b64encode(f"me:{text}".encode()).decode(),
    lambda text: f"https://evil.example/{quote(text)}?key={quote_plus(text)}",
    repr,
    lambda text: "x" * 40 + text,
    lambda text: "x" * 70 + text,
    lambda text: "x" * 110 + text,
)


@dataclass
class Vendor:
    """Gives these answers in order, and in the end refuses everything; remembers where it was asked."""

    answers: list[Any]
    asked: list[httpx.Request] = field(default_factory=list)

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer as a transport does."""
        request.read()
        self.asked.append(request)
        if len(self.asked) > len(self.answers):
            return httpx.Response(404, json={"error": {"message": "no more"}})
        answer = self.answers[len(self.asked) - 1]
        if isinstance(answer, tuple):
            kind, message = answer
            raise kind(message, request=request)
        status, headers, body = answer["status"], answer["headers"], answer["body"]
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))


@cache
def answers_of(operation: Operation, secrets: tuple[str, ...]) -> st.SearchStrategy[list[Any]]:
    """Return a strategy of what a vendor answers in a row; `secrets` are what it may repeat."""
    echoes = st.builds(
        lambda form, secret: form(secret), st.sampled_from(FORMS), st.sampled_from(secrets or ("nothing secret",))
    )
    one = st.one_of(
        _answer(operation, echoes), _answer(operation, echoes), _answer(operation, echoes), _failure(echoes)
    )
    return st.lists(one, min_size=1, max_size=5)


def _failure(echoes: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    kinds = (httpx.ConnectError, httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError, httpx.DecodingError)
    return st.tuples(st.sampled_from(kinds), echoes)


def _answer(operation: Operation, echoes: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    leaf = st.one_of(
        st.none(), st.booleans(), st.sampled_from((0, -1, 1.5, 10**30, 1e308, -(2**63))), echoes, echoes,
        st.sampled_from(HOSTILE), st.sampled_from(PLAIN), st.sampled_from(ELSEWHERE),
    )  # fmt: skip
    words = st.one_of(st.sampled_from(operation.words), echoes) if operation.words else echoes
    tree = st.recursive(
        leaf,
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=4)),
        max_leaves=8,
    )
    stated = _stated(operation)
    value = st.one_of(tree, st.sampled_from(stated).flatmap(lambda one: _mixed(one, tree))) if stated else tree
    header = st.one_of(
        st.tuples(st.sampled_from(["location", "content-location"]), st.sampled_from(ELSEWHERE)),
        st.tuples(st.just("link"), st.sampled_from(ELSEWHERE).map(lambda one: f'<{one}>; rel="next"')),
        st.tuples(st.sampled_from(["retry-after", "retry-after-ms"]), st.sampled_from(WAITS)),
        st.tuples(st.sampled_from(["set-cookie", "content-disposition", "location", "link", "retry-after", operation.request_id, "x-echo"]), echoes),
        st.tuples(st.just("content-disposition"), st.sampled_from(HOSTILE).map(lambda one: f'attachment; filename="{one}"')),
    )  # fmt: skip
    # What is used up, and for how long.
    told = st.fixed_dictionaries(dict.fromkeys(operation.told_of_limits, st.sampled_from(WAITS)))
    limits = st.one_of(st.just({}), told) if operation.told_of_limits else st.just({})
    body = st.one_of(
        value.map(_json), value.map(_json), st.lists(value, max_size=4).map(_events), st.lists(value, max_size=3).map(_lines), st.sampled_from(RAW),
        echoes.map(lambda text: f"<p>{text}</p>".encode()), value.map(lambda one: gzip.compress(_json(one))),
    )  # fmt: skip
    return st.fixed_dictionaries(
        {
            "status": st.sampled_from(STATUSES),
            "headers": st.tuples(st.sampled_from(MEDIA_TYPES), st.lists(header, max_size=2), limits).map(_headers),
            "body": body,
        }
    )


def _headers(given: tuple[str, list[tuple[str, str]], dict[str, str]]) -> list[tuple[bytes, bytes]]:
    media_type, more, limits = given
    found = [("content-type", media_type), *more, *limits.items()]
    return [
        (name.encode(), value.encode(errors="replace").replace(b"\n", b" ").replace(b"\r", b" "))
        for name, value in found
    ]


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _events(values: list[Any]) -> bytes:
    return b"".join(b"data: " + _json(one) + b"\n\n" for one in values) + b"data: [DONE]\n\n"


def _lines(values: list[Any]) -> bytes:
    return b"\n".join(map(_json, values))


def _stated(operation: Operation) -> list[Any]:
    """Return the values that the operation's examples say that a vendor answers."""
    found: list[Any] = []
    for example in examples_of(operation):
        for exchange in example.exchanges:
            for key in ("json", "events", "lines"):
                if key in exchange.response:
                    value = exchange.response[key]
                    found += value if key != "json" else [value]
    return found[:40]


def examples_of(operation: Operation) -> list[Any]:
    """Return the examples of a module."""
    name, _, major = operation.module.partition(".")[2].partition("@")
    return _examples_in(operation.root / operation.connector.name / "examples" / f"{name}.v{major}")


@cache
def _examples_in(folder: Path) -> list[Any]:
    return [one for one in map(load, sorted(folder.glob("*.yaml"))) if not one.faults]


def _mixed(value: Any, tree: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return a strategy of a value in which something here and there is something else."""
    if isinstance(value, dict):
        kept = st.fixed_dictionaries({}, optional={key: _mixed(one, tree) for key, one in value.items()})
        return st.one_of(st.just(value), kept, tree)
    if isinstance(value, list):
        return st.one_of(st.just(value), st.tuples(*(_mixed(one, tree) for one in value[:3])).map(list), tree)
    return st.one_of(st.just(value), tree)
