"""The protocol of one connection, held against a general state machine for it."""

from __future__ import annotations

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from koppling.effects import NoAnswer
from koppling.send.message import Message
from koppling.send.wire import MOST_HEAD, Wire

ASKED = [("host", "acme.test"), ("content-length", "2")]


def message(method="GET", target="/v1/things", headers=(("host", "acme.test"),), pieces=()):
    return Message(method, target, list(headers), lambda: iter(pieces), replayable=True)


class Server:
    """A connection to a server that says these chunks, and then closes. `wrote` is what was written to it.

    `early`: what comes from it while it is still being written to: bytes, a failure, or None, one for each time.
    """

    def __init__(self, chunks, early=()):
        self.says, self._early, self.wrote = [*chunks, b""], list(early), []

    async def read(self):
        return self.says.pop(0)

    async def write(self, data):
        self.wrote.append(data)
        early = self._early.pop(0) if self._early else None
        if isinstance(early, NoAnswer):
            raise early
        return early


def asked(wire, message, server):
    """Have a message sent to a server; return the head of its answer."""
    with pytest.raises(StopIteration) as done:
        wire.ask(message, server).send(None)
    return done.value.value


def body_of(wire, server):
    """Return a body whole."""
    found = []
    while (piece := wire.body()) != b"":
        found.append(piece) if piece else wire.hear(server.says.pop(0))
    return b"".join(found)


def ours(chunks, method="GET"):
    """Return what we make of an answer: status, headers, body, whether the connection is kept; or None, refused."""
    wire, server = Wire(), Server(chunks)
    try:
        head = asked(wire, message(method), server)
        return head.status, head.headers, body_of(wire, server), wire.renew()
    except NoAnswer:
        return None


def theirs(data, method="GET"):
    """Return the same as h11 has it."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEAD)
    connection.send(h11.Request(method=method, target="/", headers=[("host", "acme.test")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    ended = False
    head, body = None, []
    try:
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                if ended:
                    return None
                ended = True
                connection.receive_data(b"")
            elif isinstance(event, h11.Response):
                headers = {}
                for name, value in event.headers:
                    text = value.decode("latin-1")
                    headers[name.decode()] = f"{headers[name.decode()]}, {text}" if name.decode() in headers else text
                head = (event.status_code, headers)
            elif isinstance(event, h11.Data):
                body.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                return (*head, b"".join(body))
            elif not isinstance(event, h11.InformationalResponse):
                return None
    except h11.RemoteProtocolError:
        return None


STATUS = st.sampled_from(["200 OK", "204 No Content", "304 Not Modified", "404", "500 ", "200  two", "099 x", "2000 x", "20 x", "600 Odd"])  # fmt: skip
NAME = st.sampled_from(["X-A", "x-a", "Content-Type", "content-length", "Transfer-Encoding", "Connection", "b ad", "", "x\0"])  # fmt: skip
VALUE = st.sampled_from(["a", " b\t ", "", "5", "05", "5, 5", "5, 6", "-1", "chunked", "Chunked", "gzip", "close", "keep-alive", "a\x01b", "a\rb", "é", "0"])  # fmt: skip
LINES = st.lists(st.tuples(NAME, VALUE), max_size=5)
CHUNKED = st.lists(st.sampled_from([b"3\r\nabc\r\n", b"A;x=y\r\n0123456789\r\n", b"0\r\n\r\n", b"0\r\nT: 1\r\n\r\n", b"2 \r\nab\r\n", b"g\r\n", b"1\r\nab\r\n", b"\r\n", b"1\nx\r\n", b"ffffffffffffffffffff\r\n"]), max_size=5).map(b"".join)  # fmt: skip
BODY = st.one_of(st.binary(max_size=12), CHUNKED, st.just(b"hello"), st.just(b"5\r\nhello\r\n0\r\n\r\n"))
VERSION = st.sampled_from(["1.1", "1.0", "1.1", "1.2", "x"])  # not 2.0, which h11 takes
INTERIM = st.sampled_from(
    [b"", b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"]
)


@st.composite
def answers(draw):
    end = draw(st.sampled_from(["\r\n", "\r\n", "\n", "\r\n "]))
    lines = "".join(f"{name}:{value}{end}" for name, value in draw(LINES))
    head = f"HTTP/{draw(VERSION)} {draw(STATUS)}\r\n{lines}\r\n".encode("latin-1")
    data = draw(INTERIM) + head + draw(BODY)
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=4)))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True) if start < end]


@settings(max_examples=600, deadline=None)
@given(answers(), st.sampled_from(["GET", "HEAD"]))
def test_what_we_read_of_an_answer_is_what_a_general_state_machine_reads_or_nothing(chunks, method):
    found, expected = ours(chunks, method), theirs(b"".join(chunks), method)
    if found is None:
        assert expected is None, expected
        return
    assert expected is not None, found
    (status, headers, body), spelled = expected, {"content-length", "transfer-encoding"}
    assert (found[0], found[2]) == (status, body)
    # 05 is 5, and Chunked is chunked.
    assert {name: value.lower().lstrip("0") if name in spelled else value for name, value in found[1].items()} == {
        name: value.lower().lstrip("0") if name in spelled else value for name, value in headers.items()
    }


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([b"", b"abc", b"x" * 70_000]),
    st.booleans(),
    st.lists(st.integers(0, 70_200), max_size=5),
    st.lists(st.integers(1, 40_000), min_size=1, max_size=5),
)
def test_a_right_answer_is_read_whole_however_it_is_cut(body, chunked, cuts, sizes):
    if chunked:
        pieces, at, number = [], 0, 0
        while at < len(body):
            piece = body[at : at + sizes[number % len(sizes)]]
            pieces.append(b"%x\r\n%b\r\n" % (len(piece), piece))
            at, number = at + len(piece), number + 1
        data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(pieces) + b"0\r\n\r\n"
    else:
        data = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    cuts = sorted(min(cut, len(data)) for cut in cuts)
    found = ours([data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True) if a < b])
    assert (found[0], found[2], found[3]) == (200, body, True)


KEPT = [
    ("a length", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", True),
    ("chunks", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", True),
    ("no content", b"HTTP/1.1 204 No Content\r\n\r\n", True),
    ("no content of no length", b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", True),
    ("an old server", b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", False),
    ("a server that closes", b"HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 2\r\n\r\n{}", False),
    ("a body to the end", b"HTTP/1.1 200 OK\r\n\r\n{}", False),
    ("more than announced", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}}", False),
    ("no content of some length", b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n", False),
    ("no content in chunks", b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", False),
    ("no content and a body", b"HTTP/1.1 204 No Content\r\n\r\n{}", False),
    ("two framings", b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", False),
]  # fmt: skip


@pytest.mark.parametrize(("data", "kept"), [case[1:] for case in KEPT], ids=[case[0] for case in KEPT])
def test_a_connection_is_kept_only_where_nothing_is_doubtful(data, kept):
    found = ours([data])
    assert found[2] in {b"{}", b""}
    assert found[3] is kept


REFUSED = [
    ("no status", b"HELO\r\n\r\n", "begin with a status"),
    ("another protocol", b"HTTP/2.0 200 OK\r\n\r\n", "begin with a status"),
    ("a head without end", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 30_000, "its head is longer"),
    ("a field without a name", b"HTTP/1.1 200 OK\r\n: b\r\n\r\n", "no header field"),
    ("two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", "its length is '5, 6'"),
    ("a length below nothing", b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "its length is '-1'"),
    ("another coding", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "its transfer encoding is 'gzip'"),
    ("a long coding", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: " + b"x" * 41 + b"\r\n\r\n", "its transfer encoding is 41 characters"),
    ("a long length", b"HTTP/1.1 200 OK\r\nContent-Length: " + b"1" * 41 + b"\r\n\r\n", "its length is 41 characters"),
    ("another protocol, unasked", b"HTTP/1.1 101 Switching\r\n\r\n", "nobody asked for"),
    ("interim for ever", b"HTTP/1.1 100 Continue\r\n\r\n" * 200, "beyond interim ones"),
    ("no chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n", "no chunk's size"),
    ("a chunk with more behind it", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}}\r\n", "no chunk's size"),
    ("a chunk's line without end", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;" + b"x" * 9000, "no chunk's size"),
    ("a trailer without end", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * 30_000, "its trailer is longer"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "words"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_is_no_http_is_refused_in_words(data, words):
    wire, server = Wire(), Server([data])
    with pytest.raises(NoAnswer, match=words) as caught:  # noqa: PT012  (in its head, or later)
        asked(wire, message(), server)
        body_of(wire, server)
    assert (caught.value.reason, caught.value.sent) == ("protocol", True)


def test_lines_that_were_folded_are_one():
    assert ours([b"HTTP/1.1 200 OK\r\nX-A: b\r\n  c\r\nContent-Length: 0\r\n\r\n"])[1]["x-a"] == "b c"


def test_a_header_is_utf_8_or_else_latin_1():
    assert ours(["HTTP/1.1 204 X\r\nx: å\r\n\r\n".encode()])[1] == {"x": "å"}
    assert ours(["HTTP/1.1 204 X\r\nx: å\r\n\r\n".encode("latin-1")])[1] == {"x": "å"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"headers": [("host", "a"), ("x", "b\r\nc: d")]},
        {"headers": [("host", "a"), ("x y", "b")]},
        {"headers": [("host", "a"), ("x", "å")]},
        {"target": "/a b"},
        {"target": "/a\r\nx: y"},
        {"method": "GET /x"},
    ],
    ids=str,
)
def test_what_would_begin_another_line_never_leaves(wrong):
    with pytest.raises(NoAnswer, match="no header can") as caught:
        asked(Wire(), message(**wrong), Server([]))
    assert (caught.value.reason, caught.value.sent) == ("protocol", False)


def written(method, headers, pieces):
    """Return what is written of a message."""
    server = Server([b"HTTP/1.1 204 X\r\n\r\n"])
    asked(Wire(), message(method, headers=headers, pieces=pieces), server)
    return server.wrote


def test_a_small_message_is_one_write_and_a_large_one_many():
    assert written("POST", ASKED, [b"{", b"}"]) == [
        b"POST /v1/things HTTP/1.1\r\nhost: acme.test\r\ncontent-length: 2\r\n\r\n{}"
    ]
    large = [b"x" * 65_536] * 3
    found = written("POST", [("content-length", "196608")], large)
    assert len(found) > 1
    assert b"".join(found).endswith(b"".join(large))
    chunked = written("POST", [("transfer-encoding", "chunked")], [b"abc"])
    assert b"".join(chunked).endswith(b"3\r\nabc\r\n0\r\n\r\n")


def test_an_answer_that_comes_early_ends_the_upload_and_the_connection():
    wire = Wire()
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"  # that is none
    early = [None, interim, b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"]
    upload = message("POST", headers=[("content-length", "655360")], pieces=[b"x" * 65_536] * 10)
    server = Server([], early)
    assert asked(wire, upload, server).status == 413
    assert len(server.wrote) == 3
    assert not wire.renew()


def test_an_answer_is_believed_though_its_sender_had_stopped_reading():
    server = Server(
        [b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"], [NoAnswer("cut", "the connection broke off", sent=True)]
    )
    assert asked(Wire(), message("POST", headers=ASKED, pieces=[b"{}"]), server).status == 401
