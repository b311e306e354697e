"""Requests as they go over the wire, held against what examples state."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from koppling_tools.examples.compare import path_text
from koppling_tools.examples.match import mismatches
from koppling_tools.examples.wire import Sent, parts_of

BASE = "https://api.acme.example/v2/"


def sent(method: str, url: str, **body: Any) -> Sent:
    request = httpx.Request(method, url, **body)
    return Sent.of(request.method, str(request.url), request.headers.multi_items(), request.read(), BASE)


FITS: list[tuple[dict[str, Any], Sent]] = [
    ({"method": "GET", "path": "/things"}, sent("GET", f"{BASE}things")),
    ({"method": "get", "path": "things"}, sent("GET", f"{BASE}things")),
    ({"method": "GET", "path": "/things/a/b c"}, sent("GET", f"{BASE}things/a%2Fb%20c")),
    ({"method": "GET", "path": "/"}, sent("GET", "https://api.acme.example/v2")),
    ({"method": "GET", "path": "https://api.acme.example/v3/x"}, sent("GET", "https://api.acme.example/v3/x")),
    (
        {"method": "GET", "path": "/x", "query": {"a[]": ["1", "2"], "b": ""}},
        sent("GET", f"{BASE}x?a%5B%5D=1&b=&a[]=2"),
    ),
    ({"method": "GET", "path": "/x", "query": {"n": 10, "on": True}}, sent("GET", f"{BASE}x?n=10&on=true")),
    (
        {"method": "GET", "path": "/x", "headers": {"x-one": "a"}},
        sent("GET", f"{BASE}x", headers={"X-One": "a", "X-Two": "b"}),
    ),
    (
        {"method": "POST", "path": "/x", "json": {"a": 1.0}},
        sent(
            "POST",
            f"{BASE}x",
            content=b'{"a":1.0}',
            headers={"content-type": "application/vnd.acme+json; charset=utf-8"},
        ),
    ),
    (
        {"method": "POST", "path": "/x", "form": {"a[b]": "ö", "c": ["1", "2"]}},
        sent("POST", f"{BASE}x", data={"a[b]": "ö", "c": ["1", "2"]}),
    ),
    ({"method": "POST", "path": "/x", "text": "héj"}, sent("POST", f"{BASE}x", content="héj".encode())),
    ({"method": "POST", "path": "/x", "base64": "/wA="}, sent("POST", f"{BASE}x", content=b"\xff\x00")),
    (
        {
            "method": "POST",
            "path": "/x",
            "multipart": [
                {"name": "f", "filename": 'a "b"\n.png', "media_type": "image/png", "base64": "/wAN"},
                {"name": "c", "value": "ö\r\n--"},
                {"name": "f", "filename": "c.txt", "media_type": "text/plain", "text": "t"},
                {"name": "j", "media_type": "application/json", "text": "{}"},
            ],
        },
        sent(
            "POST",
            f"{BASE}x",
            data={"c": "ö\r\n--"},
            files=[
                ("j", (None, b"{}", "application/json")),
                ("f", ("c.txt", b"t", "text/plain")),
                ("f", ('a "b"\n.png', b"\xff\x00\r", "image/png")),
            ],
        ),
    ),
]

MISFITS: list[tuple[dict[str, Any], Sent, list[str]]] = [
    ({"method": "PUT", "path": "/x"}, sent("POST", f"{BASE}x"), ["method"]),
    ({"method": "GET", "path": "/x/"}, sent("GET", f"{BASE}x"), ["path"]),
    ({"method": "GET", "path": "/x"}, sent("GET", "https://other.example/v2/x"), ["path"]),
    ({"method": "GET", "path": "/x"}, sent("GET", "https://api.acme.example/v22/x"), ["path"]),
    ({"method": "GET", "path": "/x"}, sent("GET", f"{BASE}x?a=1"), ["query.a"]),
    ({"method": "GET", "path": "/x", "query": {"a": ["1", "2"]}}, sent("GET", f"{BASE}x?a=2&a=1"), ["query.a"]),
    ({"method": "GET", "path": "/x", "query": {"a": "1"}}, sent("GET", f"{BASE}x?a=1&a=1"), ["query.a"]),
    ({"method": "GET", "path": "/x", "headers": {"X-One": "a"}}, sent("GET", f"{BASE}x"), ["headers.X-One"]),
    ({"method": "POST", "path": "/x"}, sent("POST", f"{BASE}x", json={}), ["json"]),
    ({"method": "POST", "path": "/x", "json": {}}, sent("POST", f"{BASE}x"), ["json"]),
    (
        {"method": "POST", "path": "/x", "json": {"a": 1}},
        sent("POST", f"{BASE}x", json={"a": True, "b": None}),
        ["json.a", "json.b"],
    ),
    (
        {"method": "POST", "path": "/x", "json": {"a": 1}},
        sent("POST", f"{BASE}x", content=b'{"a":1}'),
        ["json", "text"],
    ),
    (
        {"method": "POST", "path": "/x", "form": {"a": "1"}},
        sent("POST", f"{BASE}x", data={"a": "1", "b": "2"}),
        ["form.b"],
    ),
    ({"method": "POST", "path": "/x", "text": "a"}, sent("POST", f"{BASE}x", content=b"b"), ["text"]),
    (
        {"method": "POST", "path": "/x", "multipart": [{"name": "a", "value": "1"}, {"name": "a", "value": "1"}]},
        sent("POST", f"{BASE}x", files=[("a", (None, b"1"))]),
        ["multipart[1]"],
    ),
    (
        {"method": "POST", "path": "/x", "multipart": [{"name": "a", "value": "1"}]},
        sent("POST", f"{BASE}x", files=[("a", ("a", b"1", "text/plain"))]),
        ["multipart[0].value", "multipart[0].filename", "multipart[0].media_type", "multipart[0].text"],
    ),
]


@pytest.mark.parametrize(("stated", "request_sent"), FITS)
def test_a_request_fits_what_is_stated(stated: dict[str, Any], request_sent: Sent) -> None:
    assert mismatches(stated, request_sent) == []


@pytest.mark.parametrize(("stated", "request_sent", "places"), MISFITS)
def test_everything_but_the_headers_is_compared_whole(
    stated: dict[str, Any], request_sent: Sent, places: list[str]
) -> None:
    assert [path_text(one.pointer) for one in mismatches(stated, request_sent)] == places


@pytest.mark.parametrize("request_sent", [request_sent for _, request_sent in FITS])
def test_a_request_written_as_an_example_states_one_fits_itself(request_sent: Sent) -> None:
    assert mismatches(request_sent.as_stated(), request_sent) == []


def test_a_part_keeps_line_breaks_at_its_end_and_an_escaped_name() -> None:
    data = (
        b"--b\r\ncontent-disposition: form-data; name=\"a%22b\"; filename*=UTF-8''h%C3%B6hle.txt\r\n"
        b"Content-Type: text/plain\r\n\r\nline\r\n\r\n--b--\r\nepilogue"
    )
    (part,) = parts_of(data, 'multipart/form-data; boundary="b"')
    assert (part.name, part.filename, part.media_type, part.data) == ('a"b', "höhle.txt", "text/plain", b"line\r\n")
