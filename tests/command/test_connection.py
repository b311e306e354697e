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
    assert json.loads(_stored().read_text())["acme"]["fields"]["tenant"] == "two"


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
    assert json.loads(_stored().read_text()) == {}
    done = koppling("connection", "remove", "acme")
    assert done.status == 1
    assert "there is no stored connection 'acme'" in done.err


def test_a_damaged_file_of_connections_is_named(koppling):
    _stored().write_text("{")
    done = koppling("connection", "list")
    assert done.status == 1
    assert "connections.json is damaged" in done.err
