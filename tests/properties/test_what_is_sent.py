"""Whatever the inputs, a request goes to the connection's origin, and is what its spec says, written soundly."""

from __future__ import annotations

import email.policy
import json
import re
import uuid
import warnings
from email.parser import BytesParser
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes, urlsplit

import h11
import httpx
import pytest
from every_operation import CANARY, OPERATIONS, Operation, often
from hostile_inputs import HOSTILE, PLAIN, fits, inputs_of
from hypothesis import event, given
from hypothesis import strategies as st

import koppling
from koppling.body import Content, Multipart, Raw
from koppling.send.message import compose
from koppling.send.route import route_to, split
from koppling.send.wire import _outgoing
from koppling.template import Reference, parse

EVERY = pytest.mark.parametrize("operation", OPERATIONS, ids=str)


@pytest.fixture(autouse=True)
def _one_identity(monkeypatch):
    monkeypatch.setattr(uuid, "uuid4", lambda: "6f1e4c1e-0a52-4ec0-94d6-7d3b9a2f5c11")


class Sent(Exception):
    """What a call sent first."""

    def __init__(self, request: httpx.Request) -> None:
        super().__init__("sent")
        self.request = request


def first_request(
    operation: Operation, inputs: dict[str, Any], **options: Any
) -> tuple[koppling.Request, httpx.Request]:
    """Return the request of a call: as the interpreter renders it, and as the transport is given it.

    Raises:
        InputInvalid: there is none.
    """

    def take(request: httpx.Request) -> httpx.Response:
        request.read()
        raise Sent(request)

    with operation.client(httpx.MockTransport(take)) as client, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            rendered = client.render(operation.module, inputs, **options)
        except koppling.InputInvalid as error:
            return error
        try:
            client.execute(operation.module, inputs, **options)
        except Sent as sent:
            return rendered, sent.request
    assert inputs.get("limit", 1) <= 0  # nothing is asked for
    return None


@EVERY
@given(data=st.data())
@often(5)
def test_valid_inputs_render(operation, data):
    inputs = data.draw(inputs_of(operation, PLAIN))
    found = first_request(operation, inputs)
    event(type(found).__name__)
    if isinstance(found, koppling.InputInvalid):
        assert all(one.message for one in found.problems)
        # What an input holds of headers is looked at when they are written, whatever its schema lets through.
        assert isinstance(operation.plan["request"].get("headers"), str) or not fits(operation, inputs), found
        return
    if found is not None:
        check(operation, *found)


@EVERY
@given(data=st.data())
@often(12)
def test_hostile_inputs_are_refused_in_words_or_sent_as_what_they_are(operation, data):
    inputs = data.draw(inputs_of(operation, HOSTILE))
    extra = data.draw(st.sampled_from(["forbid", "pass"]))
    if extra == "pass":
        inputs[data.draw(st.sampled_from(HOSTILE))] = data.draw(st.sampled_from(HOSTILE))
    found = first_request(operation, inputs, extra=extra)
    event(type(found).__name__)
    if isinstance(found, koppling.InputInvalid):
        assert all(one.message for one in found.problems)
        return
    if found is not None:
        check(operation, *found)


def test_what_is_shown_of_a_followed_list_is_what_its_first_round_sends():
    operation = next(one for one in OPERATIONS if one.name == "list_events" and one.connector.name == "openai")
    inputs = {"fine_tuning_job_id": "ftjob-1", "follow": True, "limit": 2, **operation.chosen}
    rendered, request = first_request(operation, inputs)
    assert rendered.url == str(request.url) == f"{operation.base}/fine_tuning/jobs/ftjob-1/events"


# ---- what every request must be ----


def check(operation: Operation, rendered: koppling.Request, request: httpx.Request) -> None:
    """Check a request that would have been sent: as httpx writes it, and as the interpreter's own connections do."""
    check_address(operation, str(request.url), request.url)
    check_headers(operation, request)
    check_body(rendered.body, request.headers, request.content)
    head, sent = on_the_wire(rendered)
    headers = httpx.Headers(list(head.headers))
    assert (head.method, head.target) == (request.method.encode(), request.url.raw_path)
    # A multipart body without parts: httpx sends none at all.
    assert {name for name, _ in head.headers} ^ {name.lower() for name, _ in request.headers.raw} <= (
        {b"content-type"} if rendered.body == Multipart(()) else set()
    )
    assert len(set(headers)) == len(head.headers)
    check_body(rendered.body, headers, sent)


def on_the_wire(rendered: koppling.Request) -> tuple[h11.Request, bytes]:
    """Return what a strict reader reads of the bytes that go to the vendor."""
    origin, target = split(rendered.url)
    reader = h11.Connection(h11.SERVER)
    for piece in _outgoing(compose(rendered, route_to(origin), origin, target)):
        reader.receive_data(piece)
    head, body = reader.next_event(), b""
    assert isinstance(head, h11.Request)
    while isinstance(event := reader.next_event(), h11.Data):
        body += event.data
    assert isinstance(event, h11.EndOfMessage)
    assert reader.trailing_data == (b"", False)
    return head, body


def check_address(operation: Operation, text: str, url: httpx.URL) -> None:
    base, other = urlsplit(operation.base), urlsplit(text)
    assert (other.scheme, other.hostname, other.port) == (base.scheme, base.hostname, base.port)
    assert (url.scheme, url.host, url.port) == (base.scheme, base.hostname, base.port)
    assert (other.username, other.password, other.fragment) == (None, None, "")
    raw_path, _, query = url.raw_path.partition(b"?")
    assert raw_path.decode() == (other.path or "/")
    assert query.decode() == other.query
    assert re.fullmatch(r"[\x21-\x7e]+", url.raw_path.decode())
    path, below = raw_path.decode(), httpx.URL(operation.base).raw_path.decode().rstrip("/")
    assert path == below or path.startswith(f"{below}/")
    assert not dotted(path)
    template = operation.plan["request"].get("path")
    parts = parse(template) if template is not None else []
    if template is not None and not any(isinstance(one, Reference) and one.several for one in parts):
        written = "".join(one if isinstance(one, str) else "x" for one in parts)
        assert path.removeprefix(below).strip("/").count("/") == written.strip("/").count("/")
        assert "//" not in path.removeprefix(below)


def dotted(path: str) -> bool:
    """Tell whether a path has a dot segment or a control character, however often its reader decodes it."""
    data = path.encode()
    for _ in range(12):
        pieces = re.split(rb"[/\\]", data)
        if any(piece.partition(b";")[0] in {b".", b".."} for piece in pieces) or re.search(rb"[\x00-\x1f\x7f]", data):
            return True
        data = unquote_to_bytes(data)
    return False


def check_headers(operation: Operation, request: httpx.Request) -> None:
    """Check that a strict writer writes the head, and a strict reader reads the same."""
    ours, theirs = h11.Connection(h11.CLIENT), h11.Connection(h11.SERVER)
    head = h11.Request(method=request.method, target=request.url.raw_path, headers=request.headers.raw)
    theirs.receive_data(ours.send(head))
    read = theirs.next_event()
    assert isinstance(read, h11.Request)
    assert (read.method, read.target) == (head.method, head.target)
    assert list(read.headers) == [(name.lower(), value) for name, value in request.headers.raw]
    host = request.headers.get_list("host")
    assert host == [urlsplit(operation.base).netloc]
    for name in ("authorization", "content-type", "content-length", "transfer-encoding"):
        assert len(request.headers.get_list(name)) <= 1
    assert "cookie" not in request.headers
    auth = operation.connector.plan["auth"]
    if "bearer" in auth:
        assert request.headers["authorization"].startswith(f"Bearer {CANARY}")
    if (auth.get("api_key") or {}).get("in") == "header":
        assert CANARY in request.headers[auth["api_key"]["name"]]


def check_body(body: Any, headers: httpx.Headers, sent: bytes) -> None:
    """Check that another parser reads the body that the interpreter meant."""
    if "content-length" in headers:
        assert int(headers["content-length"]) == len(sent)
    match body:
        case None:
            assert sent == b""
        case Content(media_type="application/json"):
            assert json.loads(sent, object_pairs_hook=once, parse_constant=unheard) == body.value
        case Content(media_type="application/x-www-form-urlencoded"):
            assert re.fullmatch(rb"[\x21-\x7e]*", sent)
            for name, value in parse_qsl(sent.decode(), keep_blank_values=True, strict_parsing=bool(sent)):
                name.encode(), value.encode()
        case Content():
            assert sent == body.data
        case Multipart(()):
            assert sent == b"" or sent.startswith(b"--")
        case Multipart(parts):
            check_multipart(parts, headers["content-type"], sent)
        case Raw(file):
            assert sent == file.read()


def check_multipart(parts: Any, content_type: str, sent: bytes) -> None:
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = BytesParser(policy=email.policy.compat32).parsebytes(head + sent)
    assert not message.defects
    found = message.get_payload()
    assert len(found) == len(parts)
    for part, read in zip(parts, found, strict=True):
        assert {name.lower() for name in read} <= {"content-disposition", "content-type"}
        assert len(read.keys()) == len(set(read.keys()))
        assert not read.defects
        content = part.content if isinstance(part.content, bytes) else part.content.read()
        assert read.get_payload(decode=True) == content
        if part.media_type:
            assert read["content-type"] == part.media_type


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    assert len(found) == len(pairs)
    return found


def unheard(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")
