"""Connections that are kept: what happens when their other end is not what it was."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from fault_worlds import SPEC, Untouched
from server import FINE, FaultServer

import koppling
from koppling.effects import NoAnswer, Reply
from koppling.model import Request
from koppling.send import AsyncSender, Sender, tasks, threads

WORLDS = pytest.mark.parametrize("world", ["threads", "tasks"])


@pytest.fixture
def server():
    with Untouched():
        made = FaultServer()
        yield made
        made.stop()


def lived(world, server, *calls):
    """Make calls one after the other with one client; return what each came to."""
    connection = koppling.Connection("acme", base_url=f"http://127.0.0.1:{server.port}/v1")
    clock = koppling.Clock(sleep=lambda _: None)

    async def in_tasks():
        found = []
        async with koppling.AsyncClient(connection, SPEC, clock=clock) as client:
            for name, inputs in calls:
                try:
                    found.append(await client.execute(name, inputs))
                except koppling.KopplingError as error:
                    found.append(error)
        return found

    if world == "tasks":
        return asyncio.run(in_tasks())
    found = []
    with koppling.Client(connection, SPEC, clock=clock) as client:
        for name, inputs in calls:
            try:
                found.append(client.execute(name, inputs))
            except koppling.KopplingError as error:
                found.append(error)
    return found


MISSED = [*FINE, ["read", "close"], *FINE]  # the second request meets a server that has just closed


@WORLDS
@pytest.mark.parametrize("call", ["get_thing", "put_file"])
def test_an_idempotent_request_that_missed_its_server_is_sent_again_at_once(world, call, server):
    server.play(MISSED)
    inputs = {"file": koppling.File(b"abc")} if call == "put_file" else {}
    _, second = lived(world, server, (f"acme.{call}", inputs), (f"acme.{call}", inputs))
    assert (second.output, len(second.attempts)) == ({"id": "fine"}, 1)
    assert server.places == [1, 1, 2]


@WORLDS
def test_another_one_may_have_been_carried_out_and_is_not(world, server):
    server.play(MISSED)
    _, second = lived(world, server, ("acme.make_thing", {}), ("acme.make_thing", {}))
    assert (second.reason, second.sent, len(server.requests)) == ("cut", True, 2)


@WORLDS
def test_it_is_sent_again_once_and_not_on_another_kept_connection(world, server):
    server.play([*FINE, ["read", "close"]])
    _, second = lived(world, server, ("acme.get_thing", {}), ("acme.get_thing", {}))
    # Three attempts, of which the first was one on the kept connection and one on a new one.
    assert (second.reason, len(second.attempts), server.places) == ("cut", 3, [1, 1, 2, 3, 4])


@WORLDS
def test_calls_one_after_the_other_share_a_connection(world, server):
    lived(world, server, *[("acme.make_thing", {})] * 5)
    assert server.places == [1] * 5


def test_calls_cancelled_at_any_moment_leave_nothing_behind(server):
    connection = koppling.Connection("acme", base_url=f"http://127.0.0.1:{server.port}/v1")

    async def main():
        async with koppling.AsyncClient(connection, SPEC) as client:
            for number in range(300):
                calls = [asyncio.create_task(client.execute("acme.make_thing")) for _ in range(3)]
                for _ in range(number % 30):
                    await asyncio.sleep(0)
                for one in calls:
                    one.cancel()
                await asyncio.gather(*calls, return_exceptions=True)
            assert (await client.execute("acme.make_thing")).output == {"id": "fine"}
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
    assert server.wait_until_left()


def test_several_first_requests_make_one_pool(monkeypatch):
    made = []

    class Slow:
        def __init__(self, *_args, **_options):
            made.append(self)
            threading.Event().wait(0.05)

        def send(self, _request, *, stream):
            return Reply(200, {}, b"" if not stream else None)

    monkeypatch.setattr(threads, "Threads", Slow)
    sender = Sender()
    crew = [threading.Thread(target=sender.send, args=(Request("GET", "http://a.test", {}),), kwargs={"stream": False}) for _ in range(8)]  # fmt: skip
    for one in crew:
        one.start()
    for one in crew:
        one.join()
    assert len(made) == 1


@WORLDS
def test_a_request_may_have_so_many_seconds_in_all(world, server):
    drip = ["read", {"send": "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"}, "hold"]
    server.play([drip])
    request = Request("GET", f"http://127.0.0.1:{server.port}/", {}, timeout={"read": 600, "total": 0.5})

    async def in_tasks():
        sender = AsyncSender()
        try:
            await sender.send(request, stream=False)
        finally:
            await sender.close()

    def in_threads():
        sender = Sender()
        try:
            sender.send(request, stream=False)
        finally:
            sender.close()

    with pytest.raises(NoAnswer) as caught:
        asyncio.run(in_tasks()) if world == "tasks" else in_threads()
    assert (caught.value.reason, caught.value.sent, caught.value.partial) == ("timeout", True, b"{")


@WORLDS
def test_the_patience_of_one_request_is_not_that_of_the_next_on_the_same_connection(world, server):
    server.play([*FINE, ["read", "gate", *FINE[0][1:]], ["read", "hold"]])
    requests = [
        Request("GET", f"http://127.0.0.1:{server.port}/", {}, timeout={"read": seconds}) for seconds in (0.2, 20, 0.1)
    ]
    threading.Timer(0.5, server.open_gate).start()
    found = []

    async def in_tasks():
        sender = AsyncSender()
        try:
            for one in requests:
                reply = await sender.send(one, stream=False)
                found.append(reply.status)
        finally:
            await sender.close()

    def in_threads():
        sender = Sender()
        try:
            for one in requests:
                reply = sender.send(one, stream=False)
                found.append(reply.status)
        finally:
            sender.close()

    began = time.monotonic()
    with pytest.raises(NoAnswer, match="no answer in time"):
        asyncio.run(in_tasks()) if world == "tasks" else in_threads()
    assert (found, server.places) == ([200, 200], [1, 1, 1])
    assert time.monotonic() - began < 10


@WORLDS
def test_who_finds_all_connections_in_use_waits_for_one_and_not_for_ever(world, server, monkeypatch):
    server.play([["read", "gate", *FINE[0][1:]], *FINE])
    slow, hasty = (
        Request("GET", f"http://127.0.0.1:{server.port}/", {}, timeout={"pool": seconds}) for seconds in (5, 0.2)
    )
    monkeypatch.setattr(threads if world == "threads" else tasks, "MOST_AT_ONCE", 1)

    async def in_tasks():
        sender = AsyncSender()
        first = asyncio.create_task(sender.send(slow, stream=False))
        await asyncio.sleep(0)
        late = await asyncio.gather(sender.send(hasty, stream=False), return_exceptions=True)
        second = asyncio.create_task(sender.send(slow, stream=False))
        await asyncio.sleep(0)
        server.open_gate()
        found = [*late, (await first).status, (await second).status]
        await sender.close()
        return found

    def in_threads():
        sender = Sender()
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(sender.send, slow, stream=False)
            while not server.requests:
                time.sleep(0.01)
            late = pool.submit(sender.send, hasty, stream=False).exception()
            second = pool.submit(sender.send, slow, stream=False)
            server.open_gate()
            found = [late, first.result().status, second.result().status]
        sender.close()
        return found

    late, *served = asyncio.run(in_tasks()) if world == "tasks" else in_threads()
    assert (str(late), late.reason, late.sent) == ("no free connection in time", "timeout", False)
    assert (served, server.places) == ([200, 200], [1, 1])
