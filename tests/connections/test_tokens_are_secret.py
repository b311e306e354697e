"""Nobody sees a token or the secret that it was given for."""

from __future__ import annotations

import asyncio
import copy
import logging
import pickle

import pytest
from oauth_vendor import CANARIES, OAuthVendor, Served
from token_calls import SPECS, machine, person

import koppling
from koppling import AsyncClient, Client, ConnectionInvalid


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
