"""`koppling connection`: what is stored, shown and tried."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _address(monkeypatch, server, surroundings):
    monkeypatch.setenv("ACME_BASE_URL", server.url)


def _stored() -> Path:
    return Path(os.environ["KOPPLING_CONFIG"]) / "connections.json"


def test_a_connection_is_tried_and_stored_for_its_owner_alone(koppling, server):
    server.answer(json={"things": []})
    done = koppling("connection", "add", "acme", "--from-env")
    assert (done.status, done.out) == (0, "")
    assert server.seen[0].path == "/v2/things"
    assert server.seen[0].headers["authorization"] == "Bearer canary-secret-value"
    assert stat.S_IMODE(_stored().stat().st_mode) == 0o600
    assert "canary" not in done.err


def test_a_connection_that_does_not_work_is_not_stored(koppling, server):
    server.answer(status=401, json={"error": {"message": "No."}})
    done = koppling("connection", "add", "acme", "--from-env")
    assert done.status == 2
    assert "check api_key" in done.err
    assert not _stored().exists()
    assert koppling("connection", "add", "acme", "--from-env", "--no-test").status == 0
    assert _stored().exists()
    assert len(server.seen) == 1


def test_a_connection_lacking_a_field_is_not_tried(koppling, server):
    done = koppling("connection", "add", "acme", "--input", "-", stdin=b'{"tenant": "t"}')
    assert done.status == 1
    assert "needs api_key" in done.err
    assert not server.seen


def test_a_name_that_is_taken_is_kept(koppling, server):
    server.answer(json={"things": []})
    assert koppling("connection", "add", "acme", "--from-env", "tenant=one").status == 0
    done = koppling("connection", "add", "acme", "--from-env", "tenant=two")
    assert done.status == 2
    assert "--replace" in done.err
    assert koppling("connection", "add", "acme", "--from-env", "tenant=two", "--replace").status == 0
    assert json.loads(_stored().read_text())["connections"]["acme"]["fields"]["tenant"] == "two"


def test_the_list_masks_secrets(koppling, server):
    server.answer(json={"things": []})
    koppling("connection", "add", "acme", "--from-env", "--name", "b", "tenant=t")
    koppling("connection", "add", "acme", "--from-env", "--name", "a")
    done = koppling("connection", "list")
    assert [line.split()[:3] for line in done.out.splitlines()] == [
        ["a", "acme", "api_key=***"],
        ["b", "acme", "api_key=***"],
    ]
    assert "tenant=t" in done.out
    shown = json.loads(koppling("connection", "list", "--json").out)
    assert [(one["name"], one["fields"]["api_key"]) for one in shown] == [("a", "***"), ("b", "***")]


def test_the_list_masks_every_field_of_a_connector_that_is_gone(koppling, server, monkeypatch, surroundings):
    server.answer(json={"things": []})
    koppling("connection", "add", "acme", "--from-env", "tenant=t")
    (surroundings / "other").mkdir()
    monkeypatch.setenv("KOPPLING_SPECS", "other")
    assert "tenant=***" in koppling("connection", "list").out


def test_a_stored_connection_is_tried(koppling, server):
    server.answer(json={"things": []})
    koppling("connection", "add", "acme", "--from-env", "--no-test")
    done = koppling("connection", "test", "acme")
    assert (done.status, len(server.seen)) == (0, 1)
    assert "the connection works (status 200" in done.err
    server.answers[:] = []
    server.answer(status=401, json={})
    assert koppling("connection", "test", "acme").status == 2


def test_a_connection_is_removed(koppling, server):
    server.answer(json={"things": []})
    koppling("connection", "add", "acme", "--from-env")
    assert koppling("connection", "remove", "acme").status == 0
    assert json.loads(_stored().read_text())["connections"] == {}
    done = koppling("connection", "remove", "acme")
    assert done.status == 1
    assert "there is no stored connection 'acme'" in done.err


def test_the_one_that_is_left_is_the_default_and_stays_it(koppling, server):
    server.answer(json={"id": "th_1"})
    for name, more in (("a", []), ("b", ["--default"])):
        koppling("connection", "add", "acme", "--from-env", "--no-test", "--name", name, *more)
    assert "removed 'b'; 'a' is the default of acme now" in koppling("connection", "remove", "b").err
    koppling("connection", "add", "acme", "--from-env", "--no-test", "--name", "c")
    assert "a  acme" in koppling("connection", "list").out
    shown = {one["name"]: one["default"] for one in json.loads(koppling("connection", "list", "--json").out)}
    assert shown == {"a": True, "c": False}


def test_where_several_are_stored_and_none_is_the_default_they_are_named(koppling, server, monkeypatch):
    for name, more in (("a", []), ("b", []), ("c", ["--default"])):
        koppling("connection", "add", "acme", "--from-env", "--no-test", "--name", name, *more)
    done = koppling("connection", "remove", "c")
    assert "acme has no default any more, of a, b" in done.err
    assert "koppling connection default NAME" in done.err
    monkeypatch.delenv("ACME_API_KEY")
    done = koppling("run", "acme.get_thing", "id=th_1")
    assert done.status == 1
    assert "of those stored none is the default: a, b" in done.err
    assert "--connection NAME names one; `koppling connection default NAME` makes it the default" in done.err
    assert not server.seen


def test_a_damaged_file_of_connections_is_named(koppling):
    _stored().write_text("{")
    done = koppling("connection", "list")
    assert done.status == 1
    assert "connections.json is damaged" in done.err


def test_a_damaged_file_of_connections_is_never_written_over(koppling, server):
    _stored().write_text("{")
    server.answer(json={"things": []})
    done = koppling("connection", "add", "acme", "--from-env")
    assert (done.status, _stored().read_text()) == (1, "{")
    assert "nothing was changed" in done.err


def test_a_secret_may_be_piped(koppling, server):
    server.answer(json={"things": []})
    done = koppling(
        "connection", "add", "acme", "tenant=t", f"base_url={server.url}", "--stdin", "api_key", stdin=b"piped-canary\n"
    )
    assert done.status == 0
    assert server.seen[0].headers["authorization"] == "Bearer piped-canary"
    assert json.loads(_stored().read_text())["connections"]["acme"]["secrets"] == {"api_key": "piped-canary"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["acme", "--stdin", "api_kee"], "has no field 'api_kee'; did you mean 'api_key'?"),
        (["acme", "--stdin", "api_key", "--input", "-"], "--stdin and --input - both read standard input"),
        (["acme", "--from-env", "--name", "a b"], "'a b' is no name for a connection"),
        (["--from-env"], "name the connector: acme, "),
        (["acme", "--env-file", "none.env"], "the variables of none.env cannot be read: No such file or directory"),
        (
            ["acme", "--from-env", "--store", "keyring", "--no-test"],
            "this system has no keyring that `keyring` could use; `--store file`",
        ),
    ],
)
def test_a_mistake_in_adding_is_told_and_nothing_stored(koppling, server, arguments, words):
    done = koppling("connection", "add", *arguments)
    assert done.status in {1, 2}
    assert words in done.err
    assert not _stored().exists()


def test_a_variable_whose_bytes_are_no_text_is_not_stored(koppling, monkeypatch):
    monkeypatch.setenv("ACME_API_KEY", "canary\udcff")
    done = koppling("connection", "add", "acme", "--from-env", "--no-test")
    assert (done.status, _stored().exists()) == (1, False)
    assert "the connections cannot be written: a field holds half a surrogate pair, which is no text" in done.err


def test_a_file_of_variables_is_read_where_it_is_named(koppling, server, surroundings, monkeypatch):
    monkeypatch.delenv("ACME_API_KEY")
    (surroundings / ".env").write_text("ACME_API_KEY=canary-of-file\nACME_TENANT=t\n")
    server.answer(json={"id": "th_1", "things": []})
    assert koppling("run", "acme.get_thing", "id=th_1").status == 1
    assert koppling("run", "acme.get_thing", "id=th_1", "--env-file", ".env").status == 0
    assert koppling("connection", "add", "acme", "--env-file", ".env").status == 0
    assert [one.headers["authorization"] for one in server.seen] == ["Bearer canary-of-file"] * 2
    assert koppling("run", "acme.get_thing", "id=th_1", "--env-file", ".env", "--sandbox").status == 2


def test_where_the_secrets_are_is_told(koppling, server):
    done = koppling("connection", "add", "acme", "--from-env", "--no-test")
    said = " ".join(done.err.split())
    assert (
        f"its secrets as plain text in {_stored()}, which only you can read (mode 0600): this system has no keyring"
        in said
    )
    shown = json.loads(koppling("connection", "list", "--json").out)
    assert [(one["secrets"], one["default"]) for one in shown] == [("file", True)]
    assert koppling("connection", "list").out.endswith("(file)  default\n")


def test_a_file_that_others_may_read_is_warned_of(koppling, server):
    koppling("connection", "add", "acme", "--from-env", "--no-test")
    assert "others may read" not in koppling("connection", "list").err
    _stored().chmod(0o644)
    assert f"others may read {_stored()}" in koppling("connection", "list").err


def test_a_short_secret_is_warned_of(koppling, server, monkeypatch):
    monkeypatch.setenv("ACME_API_KEY", "abc")
    done = koppling("connection", "add", "acme", "--from-env", "--no-test")
    assert "api_key is too short to be told from other text" in done.err


def test_without_a_connection_in_the_environment_the_default_is_used_and_named(koppling, server, monkeypatch):
    server.answer(json={"id": "th_1"})
    koppling("connection", "add", "acme", "--from-env", "--no-test", "--name", "one")
    monkeypatch.setenv("ACME_API_KEY", "canary-of-environment")
    koppling("connection", "add", "acme", "--from-env", "--no-test", "--name", "two", "--default")
    koppling("connection", "default", "one")
    koppling("run", "acme.get_thing", "id=th_1")
    monkeypatch.delenv("ACME_API_KEY")
    done = koppling("run", "acme.get_thing", "id=th_1")
    assert "with the stored connection 'one'" in done.err
    assert [one.headers["authorization"] for one in server.seen] == [
        "Bearer canary-of-environment",
        "Bearer canary-secret-value",
    ]
    assert "canary-secret" not in koppling("run", "acme.get_thing", "id=th_1", "--dry-run").out
