"""Tokens of somebody who signed in: refreshed, and passed on where they are kept."""

from __future__ import annotations

import pytest
from oauth_vendor import CLIENT, SECRET, OAuthVendor
from token_calls import WORLDS, Time, called, person

from koppling import ApiError, Connection, ConnectionInvalid
from koppling.tokens import Tokens


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
