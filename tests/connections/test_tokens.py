"""Tokens of OAuth 2: asked for once, renewed by one while the others wait."""

from __future__ import annotations

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from oauth_vendor import SECRET, OAuthVendor
from token_calls import SPECS, WORLDS, Time, called, machine

import koppling
from koppling import ApiError, AsyncClient, Client, Connection, ConnectionInvalid

# ---- client credentials ----


@WORLDS
def test_a_token_is_asked_for_once_and_used_for_every_request(world):
    vendor = OAuthVendor()
    connection = machine()
    (result,) = called(world, vendor, connection)
    assert [one["id"] for one in result.output] == ["th_0", "th_1", "th_2"]
    called(world, vendor, connection)
    audience = "https://api.machine.example"
    assert vendor.asked == [
        {"grant_type": "client_credentials", "scope": "things.read things.write", "audience": audience}
    ]
    assert vendor.called == [("GET", "Bearer canary-access-1")] * 6
    assert [one.method for one in result.attempts] == ["POST", "GET", "GET", "GET"]


@pytest.mark.parametrize(
    ("expires_in", "after", "renewed"),
    [
        (3600, 3539, False),
        (3600, 3541, True),
        (30, 26, False),
        (30, 28, True),
        ("3600", 3541, True),
        (None, 10**9, False),
        (-1, 10**9, False),
        (True, 10**9, False),
        ("soon", 10**9, False),
        (0, 0, True),
    ],
)
def test_a_token_is_renewed_a_little_before_its_end(expires_in, after, renewed):
    vendor, time, connection = OAuthVendor(expires_in=expires_in), Time(), machine()
    with Client(connection, SPECS, vendor, clock=time.clock()) as client:
        client.execute("machine.list_things", {"limit": 1})
        time.seconds += after
        client.execute("machine.list_things", {"limit": 1})
    assert len(vendor.asked) == 1 + renewed


@WORLDS
def test_of_many_that_find_no_token_one_asks_and_the_others_wait(world):
    vendor = OAuthVendor(pause=0.05)
    results = called(world, vendor, machine(), {"limit": 1}, times=16)
    assert [one.output[0]["id"] for one in results] == ["th_0"] * 16
    assert len(vendor.asked) == 1


@WORLDS
def test_of_many_whose_token_is_at_its_end_one_renews_it(world):
    vendor, time, connection = OAuthVendor(pause=0.05), Time(), machine()
    called(world, vendor, connection, {"limit": 1}, clock=time.clock())
    time.seconds += 3600
    called(world, vendor, connection, {"limit": 1}, clock=time.clock(), times=16)
    assert len(vendor.asked) == 2
    assert {token for _, token in vendor.called[1:]} == {"Bearer canary-access-2"}


@WORLDS
def test_of_many_whose_token_is_refused_one_renews_it(world):
    vendor, connection = OAuthVendor(pause=0.05), machine()
    called(world, vendor, connection, {"limit": 1})
    vendor.revoke()
    results = called(world, vendor, connection, {"limit": 1}, times=16)
    assert [one.output[0]["id"] for one in results] == ["th_0"] * 16
    assert len(vendor.asked) == 2


def test_threads_and_the_tasks_of_two_loops_share_one_turn():
    vendor, connection = OAuthVendor(pause=0.05), machine()
    with ThreadPoolExecutor(3) as pool:
        worlds = [
            pool.submit(called, world, vendor, connection, {"limit": 1}, times=5)
            for world in ("sync", "async", "async")
        ]
        results = [one for world in worlds for one in world.result(60)]
    assert [one.output[0]["id"] for one in results] == ["th_0"] * 15
    assert len(vendor.asked) == 1


@WORLDS
def test_who_waits_for_a_token_that_is_refused_is_told_so_without_asking_again(world):
    vendor = OAuthVendor(pause=0.2)
    connection = Connection("machine", client_id="somebody", client_secret=SECRET)
    results = called(world, vendor, connection, times=8)
    assert {str(one) for one in results} == {
        "the token endpoint of machine refuses this connection: invalid_client: no such client, or not with None"
    }
    assert all(isinstance(one, ConnectionInvalid) for one in results)
    assert len(vendor.asked) == 1
    assert len({id(one) for one in results}) == 8
    vendor.pause = 0
    with pytest.raises(ConnectionInvalid):
        called(world, vendor, connection)
    assert len(vendor.asked) == 2


def test_who_is_cancelled_while_it_asks_lets_another_ask():
    vendor, connection = OAuthVendor(pause=0.1), machine()

    async def live():
        async with AsyncClient(connection, SPECS, vendor) as client:
            first = asyncio.create_task(client.execute("machine.list_things", {"limit": 1}))
            await asyncio.sleep(0.02)
            others = [asyncio.create_task(client.execute("machine.list_things", {"limit": 1})) for _ in range(3)]
            await asyncio.sleep(0.02)
            others[0].cancel()
            first.cancel()
            found = await asyncio.gather(first, *others, return_exceptions=True)
            assert len(asyncio.all_tasks()) == 1
            return found

    results = asyncio.run(live())
    assert [isinstance(one, asyncio.CancelledError) for one in results] == [True, True, False, False]
    assert connection.held.mutex.take()


# ---- what a vendor refuses ----


@WORLDS
def test_a_token_that_is_refused_is_renewed_once_and_the_request_repeated(world):
    vendor, connection = OAuthVendor(), machine()
    called(world, vendor, connection, {"name": "x"}, name="make_thing")
    vendor.revoke()
    (result,) = called(
        world, vendor, connection, {"name": "x", "file": {"name": "a", "data": "eA=="}}, name="make_thing"
    )
    assert result.output == {"id": "made"}
    assert [(one.method, one.status, one.why) for one in result.attempts] == [
        ("POST", 401, "repeated: with a new token, for this one was refused"),
        ("POST", 200, ""),
        ("POST", 200, ""),
    ]


def test_a_token_that_is_refused_on_the_second_page_is_renewed_there():
    vendor, connection = OAuthVendor(), machine()
    with Client(connection, SPECS, vendor) as client, client.items("machine.list_things") as items:
        assert next(items) == {"id": "th_0"}
        vendor.revoke()
        assert list(items) == [{"id": "th_1"}, {"id": "th_2"}]
    assert [token[-1] for _, token in vendor.called] == ["1", "1", "2", "2"]


def test_a_stream_gets_its_token_too_and_a_new_one():
    vendor, connection = OAuthVendor(), machine()
    with Client(connection, SPECS, vendor) as client:
        assert list(client.stream("machine.watch_things")) == [{"text": "a"}, {"text": "b"}]
        vendor.revoke()
        with client.stream("machine.watch_things") as stream:
            assert list(stream) == [{"text": "a"}, {"text": "b"}]
            assert stream.result().output == {"text": "ab"}
    assert len(vendor.asked) == 2


class Once(io.RawIOBase):
    """Bytes that can be read once."""

    def __init__(self, data):
        self._data = io.BytesIO(data)

    def readable(self):
        return True

    def readinto(self, into):
        return self._data.readinto(into)


def test_what_cannot_be_sent_again_is_not_and_the_next_call_renews():
    vendor, connection = OAuthVendor(), machine()
    with Client(connection, SPECS, vendor) as client:
        client.execute("machine.list_things", {"limit": 1})
        vendor.revoke()
        with pytest.raises(ApiError) as told:
            client.execute("machine.make_thing", {"name": "x", "file": koppling.File(Once(b"x"), name="a")})
        assert (told.value.kind, told.value.status, len(vendor.asked)) == ("invalid_access_token", 401, 1)
        client.execute("machine.list_things", {"limit": 1})
    assert len(vendor.asked) == 2


@WORLDS
def test_a_vendor_that_refuses_the_new_token_too_is_believed(world):
    vendor, connection = OAuthVendor(), machine()
    vendor.scripted = [{"access_token": "canary-access-dead"}] * 5
    with pytest.raises(ApiError) as told:
        called(world, vendor, connection)
    assert (told.value.kind, len(vendor.asked), len(vendor.called)) == ("invalid_access_token", 2, 2)
    assert [one.why for one in told.value.attempts if one.status == 401] == [
        "repeated: with a new token, for this one was refused",
        "not repeated: 401 is not in `retry.when`",
    ]
    assert told.value.message == "the token *** is not good"


def test_tokens_that_are_not_to_be_renewed_are_not():
    vendor, connection = OAuthVendor(), machine()
    connection.use_tokens({"access_token": "fixed", "expires_at": 1}, renew=False)
    with pytest.raises(ApiError):
        called("sync", vendor, connection)
    assert (vendor.asked, vendor.called) == ([], [("GET", "Bearer fixed")])
