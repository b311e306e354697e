"""How a stream may end, row by row as the page on the language has it, in both worlds; and that leaving it leaves nothing."""

import asyncio
import json
import socket
import threading

import httpx
import pytest
from acme import SECRET

import koppling

CONNECTOR = """koppling: 1
name: acme
title: Acme
version: 1.0.0
connection:
  fields:
    api_key: {type: string, secret: true}
    base_url: {type: string, format: uri, default: "http://acme.test/v1/"}
  required: [api_key]
auth: {bearer: "${connection.api_key}"}
request: {base_url: "${connection.base_url}", timeout: {connect: 5, read: 20}}
errors: [{status: 200, when: "error.code == 'slow'", kind: rate_limit}]
error_body: {message: error.message, code: error.code}
retry: {attempts: 1}
"""

MODULE = """name: say
version: 1.0.0
title: Say
fields: {stream: {type: boolean}}
request: {method: POST, path: /say, json: {stream: "${input.stream}"}}
response:
  output: {text: text, kinds: kinds}
  stream:
    set: {stream: true}
    format: FORMAT
    DONE
    error: "${event.error || (event_name == 'failed' && event)}"
    delta: {text: t}
    fold: {text: {concat: t}, kinds: {append: "${event_name}"}}
"""

LINES = """name: rows
version: 1.0.0
title: Rows
fields: {}
request: {path: /rows}
response: {format: ndjson, output: {rows: "[].t"}}
"""

# No expression of it looks at more than the event: its events need not be looked at one by one.
PLAIN = """name: tell
version: 1.0.0
title: Tell
fields: {}
request: {method: POST, path: /say}
response:
  output: {text: text}
  stream: {done: "[DONE]", error: error, delta: {text: t}, fold: {text: {concat: t}}}
"""

MARK, TYPED, NONE = 'done: "[DONE]"', "done: {when: last}", ""


def specs(folder, form, done):
    home = folder / "acme"
    (home / "modules").mkdir(parents=True)
    (home / "connector.yaml").write_text(CONNECTOR)
    module = MODULE.replace("FORMAT", form).replace("    DONE\n", f"    {done}\n" if done else "")
    (home / "modules" / "say.v1.yaml").write_text(module)
    (home / "modules" / "rows.v1.yaml").write_text(LINES)
    (home / "modules" / "tell.v1.yaml").write_text(PLAIN)
    return folder


class Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """Chunks, and perhaps a failure behind them."""

    def __init__(self, chunks, fail=None):
        self.chunks, self.fail, self.closed = chunks, fail, False

    def __iter__(self):
        yield from self.chunks
        if self.fail is not None:
            raise self.fail

    async def __aiter__(self):
        for chunk in self:
            yield chunk

    def close(self):
        self.closed = True

    async def aclose(self):
        self.closed = True


class Outcome:
    """What one streamed call came to."""

    def __init__(self):
        self.deltas, self.result, self.error = [], None, None


def live(world, folder, body, media_type="text/event-stream", module="acme.say"):
    answer = httpx.Response(200, headers={"content-type": media_type}, stream=body)
    connection, found = koppling.Connection("acme", api_key=SECRET), Outcome()

    class Transport(httpx.BaseTransport, httpx.AsyncBaseTransport):
        def handle_request(self, _request):
            return answer

        async def handle_async_request(self, _request):
            return answer

    async def both():
        async with koppling.AsyncClient(connection, folder, Transport()) as client, client.stream(module) as stream:
            async for delta in stream:
                found.deltas.append(delta["text"])
            found.result = (await stream.result()).output

    try:
        if world == "async":
            asyncio.run(both())
        else:
            with koppling.Client(connection, folder, Transport()) as client, client.stream(module) as stream:
                for delta in stream:
                    found.deltas.append(delta["text"])
                found.result = stream.result().output
    except koppling.KopplingError as error:
        found.error = error
    assert body.closed
    return found


def event(**value):
    return f"data: {json.dumps(value)}\n\n".encode()


A, B, DONE, LAST = event(t="a"), event(t="b"), b"data: [DONE]\n\n", event(t="z", last=True)
CUT, LATE = httpx.RemoteProtocolError("peer closed"), httpx.ReadTimeout("slow")
BIG = "å" * (2 << 20)
LARGE = f'data: {{"t": "{BIG}"}}\n\n'.encode()

# what it is: format, done, chunks, failure, deltas, (type of error, what it says of itself) or the text, the partial text
WHOLE = {
    "its end mark": ("sse", MARK, [A, B, DONE], None, ["a", "b"]),
    "all in one chunk": ("sse", MARK, [A + B + DONE], None, ["a", "b"]),
    "an end mark in several pieces": ("sse", MARK, [A + B + b"data: [DO", b"NE]\n", b"\n"], None, ["a", "b"]),
    "an end mark without its blank line": ("sse", MARK, [A + B + b"data: [DONE]"], None, ["a", "b"]),
    "an end mark without its blank line, but with an end of line": ("sse", MARK, [A + B + b"data: [DONE]\n"], None, ["a", "b"]),
    "events after the end mark": ("sse", MARK, [A + B + DONE + event(t="c"), event(error="no")], None, ["a", "b"]),
    "rubbish after the end mark": ("sse", MARK, [A + B + DONE + b"data: {\n\n"], CUT, ["a", "b"]),
    "an event that completes it": ("sse", TYPED, [A, LAST], None, ["a", "z"]),
    "events after the one that completes it": ("sse", TYPED, [A, LAST, B], None, ["a", "z", "b"]),
    "a mark of its own after the event that completes it": ("sse", TYPED, [A, LAST, DONE], None, ["a", "z"]),
    "half an event after the one that completes it": ("sse", TYPED, [A, LAST, B[:-2]], None, ["a", "z"]),
    "no end that is declared": ("sse", NONE, [A, B], None, ["a", "b"]),
    "no event and no end that is declared": ("sse", NONE, [], None, []),
    "half an event and no end that is declared": ("sse", NONE, [A, B[:-1]], None, ["a"]),
    "comments": ("sse", MARK, [b": hi\n\n", A, b":\n: x\n", B, b": bye\n\n", DONE], None, ["a", "b"]),
    "ids, retry times and unknown fields": ("sse", MARK, [b"id: 1\nretry: 5\nx: y\n", A, b"id\n\n", B, DONE], None, ["a", "b"]),
    "events without data": ("sse", MARK, [b"event: ping\n\n", A, b"data:\n\n", B, b"data\n\n", DONE], None, ["a", "b"]),
    "CRLF": ("sse", MARK, [(A + B + DONE).replace(b"\n", b"\r\n")], None, ["a", "b"]),
    "CR": ("sse", MARK, [(A + B + DONE).replace(b"\n", b"\r")], None, ["a", "b"]),
    "CRLF cut in two": ("sse", MARK, [A[:-2] + b"\r", b"\n\r", b"\n" + B + DONE], None, ["a", "b"]),
    "a byte order mark": ("sse", MARK, [b"\xef", b"\xbb", b"\xbf" + A + B + DONE], None, ["a", "b"]),
    "data of several lines": ("sse", MARK, [b'data: {"t":\ndata:  "a"}\n\n', DONE], None, ["a"]),
    "a byte a chunk": ("sse", MARK, [bytes([one]) for one in event(t="åß木🌲") + DONE], None, ["åß木🌲"]),
    "an event of four megabytes": ("sse", MARK, [event(t=BIG), DONE], None, [BIG]),
    "an event of four megabytes in small chunks": ("sse", MARK, [*(LARGE[at : at + 4093] for at in range(0, len(LARGE), 4093)), DONE], None, [BIG]),
    "bytes that are no UTF-8": ("sse", MARK, [b'data: {"t": "\xff"}\n\n', DONE], None, ["\ufffd"]),
    "spaces around the JSON": ("sse", MARK, [b'data:   {"t": "a"}  \n\n', DONE], None, ["a"]),
    "an event that shows nothing": ("sse", MARK, [event(x=1), A, event(t=None), DONE], None, ["a"]),
    "events that are no objects": ("sse", MARK, [b"data: 1\n\ndata: []\n\ndata: null\n\n", A, DONE], None, ["a"]),
    "lines": ("ndjson", NONE, [b'{"t": "a"}\n{"t": ', b'"b"}\r\n\n'], None, ["a", "b"]),
    "a last line without an end": ("ndjson", NONE, [b'{"t": "a"}\n{"t": "b"}'], None, ["a", "b"]),
    "lines with an end mark": ("ndjson", MARK, [b'{"t": "a"}\n[DONE]\n{'], None, ["a"]),
    "lines with an end mark that has no end": ("ndjson", MARK, [b'{"t": "a"}\n[DONE]'], None, ["a"]),
    "lines of which the last completes it": ("ndjson", TYPED, [b'{"t": "a"}\n{"t": "z", "last": true}'], None, ["a", "z"]),
}  # fmt: skip

BROKEN = {
    "no end mark": ("sse", MARK, [A, B], None, ["a", "b"], "TransportError cut", "ab"),
    "half an end mark": ("sse", MARK, [A, b"data: [DO"], None, ["a"], "TransportError cut", "a"),
    "no event that completes it": ("sse", TYPED, [A, B], None, ["a", "b"], "TransportError cut", "ab"),
    "half of the event that completes it": ("sse", TYPED, [A, LAST[:-2]], None, ["a"], "TransportError cut", "a"),
    "no event at all": ("sse", MARK, [], None, [], "TransportError cut", None),
    "comments only": ("sse", MARK, [b": hi\n\n"], None, [], "TransportError cut", None),
    "a break": ("sse", MARK, [A, B[:-4]], CUT, ["a"], "TransportError cut", "a"),
    "a break at once": ("sse", MARK, [], CUT, [], "TransportError cut", None),
    "a break after the event that completes it": ("sse", TYPED, [A, LAST], CUT, ["a", "z"], "TransportError cut", "az"),
    "a break where no end is declared": ("sse", NONE, [A], CUT, ["a"], "TransportError cut", "a"),
    "silence": ("sse", MARK, [A], LATE, ["a"], "TransportError timeout", "a"),
    "an error": ("sse", MARK, [A + event(error={"message": "m", "code": "c"}) + B + DONE], None, ["a"], "ApiError runtime c", "a"),
    "an error of a kind": ("sse", MARK, [A, event(error={"message": "m", "code": "slow"})], None, ["a"], "ApiError rate_limit slow", "a"),
    "an error at once": ("sse", MARK, [event(error={"message": "m", "code": "c"})], None, [], "ApiError runtime c", None),
    "an error after the event that completes it": ("sse", TYPED, [LAST, event(error={"code": "c"})], None, ["z"], "ApiError runtime c", "z"),
    "an error by name": ("sse", MARK, [A, b'event: failed\ndata: {"x": 1}\n\n'], None, ["a"], "ApiError runtime None", "a"),
    "an error among lines": ("ndjson", NONE, [b'{"t": "a"}\n{"error": {"code": "c"}}\n'], None, ["a"], "ApiError runtime c", "a"),
    "an error in a line without an end": ("ndjson", NONE, [b'{"t": "a"}\n{"error": {"code": "c"}}'], None, ["a"], "ApiError runtime c", "a"),
    "an event that is no JSON": ("sse", MARK, [A + b"data: {\n\n" + B + DONE], None, ["a"], "ApiError runtime koppling.unreadable", "a"),
    "an event that is NaN": ("sse", MARK, [A, b'data: {"t": NaN}\n\n', DONE], None, ["a"], "ApiError runtime koppling.unreadable", "a"),
    "an event nested too deeply": ("sse", MARK, [A, b"data: " + b"[" * 200_000 + b"\n\n"], None, ["a"], "ApiError runtime koppling.unreadable", "a"),
    "the wrong mark": ("sse", MARK, [A, b"data: [END]\n\n"], None, ["a"], "ApiError runtime koppling.unreadable", "a"),
    "a line that is no JSON": ("ndjson", NONE, [b'{"t": "a"}\n{"t"\n{"t": "b"}\n'], None, ["a"], "ApiError runtime koppling.unreadable", "a"),
    "half a line": ("ndjson", NONE, [b'{"t": "a"}\n{"t": '], None, ["a"], "TransportError cut", "a"),
    "a break among lines": ("ndjson", NONE, [b'{"t": "a"}\n{"t": '], CUT, ["a"], "TransportError cut", "a"),
    "a line above the bound": ("sse", MARK, [A, *[b"x" * (8 << 20)] * 9], None, ["a"], "ApiError runtime koppling.unreadable", "a"),
}  # fmt: skip


@pytest.mark.parametrize("world", ["sync", "async"])
@pytest.mark.parametrize(("form", "done", "chunks", "fail", "deltas"), WHOLE.values(), ids=WHOLE)
def test_a_whole_stream_may_have(world, tmp_path, form, done, chunks, fail, deltas):
    found = live(world, specs(tmp_path, form, done), Body(chunks, fail))
    assert found.error is None
    assert found.deltas == deltas
    assert found.result["text"] == ("".join(deltas) if deltas else None)


@pytest.mark.parametrize("world", ["sync", "async"])
@pytest.mark.parametrize(("form", "done", "chunks", "fail", "deltas", "error", "partial"), BROKEN.values(), ids=BROKEN)
def test_a_stream_is_broken_by(world, tmp_path, form, done, chunks, fail, deltas, error, partial):
    found = live(world, specs(tmp_path, form, done), Body(chunks, fail))
    told = found.error
    words = [told.reason] if isinstance(told, koppling.TransportError) else [told.kind, str(told.code)]
    assert " ".join([type(told).__name__, *words]) == error
    assert found.deltas == deltas
    assert (told.partial or {}).get("text") == partial
    assert len(told.attempts) == 1


def test_the_name_of_an_event_is_a_root_and_of_that_event_alone(tmp_path):
    stream = b'event: first\ndata: {"t": "a"}\n\ndata: {"t": "b"}\n\nevent: third\ndata: {"t": "c"}\n\n' + DONE
    assert live("sync", specs(tmp_path, "sse", MARK), Body([stream])).result == {
        "text": "abc",
        "kinds": ["first", "third"],
    }


def test_an_answer_in_one_piece_is_one_although_a_stream_was_asked_for(tmp_path):
    found = live("sync", specs(tmp_path, "sse", MARK), Body([b'{"text": "whole"}']), "application/json; charset=utf-8")
    assert (found.deltas, found.result) == ([], {"text": "whole", "kinds": None})


def test_half_a_line_is_no_answer_of_a_plain_call_either(tmp_path):
    answer = httpx.Response(200, headers={"content-type": "application/x-ndjson"}, content=b'{"t": "a"}\n{"t"')
    client = koppling.Client(
        koppling.Connection("acme", api_key=SECRET), specs(tmp_path, "sse", MARK), httpx.MockTransport(lambda _: answer)
    )
    with pytest.raises(koppling.TransportError, match="in the middle of a line"):
        client.execute("acme.rows")


# ---- leaving, over a socket ----


class Hanging:
    """A server that begins a stream and goes on only when it is told; it knows when its peer has gone."""

    HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

    def __init__(self):
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.gone = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        try:
            peer, _ = self._listening.accept()
        except OSError:
            return
        with peer:
            peer.settimeout(20)
            heard = b""
            while not heard.endswith(b"}"):  # the body, which may come behind its head
                heard += peer.recv(65536)
            peer.sendall(self.HEAD + b"%x\r\n%b\r\n" % (len(A), A))
            try:
                if peer.recv(1) == b"":
                    self.gone.set()
            except ConnectionError:
                self.gone.set()

    def close(self):
        self._listening.close()
        self._thread.join()


@pytest.fixture
def hanging():
    server = Hanging()
    yield server
    server.close()


def arguments(hanging, tmp_path):
    connection = koppling.Connection("acme", api_key=SECRET, base_url=f"http://127.0.0.1:{hanging.port}/v1/")
    return connection, specs(tmp_path, "sse", MARK)


def test_leaving_a_loop_closes_the_connection_and_the_client_goes_on(hanging, tmp_path):
    with koppling.Client(*arguments(hanging, tmp_path)) as client:
        with client.stream("acme.say") as stream:
            for delta in stream:
                assert delta == {"text": "a"}
                break
        assert hanging.gone.wait(20)
        assert list(stream) == []
        with pytest.raises(RuntimeError, match="no result"):
            stream.result()


@pytest.mark.parametrize("how", ["break", "cancel", "timeout"])
def test_leaving_an_async_loop_closes_the_connection_and_leaves_no_task(hanging, tmp_path, how):
    async def main():
        async with koppling.AsyncClient(*arguments(hanging, tmp_path)) as client:
            stream = client.stream("acme.say")
            assert await anext(stream) == {"text": "a"}
            before = asyncio.all_tasks()
            if how == "break":
                await stream.close()
            elif how == "cancel":
                waiting = asyncio.ensure_future(stream.__anext__())
                await asyncio.sleep(0.05)
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting
            else:
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(anext(stream), 0.05)
            assert await asyncio.to_thread(hanging.gone.wait, 20)
            assert asyncio.all_tasks() == before
            assert [delta async for delta in stream] == []
            with pytest.raises(RuntimeError, match="no result"):
                await stream.result()

    asyncio.run(main())


COUNTED = [b'data: {"t": "%d "}\n\n' % number for number in range(100)]
NUMBERS = [f"{number} " for number in range(100)]


@pytest.mark.parametrize("world", ["sync", "async"])
@pytest.mark.parametrize(
    ("last", "what"),
    [(b"data: {oops\n\n", "no JSON"), (b'data: {"error": {"message": "stop it"}}\n\n', "stop it"), (b"", "end mark")],
)
def test_all_that_came_before_a_fault_in_the_same_chunk_is_shown_and_is_in_the_error(tmp_path, world, last, what):
    found = live(world, specs(tmp_path, "sse", MARK), Body([b"".join([*COUNTED, last])]), module="acme.tell")
    assert found.deltas == NUMBERS
    assert what in str(found.error)
    assert found.error.partial == {"text": "".join(NUMBERS)}


@pytest.mark.parametrize("world", ["sync", "async"])
def test_a_stream_that_came_in_one_chunk_is_the_same(tmp_path, world):
    found = live(
        world, specs(tmp_path, "sse", MARK), Body([b"".join([*COUNTED, b"data: [DONE]\n\n"])]), module="acme.tell"
    )
    assert (found.deltas, found.result) == (NUMBERS, {"text": "".join(NUMBERS)})


def test_a_stream_that_is_closed_shows_nothing_more_of_what_had_come(tmp_path):
    answer = httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=Body([b"".join(COUNTED)]))
    transport = httpx.MockTransport(lambda _request: answer)
    connection = koppling.Connection("acme", api_key=SECRET)
    with koppling.Client(connection, specs(tmp_path, "sse", MARK), transport) as client:
        stream = client.stream("acme.tell")
        assert next(stream) == {"text": "0 "}
        stream.close()
        assert list(stream) == []
