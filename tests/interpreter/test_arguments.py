"""What a program may give by mistake, and the words that it gets."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime

import httpx
import pytest
from acme import SECRET, SPEC

import koppling

CONNECTION = koppling.Connection("acme", api_key=SECRET)


@pytest.mark.parametrize("make", [koppling.Client, koppling.AsyncClient])
@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"connection": "acme"}, TypeError, r"connection is a Connection, as Connection.load\(name\), not a str"),
        ({"connection": {"api_key": SECRET}}, TypeError, "connection is a Connection"),
        ({"connection": koppling.Connection}, TypeError, "connection is a Connection.*, not a type"),
        ({"specs": 3}, TypeError, "specs is a folder, or a list of folders, not an int"),
        ({"specs": [SPEC, None]}, TypeError, "specs is a folder, or a list of folders, not None"),
        ({"transport": "http"}, TypeError, "transport is a transport of httpx, with `handle_"),
        ({"extra": "ignore"}, ValueError, "extra is forbid, warn or pass, not 'ignore'"),
        ({"extra": None}, ValueError, "extra is forbid"),
        ({"files": 3}, TypeError, "files is a folder, not an int"),
        ({"as_of": "yesterday"}, ValueError, "as_of is a day, as 2026-11-23, not 'yesterday'"),
        ({"as_of": "20261123"}, ValueError, "as_of is a day, as 2026-11-23, not '20261123'"),
        ({"as_of": "2026-W48"}, ValueError, "as_of is a day"),
        ({"as_of": "2026-02-30"}, ValueError, "as_of is a day"),
        ({"as_of": ""}, ValueError, "as_of is a day"),
        ({"as_of": 20261123}, TypeError, "as_of is a date, or text as 2026-11-23, not an int"),
    ],
)  # fmt: skip
def test_what_no_client_can_be_made_of_is_refused_in_words(make, given, error, words):
    with pytest.raises(error, match=words) as told:
        make(**{"specs": SPEC, **given})
    assert SECRET not in str(told.value)


def test_a_transport_of_the_other_world_is_refused():
    with pytest.raises(TypeError, match="with `handle_async_request`, not a HTTPTransport"):
        koppling.AsyncClient(CONNECTION, SPEC, httpx.HTTPTransport(verify=False))
    with pytest.raises(TypeError, match="with `handle_request`, not an AsyncHTTPTransport"):
        koppling.Client(CONNECTION, SPEC, httpx.AsyncHTTPTransport(verify=False))


CALLS = [
    ({"name": None}, TypeError, "name is a module's name, as 'acme.get_thing', not None"),
    ({"name": b"acme.get_thing"}, TypeError, "name is a module's name"),
    ({"inputs": ["id"]}, koppling.InputInvalid, "the inputs are a mapping, not a list"),
    ({"timeout": "5"}, TypeError, "timeout is a number of seconds, not a str"),
    ({"timeout": True}, TypeError, "timeout is a number of seconds, not a bool"),
    ({"timeout": 0}, ValueError, "timeout is a number of seconds above 0, not 0"),
    ({"timeout": -1.5}, ValueError, "above 0, not -1.5"),
    ({"timeout": float("nan")}, ValueError, "above 0, not nan"),
    ({"extra": "allow"}, ValueError, "extra is forbid, warn or pass, not 'allow'"),
    ({"extra": True}, ValueError, "extra is"),
    ({"as_of": "yesterday"}, ValueError, "as_of is a day, as 2026-11-23, not 'yesterday'"),
    ({"as_of": 3}, TypeError, "as_of is a date"),
]


@pytest.mark.parametrize(("given", "error", "words"), CALLS)
def test_what_no_call_can_be_made_of_is_refused_in_words_before_anything_is_sent(vendor, given, error, words):
    arguments = {"name": "acme.make_thing", "inputs": {"name": "x"}, **given}
    client = vendor.client()
    for act in (client.execute, client.stream, client.items):
        with pytest.raises(error, match=words):
            act(**arguments)
    with pytest.raises(error, match=words):
        asyncio.run(koppling.AsyncClient(CONNECTION, SPEC).execute(**arguments))
    assert not vendor.requests


@pytest.mark.parametrize("act", ["render", "trace"])
@pytest.mark.parametrize(("given", "error", "words"), [one for one in CALLS if "timeout" not in one[0]])
def test_what_cannot_be_rendered_is_refused_in_words(vendor, act, given, error, words):
    with pytest.raises(error, match=words):
        getattr(vendor.client(), act)(**{"name": "acme.make_thing", "inputs": {"name": "x"}, **given})


@pytest.mark.parametrize("day", ["2026-11-23", date(2026, 11, 23), datetime(2026, 11, 23, 12, tzinfo=UTC)])
def test_a_day_is_a_text_a_date_or_a_moment_of_it(vendor, day):
    assert vendor.client(as_of=day)._begin.day() == "2026-11-23"
    assert vendor.client()._begin.day(day) == "2026-11-23"


def test_a_connector_that_is_no_name_is_refused():
    with pytest.raises(TypeError, match="connector is a connector's name, not a dict"):
        koppling.Connection({"api_key": SECRET})


@pytest.mark.parametrize("secret", ["e", "th", "key"])
def test_a_secret_of_a_few_letters_masks_no_ordinary_text(vendor, secret):
    vendor.answers = [httpx.Response(400, json={"error": {"message": "there is no such key here"}})]
    with pytest.raises(koppling.ApiError) as told:
        vendor.client(connection=koppling.Connection("acme", api_key=secret)).execute("acme.make_thing", {"name": "x"})
    assert told.value.message == "there is no such key here"


def test_a_secret_of_four_letters_is_masked(vendor):
    vendor.answers = [httpx.Response(400, json={"error": {"message": "no such key: abcd"}})]
    with pytest.raises(koppling.ApiError) as told:
        vendor.client(connection=koppling.Connection("acme", api_key="abcd")).execute("acme.make_thing", {"name": "x"})
    assert told.value.message == "no such key: ***"
