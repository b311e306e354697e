"""The server itself: whatever is written in another way than the shape wants is refused, so a wrong encoding cannot pass."""

from __future__ import annotations

import base64
import json

import httpx
import pytest

BASIC = "Basic " + base64.b64encode("shop-9:pä:ss word".encode()).decode()
STREAM = {"X-Api-Key": "stream-key", "Api-Version": "2031-01-01"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
WRITTEN = {
    "repeat": "tags=a&tags=b",
    "brackets": "tags[]=a&tags[]=b",
    "indexed": "tags[0]=a&tags[1]=b",
    "comma": "tags=a,b",
}
OBJECTS = {"repeat": "dots", "brackets": "brackets", "indexed": "brackets", "comma": "dots"}


def bearer(name):
    return {"Authorization": f"Bearer {name}-key"}


def multipart(**parts):
    """Return headers and body of a multipart request whose parts are (file name, content, media type)."""
    request = httpx.Request("POST", "http://127.0.0.1", files=parts)
    return {"Content-Type": request.headers["content-type"]}, request.read()


def refused(server, method, path, headers, body=b""):
    """Return the reason for which the server refuses a request."""
    content = json.dumps(body).encode() if isinstance(body, dict | list) else body
    if isinstance(body, dict | list):
        headers = {"Content-Type": "application/json", **headers}
    with httpx.Client(trust_env=False) as client:
        answer = client.request(method, server.url + path, headers=headers, content=content or None)
    return answer.json()["message"] if answer.status_code == 400 else None


TRACED = {**bearer("pager"), "X-Trace": "1"}
ORDER = "/nested_form/v1/orders"
SHOP = {"Authorization": BASIC, **FORM}
OTHERS = [
    ("a page that was guessed", "GET", "/pager/v1/by-link?per_page=3&from=t-3", bearer("pager"), b""),
    ("a page number in place of a link", "GET", "/pager/v1/by-link?per_page=3&page=2", bearer("pager"), b""),
    ("too large a page", "GET", "/pager/v1/by-number?page=1&per_page=4", bearer("pager"), b""),
    ("a page that counts from nought", "GET", "/pager/v1/by-number?page=0&per_page=3", bearer("pager"), b""),
    ("a page number in place of an offset", "GET", "/pager/v1/by-offset?page=1", bearer("pager"), b""),
    ("a search by GET", "GET", "/pager/v1/search?text=rivet", bearer("pager"), b""),
    ("a search without a trace", "POST", "/pager/v1/search", bearer("pager"), {"text": "rivet"}),
    ("a cursor in the query", "POST", "/pager/v1/search?cursor=t-3", TRACED, {"text": "rivet"}),
    ("a cursor that is null", "POST", "/pager/v1/search", TRACED, {"text": "rivet", "cursor": None}),
    ("a cursor in a form", "POST", "/pager/v1/search", {**TRACED, **FORM}, b"text=rivet&cursor=t-3"),
    ("a size that is text", "POST", "/pager/v1/search", TRACED, {"text": "rivet", "size": "many"}),
    ("nobody's key", "GET", "/pager/v1/by-offset?offset=0", bearer("wrong"), b""),
    ("an order in JSON", "POST", ORDER, {"Authorization": BASIC}, {"gift": True}),
    ("an order with empty brackets", "POST", ORDER, SHOP, b"lines[][sku]=a"),
    ("an order with dots", "POST", ORDER, SHOP, b"customer.name=A"),
    ("an order that leaves out an index", "POST", ORDER, SHOP, b"lines[1][sku]=a"),
    ("an order that says a thing twice", "POST", ORDER, SHOP, b"gift=1&gift=2"),
    ("an order in a query", "POST", f"{ORDER}?gift=true", {"Authorization": BASIC}, b""),
    ("a bearer where Basic is asked for", "POST", ORDER, {**bearer("shop"), **FORM}, b"gift=true"),
    ("no key", "GET", "/query_key/v1/stars", {}, b""),
    ("a key twice", "GET", "/query_key/v1/stars?key=star/key%2B1&key=star/key%2B1", {}, b""),
    ("a key unescaped", "GET", "/query_key/v1/stars?key=star/key+1", {}, b""),
    ("a key in a header", "GET", "/query_key/v1/stars", {"Authorization": "Bearer star/key+1"}, b""),
    ("a key without its prefix", "POST", "/header_key/v1/notes", {"X-Access": "note-key"}, {"room": "hall"}),
    ("a key in another header", "POST", "/header_key/v1/notes", {"Authorization": "Key note-key"}, {"room": "hall"}),
    ("an empty header", "POST", "/header_key/v1/notes", {"X-Access": "Key note-key", "X-Team": ""}, {"room": "hall"}),
    ("a raw file as JSON", "PUT", "/blobs/v1/blobs/a", bearer("blob"), {"data": "AA=="}),
    ("a raw file in a part", "PUT", "/blobs/v1/blobs/a", {**bearer("blob"), "Content-Type": "multipart/form-data"}, b"x"),
    ("a raw file without a media type", "PUT", "/blobs/v1/blobs/a", bearer("blob"), b"x"),
    ("an unfinished multipart", "POST", "/blobs/v1/albums",
     {**bearer("blob"), "Content-Type": "multipart/form-data; boundary=x"}, b"--x\r\nContent-Disposition: form-data; "),
    ("a poll by POST", "POST", "/jobs/v1/films/f-1/state", bearer("job"), {}),
    ("a poll that still says JSON", "GET", "/jobs/v1/exports/e-1",
     {**bearer("job"), "Content-Type": "application/json"}, b""),
    ("a stream that is false", "POST", "/streams/v1/letters", STREAM, {"to": "A", "stream": False}),
    ("another version", "POST", "/streams/v1/letters", {**STREAM, "Api-Version": "2030-01-01"}, {"to": "A"}),
    ("rows as JSON", "GET", "/streams/v1/rows", {**STREAM, "Accept": "application/json"}, b""),
    ("a payment without a key of its own", "POST", "/careful/v1/payments", bearer("careful"), {"amount": 1}),
    ("something outside of the base", "GET", "/careful/v2/things", bearer("careful"), b""),
    ("something at nobody's", "GET", "/careless/v1/things", bearer("careful"), b""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "headers", "body"), [one[1:] for one in OTHERS], ids=[one[0] for one in OTHERS]
)
def test_another_encoding_is_refused(server, method, path, headers, body):
    assert refused(server, method, path, headers, body)


@pytest.mark.parametrize("style", WRITTEN)
@pytest.mark.parametrize("other", WRITTEN)
def test_a_list_in_another_style_is_refused_or_no_list(server, style, other):
    with httpx.Client(headers=bearer(style), trust_env=False) as client:
        answer = client.get(f"{server.base(f'lists_{style}')}/lists?{WRITTEN[other]}")
    assert (answer.json() == {"received": {"tags": ["a", "b"]}}) == (style == other)


def test_a_comma_that_was_escaped_joins_no_list(server):
    with httpx.Client(headers=bearer("comma"), trust_env=False) as client:
        answer = client.get(f"{server.base('lists_comma')}/lists?tags=a%2Cb,c")
    assert answer.json() == {"received": {"tags": ["a,b", "c"]}}


@pytest.mark.parametrize("style", WRITTEN)
def test_an_object_in_another_style_is_refused(server, style):
    other = "where[size]=1" if OBJECTS[style] == "dots" else "where.size=1"
    assert refused(server, "GET", f"/lists_{style}/v1/lists?{other}", bearer(style))


@pytest.mark.parametrize(
    "part",
    [
        {"details": (None, "{}")},
        {"details": ("details.json", "{}", "application/json")},
        {"details": (None, "{}", "application/json"), "cover": (None, "x", "image/png")},
        {"note": (None, "x", "text/plain")},
        {"stars": ("stars.txt", "3", "text/plain")},
        {"pages[]": ("1.txt", "one", "text/plain")},
    ],
)
def test_a_part_written_in_another_way_is_refused(server, part):
    named, body = multipart(**part)
    assert refused(server, "POST", "/blobs/v1/albums", {**bearer("blob"), **named}, body)
