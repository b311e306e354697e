"""A deadline holds over the whole of a call: attempts, waits, pages, polls, streams, and bodies that drip."""

import asyncio
import threading
import time
from contextlib import contextmanager
from socket import create_server

import httpx
import pytest
from acme import SECRET, SPEC

import koppling

BUSY = httpx.Response(429, json={"error": {"message": "too fast"}}, headers={"retry-after": "7"})


def caught(call):
    with pytest.raises(koppling.TransportError) as found:
        call()
    assert found.value.reason == "deadline"
    return found.value


def slow(vendor, answer, seconds):
    """Return an answer that takes its time."""

    def respond(_request):
        vendor.now += seconds
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    return respond


def test_a_call_that_is_in_time_has_its_result(vendor):
    vendor.answers = [BUSY, {"data": []}]
    assert vendor.client(deadline=7.5).execute("acme.list_things").output == []


def test_a_wait_that_would_pass_the_deadline_is_not_begun(vendor):
    vendor.answers = [BUSY]
    error = caught(lambda: vendor.client().execute("acme.list_things", deadline=13))
    assert (vendor.slept, [one.waited for one in error.attempts], error.sent) == ([7.0], [7.0, 0.0], False)


def test_the_last_fault_is_the_cause(vendor):
    vendor.answers = [httpx.ConnectError("refused"), BUSY]
    error = caught(lambda: vendor.client().execute("acme.list_things", deadline=5))
    assert isinstance(error.__cause__, koppling.ApiError)
    assert (error.__cause__.kind, error.__cause__.retry_after) == ("rate_limit", 7.0)
    assert [one.why for one in error.attempts] == [
        "repeated: it never left, and `connect` is in `retry.when`",
        "not repeated: a wait of 7 s would pass the deadline",
    ]
    assert str(error) == (
        "GET http://acme.test/v1/things: no success after 2 attempts: a wait of 7 s would have passed the deadline of 5 s. "
        "Nothing was carried out."
    )


def test_what_ends_the_call_anyhow_stays_what_it_is(vendor):
    vendor.answers = [slow(vendor, httpx.Response(400, json={"error": "no"}), 9)]
    with pytest.raises(koppling.ApiError):
        vendor.client(deadline=5).execute("acme.list_things")


def test_a_timeout_at_the_deadline_is_the_deadline(vendor):
    vendor.answers = [slow(vendor, httpx.ReadTimeout("slow"), 5)]
    error = caught(lambda: vendor.client(deadline=5).execute("acme.make_thing", {"name": "x"}))
    assert (error.sent, error.__cause__.reason) == (True, "timeout")


def test_each_request_has_what_is_left_for_its_timeouts(vendor):
    seen = []

    def note(request):
        seen.append(request.extensions["timeout"])
        return slow(vendor, BUSY, 12)(request) if len(seen) == 1 else httpx.Response(200, json={"data": []})

    vendor.answers = [note]
    vendor.client().execute("acme.list_things", deadline=31)
    assert [one["connect"] for one in seen] == [2, 2]
    assert [one["read"] for one in seen] == pytest.approx([30, 12], abs=1)  # the transport counts on meanwhile


def test_pages_share_one_deadline(vendor):
    page = {"data": [{"id": n} for n in range(3)], "has_more": True}
    vendor.answers = [slow(vendor, {**page, "data": [{"id": one}]}, 2) for one in range(9)]
    items = vendor.client().items("acme.list_things", deadline=5)
    found = []
    error = caught(lambda: found.extend(item["id"] for item in items) or pytest.fail("it ended"))
    assert (len(error.attempts), error.sent) == (3, False)


@pytest.mark.parametrize("deadline", [0, -1, float("nan")])
def test_a_deadline_that_is_none_is_refused(vendor, deadline):
    vendor.answers = [{"data": []}]
    with pytest.raises(ValueError, match="deadline is a number of seconds above 0"):
        vendor.client(deadline=deadline)
    with pytest.raises(ValueError, match="deadline is"):
        vendor.client().execute("acme.list_things", deadline=deadline)


# ---- a real server that drips ----


@contextmanager
def dripping(head):
    """Serve each connection a head, then a byte now and then without end."""
    over = threading.Event()

    def drip(connection):
        with connection:
            connection.recv(65_536)
            try:
                connection.sendall(head)
                while not over.wait(0.02):
                    connection.sendall(b" ")
            except OSError:
                pass

    def serve():
        while not over.is_set():
            try:
                connection, _ = server.accept()
            except TimeoutError:
                continue
            threads.append(threading.Thread(target=drip, args=(connection,)))
            threads[-1].start()

    threads = []
    with create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        acceptor = threading.Thread(target=serve)
        acceptor.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        finally:
            over.set()
            for one in (acceptor, *threads):
                one.join()


def execute(world, url, module, inputs, deadline):
    connection = koppling.Connection("acme", api_key=SECRET, base_url=url)
    if world == "sync":
        with koppling.Client(connection, SPEC, deadline=deadline) as client:
            return client.execute(module, inputs)

    async def live():
        async with koppling.AsyncClient(connection, SPEC, deadline=deadline) as client:
            return await client.execute(module, inputs)

    return asyncio.run(live())


ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\n\r\n"


@pytest.mark.parametrize(
    ("world", "module", "inputs", "head"),
    [
        ("sync", "acme.list_things", {}, ANSWER % b"application/json"),
        ("async", "acme.list_things", {}, ANSWER % b"application/json"),
        ("sync", "acme.make_thing", {"name": "x", "stream": True}, ANSWER % b"text/event-stream"),
        ("async", "acme.make_thing", {"name": "x", "stream": True}, ANSWER % b"text/event-stream"),
        ("sync", "acme.list_things", {}, b"HTTP/1.1 200 OK\r\n"),
        ("async", "acme.list_things", {}, b"HTTP/1.1 200 OK\r\n"),
    ],
    ids=["body-sync", "body-async", "stream-sync", "stream-async", "head-sync", "head-async"],
)
def test_what_drips_without_end_ends_with_the_deadline(world, module, inputs, head):
    with dripping(head) as url:
        began = time.monotonic()
        error = caught(lambda: execute(world, url, module, inputs, 0.3))
    assert 0.25 <= time.monotonic() - began < 10
    assert error.sent
