"""Tokens of OAuth 2: asked for, renewed by one while the others wait, shown to nobody."""

from __future__ import annotations

import asyncio
import copy
import io
import logging
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from oauth_vendor import CANARIES, CLIENT, SECRET, OAuthVendor, Served

import koppling
from koppling import ApiError, AsyncClient, Client, Clock, Connection, ConnectionInvalid, TransportError
from koppling.render.oauth import OAuth
from koppling.tokens import Tokens, answered_tokens

SPECS = Path(__file__).parent / "spec"
WORLDS = pytest.mark.parametrize("world", ["sync", "async"])


class Time:
    def __init__(self):
        self.seconds = 1_750_000_000.0

    def clock(self):
        return Clock(now=lambda: self.seconds, sleep=lambda _: None, random=lambda: 0.0)


def machine(**fields):
    return Connection("machine", client_id=CLIENT, client_secret=SECRET, **fields)


def person(vendor, **fields):
    """A person who has signed in already."""
    found = Connection("person", client_id=CLIENT, client_secret=SECRET, **fields)
    found.use_tokens(vendor.tokens())
    return found


def called(world, vendor, connection, inputs=None, *, name="list_things", clock=None, times=1):
    """Call so often, at the same time where it is more than once; return the results, or what was raised."""
    full = f"{connection.connector}.{name}"
    if world == "sync":
        with Client(connection, SPECS, vendor, clock=clock) as client, ThreadPoolExecutor(times) as pool:
            start = threading.Barrier(times)

            def call():
                start.wait(30)
                return client.execute(full, inputs)

            found = [pool.submit(call) for _ in range(times)]
            results = [one.exception(60) or one.result() for one in found]
    else:

        async def live():
            async with AsyncClient(connection, SPECS, vendor, clock=clock) as client:
                return await asyncio.gather(
                    *(client.execute(full, inputs) for _ in range(times)), return_exceptions=True
                )

        results = asyncio.run(live())
    if times == 1 and isinstance(results[0], BaseException):
        raise results[0]
    return results


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
    assert connection.held.turn.take()


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
    assert [(one.method, one.status) for one in result.attempts] == [("POST", 401), ("POST", 200), ("POST", 200)]


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
    assert told.value.message == "the token *** is not good"


def test_tokens_that_are_not_to_be_renewed_are_not():
    vendor, connection = OAuthVendor(), machine()
    connection.use_tokens({"access_token": "fixed", "expires_at": 1}, renew=False)
    with pytest.raises(ApiError):
        called("sync", vendor, connection)
    assert (vendor.asked, vendor.called) == ([], [("GET", "Bearer fixed")])


# ---- somebody who signed in ----


@WORLDS
@pytest.mark.parametrize("rotates", [True, False])
def test_a_refresh_token_is_used_and_the_one_that_took_its_place_next(world, rotates):
    vendor, time = OAuthVendor(rotates=rotates), Time()
    connection = person(vendor)
    connection.held.tokens = Tokens("canary-access-1", "canary-refresh-1", time.seconds + 3600, 3600)
    for _ in range(3):
        time.seconds += 3600
        called(world, vendor, connection, {"limit": 1}, clock=time.clock())
    used = ["canary-refresh-1", "canary-refresh-2", "canary-refresh-3"] if rotates else ["canary-refresh-1"] * 3
    assert [one["refresh_token"] for one in vendor.asked] == used
    assert {one["grant_type"] for one in vendor.asked} == {"refresh_token"}
    assert {(one["client_id"], one["client_secret"]) for one in vendor.asked} == {(CLIENT, SECRET)}


@WORLDS
def test_a_vendor_that_takes_each_refresh_token_once_is_asked_by_one_alone(world):
    vendor = OAuthVendor(pause=0.05)
    connection = person(vendor)
    vendor.revoke()
    results = called(world, vendor, connection, {"limit": 1}, times=16)
    assert [one.output[0]["id"] for one in results] == ["th_0"] * 16
    assert len(vendor.asked) == 1


def test_a_program_is_told_of_new_tokens():
    vendor, told = OAuthVendor(), []
    connection = Connection("person", client_id=CLIENT, client_secret=SECRET)
    connection.use_tokens(vendor.tokens(), changed=told.append)
    vendor.revoke()
    called("sync", vendor, connection, {"limit": 1})
    assert [one["refresh_token"] for one in told] == ["canary-refresh-2"]
    assert connection.tokens == told[0]
    again = Connection("person", client_id=CLIENT, client_secret=SECRET)
    again.use_tokens(told[0])
    called("sync", vendor, again, {"limit": 1})
    assert len(vendor.asked) == 1


def test_a_refresh_token_may_be_a_field_of_the_connection():
    vendor = OAuthVendor()
    vendor.tokens()
    connection = Connection("person", client_id=CLIENT, client_secret=SECRET, refresh_token="canary-refresh-1")
    called("sync", vendor, connection, {"limit": 1})
    assert vendor.asked[0]["refresh_token"] == "canary-refresh-1"


def test_a_public_client_has_a_name_and_no_secret():
    vendor = OAuthVendor(public=True)
    connection = Connection("person", client_id=CLIENT)
    connection.use_tokens(vendor.tokens())
    vendor.revoke()
    called("sync", vendor, connection, {"limit": 1})
    assert vendor.asked == [{"grant_type": "refresh_token", "refresh_token": "canary-refresh-1", "client_id": CLIENT}]


@WORLDS
@pytest.mark.parametrize("signed_in", [False, True])
def test_who_has_not_signed_in_is_told_how(world, signed_in):
    vendor = OAuthVendor()
    connection = Connection("person", client_id=CLIENT, client_secret=SECRET)
    if signed_in:
        connection.use_tokens({"access_token": "x", "expires_at": 1})
    words = "has a sign-in that is over" if signed_in else "has not signed in"
    with pytest.raises(
        ConnectionInvalid,
        match=f"this connection to person {words}; `koppling connection sign-in NAME` signs in to a stored one",
    ):
        called(world, vendor, connection)
    assert vendor.seen == []


def test_a_token_that_is_refused_and_cannot_be_renewed_is_the_vendors_refusal():
    vendor = OAuthVendor()
    connection = Connection("person", client_id=CLIENT, client_secret=SECRET)
    connection.use_tokens({"access_token": "canary-access-0"})
    with pytest.raises(ApiError, match="is not good"):
        called("sync", vendor, connection)


# ---- what a token endpoint may answer ----


@WORLDS
@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (
            (400, {}, {"error": "invalid_scope", "error_description": "No such scope: things.read."}),
            ConnectionInvalid,
            "invalid_scope: No such scope: things.read$",
        ),
        ((400, {}, {"error": "invalid_grant"}), ConnectionInvalid, "refuses this connection: invalid_grant"),
        (
            (401, {}, {"error": "invalid_client", "error_description": f"not with {SECRET}"}),
            ConnectionInvalid,
            r"invalid_client: not with \*\*\*",
        ),
        (
            (200, {}, {"error": "bad_verification_code"}),
            ConnectionInvalid,
            "refuses this connection: bad_verification_code",
        ),
        ((403, {}, "<html>Forbidden</html>"), ConnectionInvalid, "refuses this connection: Forbidden"),
        ({}, ConnectionInvalid, "what the token endpoint of machine answered is no token: there is no access_token"),
        ([], ConnectionInvalid, "is no token: the answer is no object"),
        ((200, {}, "access_token=x&token_type=bearer"), ConnectionInvalid, "answered is no token"),
        ((200, {}, ""), ConnectionInvalid, "is no token: the body is empty"),
        ({"access_token": ""}, ConnectionInvalid, "there is no access_token"),
        ({"access_token": 17}, ConnectionInvalid, "there is no access_token"),
        ({"access_token": "x", "refresh_token": 17}, ConnectionInvalid, "the refresh_token is no text"),
        (
            {"access_token": "x", "token_type": "DPoP"},
            ConnectionInvalid,
            "of the type 'DPoP', which is no bearer token",
        ),
        ({"access_token": "a\r\nX-Evil: 1"}, ConnectionInvalid, "the access token that machine's token endpoint gave"),
        ((302, {"location": "https://evil.test/"}, ""), ApiError, "a redirect leads to another origin, evil.test"),
        (
            (500, {}, {"error": "server_error", "access_token": "canary-access-unknown"}),
            ApiError,
            "connection error, status 500: server_error",
        ),
        (httpx.ReadError("reset"), TransportError, "the connection broke off"),
    ],
)
def test_what_a_token_endpoint_answers_instead_is_told_in_words(world, answer, error, words):
    vendor = OAuthVendor(scripted=[answer] * 4)
    with pytest.raises(error, match=words) as told:
        called(world, vendor, machine())
    assert vendor.called == []
    shown = f"{told.value!s} {told.value!r} {told.value.__dict__} {told.value.__cause__!r} {told.value.__context__!r}"
    assert not [one for one in CANARIES if one in shown]
    assert not [one for one in CANARIES if one.encode() in pickle.dumps(told.value)]


def test_a_token_endpoint_that_could_not_be_reached_is_asked_again():
    vendor = OAuthVendor(scripted=[httpx.ConnectError("refused")])
    (result,) = called("sync", vendor, machine(), {"limit": 1})
    assert [(one.method, one.status) for one in result.attempts] == [("POST", None), ("POST", 200), ("GET", 200)]


def test_client_credentials_are_sent_again_where_the_endpoint_asks_to_wait():
    vendor = OAuthVendor(scripted=[(503, {"retry-after": "0"}, "")])
    assert called("sync", vendor, machine(), {"limit": 1})[0].output == [{"id": "th_0"}]


def test_a_refresh_token_that_may_have_been_used_is_not_sent_again():
    vendor = OAuthVendor()
    connection = person(vendor)
    vendor.revoke()
    vendor.scripted = [httpx.ReadTimeout("slow")]
    with pytest.raises(TransportError, match="may have been carried out"):
        called("sync", vendor, connection)
    assert len(vendor.asked) == 1


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://login.machine.example/", "the token_url of machine is an http address; secrets go over https alone"),
        ("https://user@login.machine.example/", "must not hold a user name"),
    ],
)
def test_secrets_go_to_an_https_address_alone(address, words):
    vendor = OAuthVendor()
    with pytest.raises(ConnectionInvalid, match=words):
        called("sync", vendor, machine(login_url=address))
    assert vendor.seen == []


@pytest.mark.parametrize(
    "address",
    ["", "ftp://x.test/", "https:///x", "https://x.test/#y", "http://[::1", "https://a:b@x.test/", "//x.test/"],
)
def test_an_address_that_is_none_is_refused(address):
    oauth = OAuth("acme", {"grant": "client_credentials", "token_url": address, "client_id": "c"}, {})
    with pytest.raises(ConnectionInvalid, match="the token_url of acme is no https address"):
        oauth.token_request({"connection": {}}, {})


# ---- RFC 6749's own examples ----


def test_the_requests_of_the_standard_are_made():
    plan = {
        "grant": "client_credentials",
        "token_url": "https://server.example.com/token",
        "client_id": "s6BhdRkqt3",
        "client_secret": "gX1fBat3bV",
    }
    request, _ = OAuth("acme", plan, {}).token_request({"connection": {}}, {"grant_type": "client_credentials"})
    assert request.headers["authorization"] == "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW"  # 4.4.2
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.body.data == b"grant_type=client_credentials"
    plan = {**plan, "client_secret": "7Fjfp0ZBr1KtDRbnfVdmIw", "client_auth": "body"}
    form = {"grant_type": "refresh_token", "refresh_token": "tGzv3JOkF0XG5Qx2TlKWIA"}
    request, _ = OAuth("acme", plan, {}).token_request({"connection": {}}, form)
    assert request.body.data == (  # 2.3.1
        b"grant_type=refresh_token&refresh_token=tGzv3JOkF0XG5Qx2TlKWIA&client_id=s6BhdRkqt3&client_secret=7Fjfp0ZBr1KtDRbnfVdmIw"
    )


def test_the_answer_of_the_standard_is_read():
    answer = {  # 5.1
        "access_token": "2YotnFZFEjr1zCsicMWpAA", "token_type": "example", "expires_in": 3600,
        "refresh_token": "tGzv3JOkF0XG5Qx2TlKWIA", "example_parameter": "example_value",
    }  # fmt: skip
    found = answered_tokens(answer, 1000.0)
    assert (found.access_token, found.refresh_token, found.expires_at) == (
        "2YotnFZFEjr1zCsicMWpAA",
        "tGzv3JOkF0XG5Qx2TlKWIA",
        4600.0,
    )


# ---- nobody sees them ----


def test_no_error_log_repr_or_rendering_has_a_token_or_the_secret(caplog):
    caplog.set_level(logging.DEBUG)
    vendor = OAuthVendor()
    connection = person(vendor)
    shown = []
    with Client(
        connection,
        SPECS,
        vendor,
        on_request=lambda one: shown.append(repr(one)),
        on_response=lambda one: shown.append(repr(one)),
    ) as client:
        client.execute("person.list_things")
        vendor.revoke()
        client.execute("person.list_things")
        rendered = client.render("person.list_things")
        vendor.revoke()
        vendor.refreshing.clear()
        with pytest.raises(ConnectionInvalid) as told:
            client.execute("person.list_things")
        shown += [str(told.value), repr(told.value), repr(client), repr(client.__dict__)]
    shown += [
        caplog.text,
        str(rendered),
        repr(rendered),
        rendered.curl(),
        repr(connection),
        repr(connection.held.tokens),
        repr(connection.held),
    ]
    assert rendered.headers["authorization"] == "Bearer ***"
    assert len(vendor.asked) == 2
    assert len(shown) > 15
    assert not [(one, text) for one in CANARIES for text in shown if one in text]


def test_no_log_has_a_secret_over_a_real_connection(caplog):
    caplog.set_level(logging.DEBUG)
    vendor = OAuthVendor()
    served = Served(vendor)
    where = {"base_url": served.url, "login_url": served.url}
    try:
        with Client(machine(**where), SPECS) as client:
            client.execute("machine.list_things")
            vendor.revoke()
            client.execute("machine.make_thing", {"name": "x"})

        async def live():
            async with AsyncClient(person(vendor, **where), SPECS) as client:
                vendor.revoke()
                await client.execute("person.list_things")

        asyncio.run(live())
    finally:
        served.close()
    assert len(vendor.asked) == 3
    assert caplog.text
    assert not [one for one in CANARIES if one in caplog.text]


def test_a_connection_with_tokens_is_not_pickled_and_copies_share_them():
    vendor = OAuthVendor()
    connection = person(vendor)
    with pytest.raises(TypeError, match="is not pickled"):
        pickle.dumps(connection)
    assert copy.deepcopy(connection).held is connection.held


def test_an_input_cannot_set_the_header_of_the_token(tmp_path):
    module = tmp_path / "machine/modules/free.v1.yaml"
    module.parent.mkdir(parents=True)
    module.write_text(
        "name: free\nversion: 1.0.0\nkind: action\ntitle: Free\nfields: {headers: {type: object}}\n"
        'request: {method: GET, path: /things, headers: "${input.headers}"}\n'
    )
    with (
        Client(machine(), [tmp_path, SPECS], OAuthVendor()) as client,
        pytest.raises(koppling.InputInvalid, match="'Authorization'"),
    ):
        client.execute("machine.free", {"headers": {"Authorization": "Bearer mine"}})
