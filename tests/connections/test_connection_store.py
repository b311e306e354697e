"""What is stored, where, and what can go wrong with it."""

from __future__ import annotations

import json
import os
import pickle
import stat
import subprocess
import sys
import threading

import pytest

from koppling import Connection, ConnectionInvalid
from koppling.store import connections, vault

SECRET = "canary-5e7f-secret"


def add(name="mine", connector="acme", fields=None, secrets=None, **options):
    return connections.add(name, connector, fields or {"tenant": "t"}, secrets or {"api_key": SECRET}, **options)


def test_without_a_keyring_secrets_stand_in_a_file_of_its_owner_alone(folder):
    assert add().home == "file"
    path = folder / "connections.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert "secrets are not in the system's keyring" in json.loads(path.read_text())["about"]
    loaded = Connection.load("mine")
    assert (loaded.connector, loaded.fields, loaded.name) == ("acme", {"tenant": "t", "api_key": SECRET}, "mine")


def test_with_a_keyring_no_secret_stands_in_the_file(folder, vault):
    assert add().home == "keyring"
    assert SECRET not in (folder / "connections.json").read_text()
    assert [json.loads(one) for one in vault.items.values()] == [{"api_key": SECRET}]
    assert Connection.load("mine").fields == {"tenant": "t", "api_key": SECRET}


def test_what_is_replaced_or_removed_leaves_nothing_in_the_keyring(vault):
    add()
    add(secrets={"api_key": "another"}, overwrite=True)
    assert [json.loads(one) for one in vault.items.values()] == [{"api_key": "another"}]
    add(home="file", overwrite=True)
    assert vault.items == {}
    add(overwrite=True)
    connections.remove("mine")
    assert vault.items == {}
    assert connections.entries() == {}


def test_a_name_that_is_taken_is_kept_and_leaves_nothing_in_the_keyring(vault):
    add()
    with pytest.raises(ConnectionInvalid, match="there is a connection 'mine' already"):
        add(secrets={"api_key": "another"})
    assert [json.loads(one) for one in vault.items.values()] == [{"api_key": SECRET}]


def test_a_keyring_that_refuses_is_done_without_unless_it_was_asked_for(vault):
    vault.locked = "the collection is locked"
    assert add().home == "file"
    with pytest.raises(
        ConnectionInvalid, match=r"keyring does not take the secrets: the collection is .*--store file"
    ) as told:
        add("other", home="keyring")
    assert SECRET not in str(told.value)
    assert set(connections.entries()) == {"mine"}


def test_a_keyring_that_is_not_there_is_told_to_whom_asked_for_it():
    with pytest.raises(ConnectionInvalid, match="this system has no keyring that `keyring` could use; `--store file`"):
        add(home="keyring")


def test_a_keyring_that_is_not_installed_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert add().home == "file"
    with pytest.raises(ConnectionInvalid, match=r"`keyring` is not installed \(`pip install 'koppling\[keyring\]'`\)"):
        add("other", home="keyring")


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (lambda vault: vault.items.clear(), "has no secrets of 'mine' any more; store the connection again"),
        (lambda vault: setattr(vault, "locked", "no one to ask"), "does not give the secrets of 'mine': no one to ask"),
        (lambda vault: vault.items.update(dict.fromkeys(vault.items, "{")), "has no secrets of 'mine' any more"),
    ],
)
def test_a_keyring_that_lost_its_secrets_is_told_in_words(vault, break_it, words):
    add()
    break_it(vault)
    with pytest.raises(ConnectionInvalid) as told:
        Connection.load("mine")
    assert words in str(told.value)


def test_two_folders_of_connections_share_no_item_of_the_keyring(vault, monkeypatch, tmp_path):
    add()
    monkeypatch.setenv("KOPPLING_CONFIG", str(tmp_path / "other"))
    add(secrets={"api_key": "another"})
    assert len(vault.items) == 2


# ---- several, and a default ----


def test_the_first_connection_of_a_connector_is_its_default_until_another_is():
    add("one")
    add("two")
    add("elsewhere", connector="other")
    assert (connections.default_name("acme"), Connection.default("acme").name) == ("one", "one")
    connections.make_default("two")
    assert (connections.default_name("acme"), connections.default_name("other")) == ("two", "elsewhere")
    add("three", default=True)
    assert connections.default_name("acme") == "three"
    connections.remove("three")
    assert connections.default_name("acme") is None
    with pytest.raises(ConnectionInvalid, match="no stored connection is the default of acme"):
        Connection.default("acme")
    connections.remove("two")
    assert connections.default_name("acme") == "one"
    add("four")
    assert connections.default_name("acme") == "one"


def test_a_default_that_is_replaced_stays_the_default():
    add("one")
    add("two")
    add("one", fields={"tenant": "new"}, overwrite=True)
    assert Connection.default("acme").fields["tenant"] == "new"


@pytest.mark.parametrize("act", [Connection.load, connections.remove, connections.make_default])
def test_a_name_that_is_not_stored_gets_the_near_miss(act):
    with pytest.raises(ConnectionInvalid, match="koppling connection add"):
        act("mine")
    add()
    with pytest.raises(ConnectionInvalid, match="did you mean 'mine'"):
        act("mime")


# ---- at the same time ----

ADD = """
import sys
from koppling.store import connections
for number in range(5):
    connections.add(f"{sys.argv[1]}-{number}", "acme", {"tenant": "t"}, {"api_key": "canary"}, home="file")
"""


def test_processes_that_add_at_the_same_time_lose_nothing():
    started = [subprocess.Popen([sys.executable, "-c", ADD, str(one)]) for one in range(6)]
    assert [one.wait(60) for one in started] == [0] * 6
    assert set(connections.entries()) == {f"{one}-{number}" for one in range(6) for number in range(5)}
    assert sum(one.default for one in connections.entries().values()) == 1


def test_threads_that_add_and_remove_at_the_same_time_lose_nothing(vault):
    add("keep")

    def work(number):
        for turn in range(5):
            add(f"{number}-{turn}")
        connections.remove(f"{number}-0")

    threads = [threading.Thread(target=work, args=[one]) for one in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert set(connections.entries()) == {"keep"} | {f"{one}-{turn}" for one in range(6) for turn in range(1, 5)}
    assert len(vault.items) == 25


def test_one_of_two_that_add_the_same_name_is_refused(vault):
    refused, start = [], threading.Barrier(8)

    def work(number):
        start.wait(60)
        try:
            add(secrets={"api_key": f"canary-{number}"})
        except ConnectionInvalid as error:
            refused.append(str(error))

    threads = [threading.Thread(target=work, args=[one]) for one in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert refused == ["there is a connection 'mine' already"] * 7
    assert len(vault.items) == 1


# ---- what is wrong with the file ----


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is damaged: line 1: "),
        ("", "is damaged: line 1: "),
        ("[]", "is damaged: it is no file of connections"),
        ('{"connections": []}', "is damaged"),
        ('{"connections": {"a": 1}}', "is damaged"),
        ('{"connections": {"a": {"connector": 1, "fields": {}}}}', "is damaged"),
        ('{"connections": {"a": {"connector": "acme", "fields": {}, "keyring": 3}}}', "is damaged"),
        ('{"acme": {"connector": "acme", "fields": {}}}', "is damaged"),
        ("\xff", "is damaged"),
        ("[" * 100_000, "is damaged"),
        ('{"version": 2, "connections": {}}', "was written by a newer version of Koppling"),
    ],
)
def test_a_file_that_is_none_of_ours_is_told_in_words_and_never_written_over(folder, vault, text, words):
    folder.mkdir()
    path = folder / "connections.json"
    path.write_bytes(text.encode("latin-1"))
    for act in (
        connections.entries,
        add,
        lambda: add(overwrite=True),
        lambda: connections.remove("a"),
        lambda: connections.make_default("a"),
    ):
        with pytest.raises(ConnectionInvalid) as told:
            act()
        assert words in str(told.value)
        assert str(path) in str(told.value)
        assert "nothing was changed" in str(told.value)
        assert path.read_bytes() == text.encode("latin-1")
    assert vault.items == {}
    assert not list(folder.glob(".connections*"))


def test_a_write_that_fails_leaves_what_was_there(folder, monkeypatch, vault):
    add()
    before = (folder / "connections.json").read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConnectionInvalid, match=r"cannot be written: .*connections\.json: No space left on device"):
        add("other")
    assert (folder / "connections.json").read_bytes() == before
    assert sorted(one.name for one in folder.iterdir()) == ["connections.json", "connections.lock"]
    assert len(vault.items) == 1


def test_a_file_behind_a_link_stays_behind_it(folder, tmp_path):
    add()
    (tmp_path / "kept.json").write_bytes((folder / "connections.json").read_bytes())
    (folder / "connections.json").unlink()
    (folder / "connections.json").symlink_to(tmp_path / "kept.json")
    add("other")
    assert (folder / "connections.json").is_symlink()
    assert set(connections.entries()) == {"mine", "other"}


def test_a_user_without_a_folder_is_told_what_to_set(monkeypatch):
    monkeypatch.delenv("KOPPLING_CONFIG")
    monkeypatch.setattr(connections, "config_folder", lambda: None)
    with pytest.raises(ConnectionInvalid, match="set KOPPLING_CONFIG"):
        connections.entries()


def test_a_folder_that_is_a_file_is_told(folder):
    folder.write_text("")
    with pytest.raises(ConnectionInvalid, match=r"cannot be (read|written): .*config"):
        add()


# ---- nobody sees a secret ----


def test_no_repr_has_a_secret():
    entry = add()
    shown = repr(entry) + repr(Connection.load("mine")) + repr(connections.entries()) + str(entry)
    assert SECRET not in shown


def test_a_connection_is_pickled_as_what_leads_to_it():
    add()
    told = pickle.dumps(Connection.load("mine"))
    assert SECRET.encode() not in told
    assert pickle.loads(told).fields["api_key"] == SECRET
    told = pickle.loads(pickle.dumps(Connection.from_env("acme", env_file="some.env")))
    assert repr(told) == repr(Connection.from_env("acme"))
    with pytest.raises(TypeError, match="a Connection is not pickled, for the secrets in it"):
        pickle.dumps(Connection("acme", api_key=SECRET))


def test_what_a_keyring_says_of_a_secret_is_masked():
    said = str(vault._failed("does not", RuntimeError(f"bad item {SECRET}"), {"api_key": SECRET}))
    assert "bad item ***" in said
