import asyncio
import gc
import json
import logging
import pickle

import httpx
import pytest
from acme import SECRET, SPEC

import koppling

EVENTS = [{"id": 1, "text": "He"}, {"text": "j!"}]


def sse(*events, end="data: [DONE]\n\n"):
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + end
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=body.encode())


def pages(request):
    start = int(request.url.params.get("after", 0))
    size = int(request.url.params.get("limit", 3))
    data = [{"id": n, "name": f"n{n}"} for n in range(start + 1, min(start + size, 8) + 1)]
    return httpx.Response(200, json={"data": data, "has_more": start + size < 8, "total": 8})


def test_a_search_gives_bundles_over_all_pages_and_an_envelope(vendor):
    vendor.answers = [pages]
    result = vendor.client().execute("acme.list_things")
    assert [one["id"] for one in result.output] == list(range(1, 9))
    assert (result.envelope, result.module, len(result.attempts)) == ({"total": 8}, "acme.list_things@1", 3)


@pytest.mark.parametrize(
    ("limit", "sizes"), [(1, ["1"]), (3, ["3"]), (4, ["3", "1"]), (8, ["3", "3", "2"]), (9, ["3", "3", "3"])]
)
def test_a_limit_caps_the_bundles_and_asks_for_no_more_than_is_left(vendor, limit, sizes):
    vendor.answers = [pages]
    assert len(vendor.client().execute("acme.list_things", {"limit": limit}).output) == min(limit, 8)
    assert [request.url.params.get("limit") for request in vendor.requests] == sizes


def test_items_asks_for_a_page_only_when_it_is_needed(vendor):
    vendor.answers = [pages]
    with vendor.client().items("acme.list_things") as items:
        assert [next(items)["id"] for _ in range(3)] == [1, 2, 3]
        assert len(vendor.requests) == 1
        assert next(items)["id"] == 4
    assert len(vendor.requests) == 2


@pytest.mark.parametrize("taken", range(1, 9))
def test_a_resume_token_goes_on_with_the_next_bundle(vendor, taken):
    vendor.answers = [pages]
    with vendor.client().items("acme.list_things") as items:
        for _ in range(taken):
            next(items)
        token = items.resume_token
    left = [one["id"] for one in vendor.client().items("acme.list_things", resume=token)]
    assert left == list(range(taken + 1, 9))


def test_a_resume_token_of_something_else_is_refused(vendor):
    vendor.answers = [pages]
    with vendor.client().items("acme.list_things") as items:
        next(items)
        token = items.resume_token
    for other in ({"limit": 5}, {}):
        with pytest.raises(koppling.InputInvalid, match="resume token"):
            vendor.client().items("acme.list_things", other, resume=token if other else "x" + token)


def test_a_page_that_leads_back_is_an_error(vendor):
    vendor.answers = [{"data": [{"id": 1}], "has_more": True}]
    with pytest.raises(koppling.ApiError) as caught:
        vendor.client().execute("acme.list_things")
    assert (caught.value.kind, caught.value.code, len(vendor.requests)) == ("inconsistency", "koppling.page_loop", 2)


def test_a_stream_shows_deltas_and_ends_with_what_execute_gives(vendor):
    vendor.answers = [sse(*EVENTS)]
    with vendor.client().stream("acme.make_thing", {"name": "x"}) as stream:
        assert list(stream) == [{"text": "He"}, {"text": "j!"}]
        streamed = stream.result()
    executed = vendor.client().execute("acme.make_thing", {"name": "x", "stream": True})
    assert streamed == executed
    assert executed.output == {"id": 1, "name": "Hej!"}
    assert json.loads(vendor.requests[0].content)["stream"] is True


@pytest.mark.parametrize("end", ["", "data: [DON"])
def test_a_stream_without_its_end_mark_was_cut_off(vendor, end):
    vendor.answers = [sse(*EVENTS, end=end)]
    with (
        pytest.raises(koppling.TransportError) as caught,
        vendor.client().stream("acme.make_thing", {"name": "x"}) as stream,
    ):
        list(stream)
    assert (caught.value.reason, caught.value.partial) == ("cut", {"id": 1, "name": "Hej!"})


def test_an_error_in_the_middle_of_a_stream_ends_it(vendor):
    vendor.answers = [sse(EVENTS[0], {"error": {"message": f"broke {SECRET}", "code": "e"}})]
    with pytest.raises(koppling.ApiError) as caught, vendor.client().stream("acme.make_thing", {"name": "x"}) as stream:
        list(stream)
    assert (caught.value.message, caught.value.code, caught.value.partial) == (
        "broke ***",
        "e",
        {"id": 1, "name": "He"},
    )


def test_a_vendor_that_answers_whole_where_a_stream_was_asked_for_is_understood(vendor):
    vendor.answers = [{"id": 4, "name": "whole"}]
    with vendor.client().stream("acme.make_thing", {"name": "x"}) as stream:
        assert list(stream) == []
        assert stream.result().output == {"id": 4, "name": "whole"}


def test_what_does_not_stream_or_list_says_so(vendor):
    with pytest.raises(koppling.InputInvalid, match="does not stream"):
        vendor.client().stream("acme.list_things")
    with pytest.raises(koppling.InputInvalid, match="one bundle"):
        vendor.client().items("acme.make_thing", {"name": "x"})


class Chunks(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in chunks that knows whether it was closed, and how far it was read."""

    def __init__(self, *chunks, fail=None):
        self.chunks, self.fail, self.closed, self.given = chunks, fail, False, 0

    def __iter__(self):
        for chunk in self.chunks:
            self.given += 1
            yield chunk
        if self.fail:
            raise self.fail

    async def __aiter__(self):
        for chunk in self:
            yield chunk

    def close(self):
        self.closed = True

    async def aclose(self):
        self.closed = True


def streaming(body):
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=body)


def raw_transport(answer):
    class Raw(httpx.BaseTransport, httpx.AsyncBaseTransport):
        def handle_request(self, request):
            return answer

        async def handle_async_request(self, request):
            return answer

    return Raw()


def test_leaving_a_stream_early_closes_its_connection():
    body = Chunks(*[b'data: {"text": "x"}\n\n'] * 5)
    client = koppling.Client(koppling.Connection("acme", api_key=SECRET), SPEC, raw_transport(streaming(body)))
    with client.stream("acme.make_thing", {"name": "x"}) as stream:
        for _ in stream:
            break
    assert body.closed
    assert body.given == 1


def test_leaving_a_bare_loop_closes_when_collected_and_warns():
    body = Chunks(*[b'data: {"text": "x"}\n\n'] * 5)
    client = koppling.Client(koppling.Connection("acme", api_key=SECRET), SPEC, raw_transport(streaming(body)))
    stream = client.stream("acme.make_thing", {"name": "x"})
    next(stream)
    held = [stream]
    del stream
    with pytest.warns(ResourceWarning, match="use it in a `with`"):
        held.clear()
    gc.collect()
    assert body.closed


def test_a_cancelled_task_closes_its_connection_and_leaves_none_behind():
    body = Chunks(b'data: {"text": "x"}\n\n')

    class Hanging(Chunks):
        async def __aiter__(self):
            yield b'data: {"text": "x"}\n\n'
            await asyncio.sleep(60)

    body = Hanging()

    async def main():
        client = koppling.AsyncClient(koppling.Connection("acme", api_key=SECRET), SPEC, raw_transport(streaming(body)))

        async def read():
            async with client.stream("acme.make_thing", {"name": "x"}) as stream:
                async for _ in stream:
                    pass

        task = asyncio.create_task(read())
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
    assert body.closed


def test_a_file_that_breaks_off_says_what_had_come(tmp_path):
    body = Chunks(b"half", fail=httpx.RemoteProtocolError("peer closed"))
    answer = httpx.Response(200, headers={"content-type": "text/csv"}, stream=body)
    client = koppling.Client(koppling.Connection("acme", api_key=SECRET), SPEC, raw_transport(answer))
    with pytest.raises(koppling.TransportError) as caught:
        client.execute("acme.get_file", {"id": "a"})
    assert caught.value.partial.read() == b"half"
    assert body.closed


def test_a_file_has_the_name_and_media_type_that_the_vendor_gives_and_is_saved_whole(vendor, tmp_path):
    headers = {"content-type": "text/csv; charset=utf-8", "content-disposition": 'attachment; filename="../../a b.csv"'}
    vendor.answers = [httpx.Response(200, headers=headers, content=b"1,2\n")]
    found = vendor.client().execute("acme.get_file", {"id": "x"}).output
    assert (found.name, found.media_type, found.read(), found.size) == ("a b.csv", "text/csv", b"1,2\n", 4)
    assert found.save(tmp_path / "out.csv").read_bytes() == b"1,2\n"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    assert found.as_json() == {"name": "a b.csv", "data": "MSwyCg==", "media_type": "text/csv"}


@pytest.mark.parametrize(
    ("answer", "kind", "code", "words"),
    [
        (httpx.Response(200, content=b""), "runtime", "koppling.unreadable", "the body is empty"),
        (httpx.Response(200, html="<html>Hello</html>"), "runtime", "koppling.unreadable", "text/html"),
        (httpx.Response(200, content=b'{"a": NaN}'), "runtime", "koppling.unreadable", "no JSON"),
        (httpx.Response(200, content=b"[" * 100_000), "runtime", "koppling.unreadable", "no JSON"),
        (httpx.Response(401, json={"error": "bad key"}), "invalid_access_token", None, "bad key"),
        (httpx.Response(404, html="<html>gone</html>"), "data", None, "Not Found; the body begins with"),
        (httpx.Response(502, content=b""), "connection", None, "Bad Gateway"),
        (httpx.Response(418, content=b"\xff"), "data", None, "I'm a Teapot"),
        (
            httpx.Response(302, headers={"location": "https://evil.test/x"}),
            "connection",
            "koppling.foreign_origin",
            "another origin",
        ),
        (httpx.Response(304), "runtime", None, "Not Modified"),
    ],
)
def test_an_answer_that_is_no_success_says_so_in_one_line(vendor, answer, kind, code, words):
    vendor.answers = [answer]
    with pytest.raises(koppling.ApiError) as caught:
        vendor.client().execute("acme.make_thing", {"name": "x"})
    assert (caught.value.kind, caught.value.code) == (kind, code)
    assert words in caught.value.message
    assert "\n" not in str(caught.value)


def test_no_content_is_no_fault(vendor):
    vendor.answers = [httpx.Response(204)]
    assert vendor.client().execute("acme.make_thing", {"name": "x"}).output == {"id": None, "name": None}


def test_redirects_within_the_origin_are_followed(vendor):
    vendor.answers = [httpx.Response(307, headers={"location": "/v1/elsewhere?x=1"}), {"data": []}]
    vendor.client().execute("acme.list_things")
    assert str(vendor.requests[1].url) == "http://acme.test/v1/elsewhere?x=1"
    assert vendor.requests[1].headers["authorization"] == f"Bearer {SECRET}"


def test_redirects_without_end_are_an_error(vendor):
    vendor.answers = [httpx.Response(302, headers={"location": "/again"})]
    with pytest.raises(koppling.ApiError) as caught:
        vendor.client().execute("acme.list_things")
    assert caught.value.code == "koppling.redirect_loop"
    assert len(vendor.requests) == 6


def everything_shown(error):
    return "\n".join(
        [str(error), repr(error), repr(error.__dict__), repr(pickle.dumps(error)), str(getattr(error, "request", ""))]
    )


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(401, json={"error": {"message": f"no such key {SECRET}", "code": SECRET, "param": SECRET}}),
        httpx.Response(500, text=f"echo {SECRET}"),
        httpx.Response(200, text=f"no json {SECRET}"),
        httpx.ConnectError(f"cannot reach http://x/?key={SECRET}"),
        httpx.Response(302, headers={"location": f"https://evil.test/{SECRET}"}),
    ],
)
def test_the_secret_of_a_connection_is_shown_nowhere(vendor, answer, caplog, recwarn):
    caplog.set_level(logging.DEBUG)
    vendor.answers = [answer]
    client = vendor.client()
    with pytest.raises(koppling.KopplingError) as caught:
        client.execute("acme.make_thing", {"name": "x", "pin": f"{SECRET}-pin", "note": SECRET})
    request = client.render("acme.make_thing", {"name": "x", "pin": "pin-canary", "note": "n"})
    shown = everything_shown(caught.value) + repr(request) + str(request) + request.curl() + repr(request.as_json())
    shown += (
        repr(koppling.Connection("acme", api_key=SECRET)) + caplog.text + "".join(str(one.message) for one in recwarn)
    )
    assert SECRET not in shown
    assert "pin-canary" not in shown
    assert request.headers["authorization"] == f"Bearer {SECRET}"


def test_results_and_errors_pickle(vendor):
    vendor.answers = [httpx.Response(200, content=b"abc")]
    result = vendor.client().execute("acme.get_file", {"id": "x"})
    assert pickle.loads(pickle.dumps(result)) == result
    vendor.answers = [httpx.Response(404, json={"error": "no"})]
    for name, inputs in [
        ("acme.get_file", {"id": "x"}),
        ("acme.get_file", {}),
        ("acme.none", {}),
        ("acme.make_thing@1", {}),
    ]:
        with pytest.raises(koppling.KopplingError) as caught:
            vendor.client().execute(name, inputs)
        again = pickle.loads(pickle.dumps(caught.value))
        assert (type(again), str(again)) == (type(caught.value), str(caught.value))


def test_a_timeout_of_the_call_takes_the_place_of_the_spec(vendor):
    vendor.answers = [{"data": []}]
    client = vendor.client()
    client.execute("acme.list_things")
    client.execute("acme.list_things", timeout=7)
    first, second = (request.extensions["timeout"] for request in vendor.requests)
    assert (first["connect"], first["read"], second["connect"], second["read"]) == (2, 30, 7, 7)


def test_the_async_client_does_all_of_it_too(vendor):
    vendor.answers = [httpx.Response(503), pages]

    async def handle(request):
        return vendor.handle(request)

    async def main():
        clock = koppling.Clock(sleep=vendor.slept.append, random=lambda: 1.0)
        async with koppling.AsyncClient(
            koppling.Connection("acme", api_key=SECRET), SPEC, httpx.MockTransport(handle), clock=clock
        ) as client:
            async with client.items("acme.list_things", {"limit": 4}) as items:
                first = await anext(items)
                token = items.resume_token
            rest = [one async for one in client.items("acme.list_things", {"limit": 4}, resume=token)]
            vendor.answers = [sse(*EVENTS)]
            async with client.stream("acme.make_thing", {"name": "x"}) as stream:
                deltas = [delta async for delta in stream]
                result = await stream.result()
            vendor.answers = [httpx.Response(200, content=b"abc")]
            file = (await client.execute("acme.get_file", {"id": "x"})).output
            return first, rest, deltas, result, file

    first, rest, deltas, result, file = asyncio.run(main())
    assert first["id"] == 1
    assert [one["id"] for one in rest][:2] == [2, 3]
    assert (deltas, result.output, file.read()) == ([{"text": "He"}, {"text": "j!"}], {"id": 1, "name": "Hej!"}, b"abc")
    assert vendor.slept == [0.5]


def test_a_json_body_that_breaks_off_says_what_had_come():
    body = Chunks(b'{"id": ', fail=httpx.RemoteProtocolError("peer closed"))
    answer = httpx.Response(200, headers={"content-type": "application/json"}, stream=body)
    client = koppling.Client(koppling.Connection("acme", api_key=SECRET), SPEC, raw_transport(answer))
    with pytest.raises(koppling.TransportError) as caught:
        client.execute("acme.make_thing", {"name": "x"})
    assert (caught.value.partial, caught.value.sent) == (b'{"id": ', True)
