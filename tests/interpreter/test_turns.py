"""Calls that wait for their turn: threads and tasks on one queue, what answers teach it, and deadlines."""

import asyncio
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest
from acme import SECRET, SPEC

import koppling

LIMITS = """
limits:
  requests: {per: 0.4, learn: {limit: x-limit, remaining: x-remaining, reset: {header: x-reset, form: duration}}}
  weight: {per: 10, weight: "${input.limit}", scope: "${connection.base_url}"}
"""


@pytest.fixture
def spec(tmp_path):
    shutil.copytree(SPEC, tmp_path / "spec")
    path = tmp_path / "spec/acme/connector.yaml"
    path.write_text(path.read_text() + LIMITS)
    return tmp_path / "spec"


@pytest.fixture
def url():
    """Return the address of a server that answers every search with nothing."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", "11")
            self.end_headers()
            self.wfile.write(b'{"data":[]}')

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    thread.join()
    server.server_close()


def connection(url="http://acme.test/v1/"):
    return koppling.Connection("acme", api_key=SECRET, base_url=url)


def test_threads_that_share_a_client_stand_in_one_queue(spec, url):
    with (
        koppling.Client(connection(url), spec, limits=koppling.Limits(requests=5)) as client,
        ThreadPoolExecutor(20) as pool,
    ):
        began = time.monotonic()
        results = list(pool.map(lambda _: client.execute("acme.list_things"), range(20)))
        took = time.monotonic() - began
    assert took >= 0.4 * 3 - 0.05
    assert sum(one.attempts[0].queued > 0.2 for one in results) >= 10
    assert [one.output for one in results] == [[]] * 20


def test_tasks_that_share_a_client_stand_in_one_queue_with_the_threads_of_another(spec, url):
    limits = koppling.Limits(requests=5)

    async def tasks():
        async with koppling.AsyncClient(connection(url), spec, limits=limits) as client:
            await asyncio.gather(*(client.execute("acme.list_things") for _ in range(10)))

    with (
        koppling.Client(connection(url), spec, limits=limits) as client,
        ThreadPoolExecutor(10) as pool,
    ):
        began = time.monotonic()
        threads = [pool.submit(client.execute, "acme.list_things") for _ in range(10)]
        asyncio.run(tasks())
        assert [one.result().output for one in threads] == [[]] * 10
    assert time.monotonic() - began >= 0.4 * 3 - 0.05


def test_a_task_that_is_cancelled_leaves_the_queue(spec, url):
    async def live():
        async with koppling.AsyncClient(connection(url), spec, limits=koppling.Limits(weight=1)) as client:
            first = asyncio.create_task(client.execute("acme.list_things", {"limit": 1}))
            await first
            second = asyncio.create_task(client.execute("acme.list_things", {"limit": 1}))
            await asyncio.sleep(0.05)
            (queue,) = client._begin._queues.values()
            assert len(queue._waiting) == 1
            second.cancel()
            with pytest.raises(asyncio.CancelledError):
                await second
            assert len(queue._waiting) == 0

    asyncio.run(live())


class Clocked:
    """A client with a clock that only sleeping moves, and a vendor that is a function."""

    def __init__(self, vendor, spec, **options):
        clock = koppling.Clock(now=lambda: vendor.now, sleep=vendor._sleep, random=lambda: 1.0)
        given = {"connection": connection(), **options}
        self.client = koppling.Client(
            given.pop("connection"), spec, httpx.MockTransport(vendor.handle), clock=clock, **given
        )

    def times(self, vendor, count, **inputs):
        found = []
        for _ in range(count):
            self.client.execute("acme.list_things", inputs)
            found.append(round(vendor.now - 1_750_000_000.0, 3))
        return found


def test_nobody_waits_while_nothing_is_known(vendor, spec):
    vendor.answers = [{"data": []}]
    assert Clocked(vendor, spec).times(vendor, 50) == [0.0] * 50


def test_an_answer_teaches_the_calls_after_it(vendor, spec):
    told = {"x-limit": "3", "x-remaining": "0", "x-reset": "6m0s"}
    vendor.answers = [httpx.Response(200, json={"data": []}, headers=told), {"data": []}]
    assert Clocked(vendor, spec).times(vendor, 5) == pytest.approx([0.0, 360.0, 360.0, 360.0, 360.4])


def test_pages_and_attempts_count_one_by_one(vendor, spec):
    vendor.answers = [
        {"data": [{"id": 1}], "has_more": True},
        httpx.Response(503, headers={"retry-after": "0.1"}),
        {"data": []},
    ]
    result = Clocked(vendor, spec, limits=koppling.Limits(requests=1)).client.execute("acme.list_things")
    assert [(one.status, one.waited, round(one.queued, 3)) for one in result.attempts] == [
        (200, 0, 0),
        (503, 0.1, 0.4),
        (200, 0, 0.3),
    ]


def test_weights_are_those_of_the_inputs(vendor, spec):
    vendor.answers = [{"data": []}]
    clocked = Clocked(vendor, spec, limits=koppling.Limits(weight=10))
    assert clocked.times(vendor, 3, limit=5) == [0.0, 0.0, 10.0]


def test_each_connection_has_a_queue_of_its_own(vendor, spec):
    vendor.answers = [{"data": []}]
    limits = koppling.Limits(weight=1)
    one, other = (
        Clocked(vendor, spec, limits=limits, connection=connection(url)) for url in ("http://a.test", "http://b.test")
    )
    again = Clocked(vendor, spec, limits=limits, connection=connection("http://a.test"))
    assert [client.times(vendor, 1, limit=1) for client in (one, other, again)] == [[0.0], [0.0], [10.0]]


def test_a_turn_that_comes_after_the_deadline_is_not_waited_for(vendor, spec):
    vendor.answers = [{"data": []}]
    client = Clocked(vendor, spec, limits=koppling.Limits(weight=1), deadline=5).client
    client.execute("acme.list_things", {"limit": 1})
    with pytest.raises(koppling.TransportError) as caught:
        client.execute("acme.list_things", {"limit": 1})
    assert (caught.value.reason, caught.value.sent, vendor.slept, len(vendor.requests)) == ("deadline", False, [], 1)
    assert str(caught.value) == (
        "GET http://acme.test/v1/things?limit=1: no success: its turn under the rate limits, in 10 s, would have passed the deadline "
        "of 5 s. Nothing was carried out."
    )
    (queue,) = client._begin._queues.values()
    assert not queue._waiting


def test_an_amount_for_what_no_spec_declares_is_refused(spec):
    with pytest.raises(ValueError, match="acme declares no rate limit 'request'; did you mean 'requests'"):
        koppling.Client(connection(), spec, limits=koppling.Limits(request=5))
    with pytest.raises(ValueError, match="declares no rate limit 'requests'; it declares none"):
        koppling.Client(connection(), SPEC, limits=koppling.Limits(requests=5))
    with pytest.raises(TypeError, match="limits is a Limits"):
        koppling.Client(connection(), spec, limits={"requests": 5})
