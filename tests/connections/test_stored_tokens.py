"""Tokens of stored connections: shared by all that load one, kept where its secrets are."""

from __future__ import annotations

import asyncio
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from oauth_vendor import CLIENT, SECRET, OAuthVendor

from koppling import AsyncClient, Client, Connection
from koppling.store import connections
from koppling.store.lock import TriedLock

SPECS = Path(__file__).parent / "spec"


@pytest.fixture
def vendor():
    return OAuthVendor()


def stored(vendor, **options):
    return connections.add(
        "mine", "person", {"client_id": CLIENT}, {"client_secret": SECRET}, tokens=vendor.tokens(), **options
    )


def called(vendor, connection=None):
    with Client(connection or Connection.load("mine"), SPECS, vendor) as client:
        return client.execute("person.list_things", {"limit": 1}).output


def test_new_tokens_go_where_the_secrets_are(vendor, folder):
    stored(vendor)
    vendor.revoke()
    assert called(vendor) == [{"id": "th_0"}]
    assert (
        json.loads((folder / "connections.json").read_text())["connections"]["mine"]["tokens"]["refresh_token"]
        == "canary-refresh-2"
    )
    assert called(vendor) == [{"id": "th_0"}]
    assert len(vendor.asked) == 1


def test_tokens_in_a_keyring_stand_in_no_file(vendor, vault, folder):
    stored(vendor)
    vendor.revoke()
    called(vendor)
    assert "canary" not in (folder / "connections.json").read_text()
    assert sorted(json.loads(one).get("refresh_token", "") for one in vault.items.values()) == ["", "canary-refresh-2"]
    connections.remove("mine")
    assert vault.items == {}
    assert not list(folder.glob("*[0-9a-f].lock"))


def test_of_many_that_loaded_it_by_themselves_one_renews(vendor):
    stored(vendor)
    vendor.revoke()
    vendor.pause = 0.1
    loaded = [Connection.load("mine") for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda one: called(vendor, one), loaded)) == [[{"id": "th_0"}]] * 6
    assert len(vendor.asked) == 1


def test_of_many_tasks_that_loaded_it_by_themselves_one_renews(vendor):
    stored(vendor)
    vendor.revoke()
    vendor.pause = 0.1

    async def one():
        async with AsyncClient(Connection.load("mine"), SPECS, vendor) as client:
            return (await client.execute("person.list_things", {"limit": 1})).output

    async def live():
        return await asyncio.gather(*(one() for _ in range(6)))

    assert asyncio.run(live()) == [[{"id": "th_0"}]] * 6
    assert len(vendor.asked) == 1


@pytest.mark.parametrize("meanwhile", ["removed", "replaced"])
def test_tokens_of_what_is_not_stored_any_more_are_not_stored(vendor, meanwhile):
    stored(vendor)
    loaded = Connection.load("mine")
    if meanwhile == "removed":
        connections.remove("mine")
    else:
        connections.add("mine", "person", {"client_id": "another"}, {}, overwrite=True)
    vendor.tokens()
    loaded.use_tokens(vendor.tokens())  # as if they had been loaded before
    loaded.held.keeper = connections.StoredTokens("mine", "gone")
    vendor.revoke()
    assert called(vendor, loaded) == [{"id": "th_0"}]
    assert [one.tokens for one in connections.entries().values()] == ([] if meanwhile == "removed" else [None])


@pytest.mark.parametrize("tokens", [{}, {"access_token": 3}, {"refresh_token": "x"}])
def test_tokens_that_are_none_count_as_not_signed_in(vendor, tokens):
    connections.add("mine", "person", {"client_id": CLIENT}, {"client_secret": SECRET}, tokens=tokens)
    assert connections.StoredTokens("mine", connections.find("mine").identity).load() is None


def test_what_cannot_be_stored_is_used_and_warned_of(vendor, monkeypatch):
    stored(vendor)
    vendor.revoke()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.warns(
        RuntimeWarning, match="the new tokens of the connection 'mine' are not stored: .*No space left"
    ) as told:
        assert called(vendor) == [{"id": "th_0"}]
    assert "canary" not in str(told[0].message)


def test_a_lock_that_another_has_is_not_taken_and_who_gave_up_takes_none(tmp_path):
    first, second, third = (TriedLock(tmp_path / "lock") for _ in range(3))
    assert (first.take(), second.take()) == (True, False)
    first.give_back()
    second.give_back()
    assert (second.take(), first.take()) == (False, False)
    assert third.take()
    third.give_back()
    assert TriedLock(tmp_path / "nowhere/lock").take()  # where there can be none, nobody waits for it
