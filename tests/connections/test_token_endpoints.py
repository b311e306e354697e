"""What a token endpoint may answer, and what it is asked, as RFC 6749 has it."""

from __future__ import annotations

import pickle

import httpx
import pytest
from oauth_vendor import CANARIES, SECRET, OAuthVendor
from token_calls import WORLDS, called, machine, person

from koppling import ApiError, ConnectionInvalid, TransportError
from koppling.render.oauth import OAuth
from koppling.tokens import answered_tokens

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
