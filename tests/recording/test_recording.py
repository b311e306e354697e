"""`koppling test --record`: a real call becomes an example that holds, or nothing is kept."""

from __future__ import annotations

import base64
import json
import os

import pytest
from listening_vendor import Reply

from koppling.store import connections
from koppling_tools.cli import main

HELD = (0, "1 passed, 0 failed\n")


def test_a_call_becomes_an_example_as_a_person_would_write_it(server, record, replayed):
    server.say = lambda _: Reply({"id": "th_1", "name": "Anvil", "weight": 1.0, "tags": []})
    found = record("vault.get_thing", "id=th_1", "note=two words")
    assert (found.status, found.out) == (0, "spec/vault/examples/get_thing.v1/real.yaml\n"), found.err
    assert found.text == (
        "title: Get a thing, as it went on 2026-11-23\n"
        "as_of: 2026-11-23\n"
        "connection: {tenant: null}\n"
        "inputs: {id: th_1, note: two words}\n"
        "request: {method: GET, path: /things/th_1, query: {note: two words}, headers: {X-Note: two words}}\n"
        "response: {status: 200, json: {id: th_1, name: Anvil, weight: 1.0, tags: []}}\n"
        "output: {id: th_1, name: Anvil, weight: 1.0, tags: []}\n"
    )
    assert replayed(found.path) == HELD


def test_a_stored_connection_a_file_of_inputs_and_a_title_are_taken(server, record, place, monkeypatch, replayed):
    monkeypatch.delenv("VAULT_API_KEY")
    monkeypatch.delenv("VAULT_URL")
    fields = {"tenant": "north-1", "base_url": server.url}
    connections.add("north", "vault", fields, {"api_key": "stored-secret-1"}, home="file")
    (place / "inputs.json").write_text('{"id": "th_2"}')
    server.say = lambda asked: Reply({"tenant": asked.headers["x-tenant"], "key": asked.headers["authorization"]})
    found = record("vault.get_thing", "--input", "inputs.json", "--connection", "north", "--title", "From a file")
    assert found.status == 0, found.err
    assert found.text == (
        "title: From a file\n"
        "as_of: 2026-11-23\n"
        "connection: {tenant: north-1}\n"
        "inputs: {id: th_2}\n"
        "request: {method: GET, path: /things/th_2, headers: {X-Tenant: north-1}}\n"
        "response: {status: 200, json: {tenant: north-1, key: Bearer example-api_key}}\n"
        "output: {tenant: north-1, key: Bearer example-api_key}\n"
    )
    assert "the connection's api_key: a stand-in in 2 places" in found.err
    assert replayed(found.path) == HELD


def test_a_refusal_becomes_an_example_of_an_error_with_the_headers_that_matter(server, record, replayed):
    error = {"error": {"message": "There is no thing th_9.", "code": "no_such_thing"}}
    server.say = lambda _: Reply(error, 404, [("X-Request-Id", "req_7"), ("X-Cache", "miss"), ("Date", "today")])
    found = record("vault.get_thing", "id=th_9")
    assert found.status == 0, found.err
    assert "response:\n  status: 404\n  headers: {x-request-id: req_7}\n  json: {error: " in found.text
    assert found.text.endswith(
        "error:\n  type: ApiError\n  kind: data\n  status: 404\n"
        "  message: There is no thing th_9.\n  code: no_such_thing\n  request_id: req_7\n"
    )
    assert replayed(found.path) == HELD


def test_attempts_are_recorded_whole(server, record, replayed):
    replies = [Reply({"error": {"message": "slow"}}, 429, [("Retry-After", "0.01")]), Reply({"id": "th_1"})]
    server.say = lambda _: replies.pop(0)
    found = record("vault.get_thing", "id=th_1")
    assert found.status == 0, found.err
    assert found.text.count("- request:") == 2
    assert replayed(found.path) == HELD


def test_equal_attempts_in_a_row_are_one_exchange_with_a_count(server, record, replayed):
    server.say = lambda _: Reply({"error": {"message": "slow"}}, 429)
    found = record("vault.get_thing", "id=th_1")
    assert found.status == 0, found.err
    assert (found.text.count("- request:"), found.text.count("times: 2")) == (1, 1)
    assert "kind: rate_limit" in found.text
    assert replayed(found.path) == HELD


def test_pages_are_recorded_whole(server, record, replayed):
    pages = {
        "/v1/things": {"data": [{"id": "a"}, {"id": "b"}], "has_more": True, "total": 3},
        "/v1/things?after=b": {"data": [{"id": "c"}], "has_more": False, "total": 3},
    }
    server.say = lambda asked: Reply(pages[asked.target])
    found = record("vault.list_things")
    assert found.status == 0, found.err
    assert found.text.endswith("output: [{id: a}, {id: b}, {id: c}]\nenvelope: {total: 3}\n")
    assert replayed(found.path) == HELD


def test_links_to_the_server_lead_to_the_made_up_address(server, record, replayed):
    pages = {
        "/v1/linked": {"data": [1], "next_url": f"{server.url}linked?page=2"},
        "/v1/linked?page=2": {"data": [2], "next_url": None},
    }
    server.say = lambda asked: Reply(pages[asked.target])
    found = record("vault.follow_link")
    assert found.status == 0, found.err
    assert 'next_url: "https://vault.example/v1/linked?page=2"' in found.text
    assert "127.0.0.1" not in found.text
    assert replayed(found.path) == HELD


def test_polls_are_recorded_whole(server, record, replayed):
    states = iter(["queued", "queued", "done"])

    def say(asked):
        if asked.method == "POST":
            return Reply({"state": "new"}, 202, [("Location", f"{server.url}jobs/7")])
        # as Date does, which is another one when a second is over
        return Reply({"state": next(states), "result": 42}, headers=[("X-Poll", str(len(server.asked)))])

    server.say = say
    found = record("vault.wait_for")
    assert found.status == 0, found.err
    assert 'location: "https://vault.example/v1/jobs/7"' in found.text
    assert "times: 2" in found.text
    assert found.text.endswith("output: {state: done, result: 42}\n")
    assert replayed(found.path) == HELD


def test_a_stream_is_recorded_with_its_deltas(server, record, replayed):
    data = b': hello\n\ndata: {"text": "Hel"}\n\ndata: {"text": "lo"}\n\ndata: [DONE]\n\n'
    server.say = lambda _: Reply(data=data, headers=[("Content-Type", "text/event-stream")])
    found = record("vault.say", "text=Hi", "--stream")
    assert found.status == 0, found.err
    assert 'events: [{text: Hel}, {text: lo}, "[DONE]"]' in found.text
    assert "stream: true\n" in found.text
    assert "deltas: [{text: Hel}, {text: lo}]\n" in found.text
    assert replayed(found.path) == HELD


def test_a_binary_answer_is_recorded_with_its_name_and_type(server, record, replayed):
    data = bytes(range(256))
    headers = [("Content-Type", "image/png"), ("Content-Disposition", 'attachment; filename="a.png"')]
    server.say = lambda _: Reply(data=data, headers=headers)
    found = record("vault.get_picture")
    assert found.status == 0, found.err
    assert f'base64: "{base64.b64encode(data).decode()}"' in found.text
    assert replayed(found.path) == HELD


def test_a_file_is_recorded_as_examples_write_it(server, record, place, replayed):
    (place / "a.bin").write_bytes(b"\xff\x00bin")
    server.say = lambda _: Reply({"bytes": 5})
    found = record("vault.send_file", "file@a.bin", "purpose=fun")
    assert found.status == 0, found.err
    assert "inputs: {file: {name: a.bin, data: /wBiaW4=, media_type: application/octet-stream}, purpose: fun}" in (
        found.text.replace('"', "")
    )
    assert replayed(found.path) == HELD


ODD = {
    "a name twice": b'{"id": 1, "id": 2}',
    "characters that YAML does not take": '{"t": "\\u0000\\u0085\\u2028\\ufeff\\u001b \U0001f600 é"}'.encode(),
    "texts that look like something else": b'{"t": ["yes", "null", "1.0", "2026-11-23", "0x1", "~", "", " a ", "a: b", "#", "- x", "=", "<<", "1_000", ".inf"]}',
    "deep": b"[" * 40 + b"]" * 40,
    "numbers of every kind": b"[0, -0.0, 1.0, 1e2, 12345678901234567890, 0.1, 1.5e-9]",
    "a large text": json.dumps({"t": "word " * 4000}).encode(),
    "keys of every kind": b'{"": 1, "a b": 2, "null": 3, "#": 4, "? ": 5, "a: b": 6, "true": 7}',
}


LOST = {
    "a number beyond all": (b'{"n": 1e999}', "cannot be written as YAML that says the same"),
    "half a character": (b'{"t": "\\ud800"}', "half a character (a lone surrogate)"),
}


@pytest.mark.parametrize("name", LOST)
def test_what_an_example_cannot_say_is_refused_in_words(server, record, name):
    data, said = LOST[name]
    server.say = lambda _: Reply(data=data)
    found = record("vault.get_thing", "id=th_1")
    assert (found.status, said in found.err, found.path.exists()) == (1, True, False), found.err


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_is_kept_so_that_it_reads_back_the_same(server, record, replayed, name):
    server.say = lambda _: Reply(data=ODD[name])
    found = record("vault.get_thing", "id=th_1")
    assert found.status == 0, found.err
    assert replayed(found.path) == HELD


def test_an_answer_that_cannot_be_read_is_an_example_of_that(server, record, replayed):
    server.say = lambda _: Reply(data=b"<html>\xff</html>", headers=[("Content-Type", "text/html")])
    found = record("vault.get_thing", "id=th_1")
    assert found.status == 0, found.err
    assert "code: koppling.unreadable" in found.text
    assert replayed(found.path) == HELD


def test_an_example_is_written_over_only_when_that_is_wished(server, record):
    server.say = lambda _: Reply({"version": len(server.asked)})
    first = record("vault.get_thing", "id=th_1")
    again = record("vault.get_thing", "id=th_1")
    assert (again.status, len(server.asked)) == (2, 1)
    assert "real.yaml is there already; --force writes it anew" in again.err
    assert "version: 1" in first.text
    forced = record("vault.get_thing", "id=th_1", "--force")
    assert forced.status == 0
    assert "version: 2" in forced.text
    assert [one.name for one in forced.path.parent.iterdir()] == ["real.yaml"]


NOTHING = {
    "a case that leads elsewhere": ("vault.get_thing", ["id=th_1", "--case", "../../x"], 2, "is no name of a case"),
    "an input that is wrong": ("vault.get_thing", ["idd=th_1"], 1, "idd: "),
    "a module that is not there": ("vault.get_thong", ["id=th_1"], 1, "did you mean 'vault.get_thing'"),
    "a secret that is too short": ("vault.unlock", ["password=abc"], 1, "the input password has fewer than 4 characters"),
    "a stream of none": ("vault.get_thing", ["id=th_1", "--stream"], 1, "does not stream"),
    "an answer without end": ("vault.get_picture", [], 1, "the answer has more than 1 MiB"),
    "a request that is another each time": ("vault.make_once", [], 1, "request.json.key is not as stated"),
}  # fmt: skip


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_is_kept_of(server, record, place, name):
    server.say = lambda asked: Reply(data=b"x" * 2_000_000) if "picture" in asked.target else Reply({"ok": True})
    module, words, status, said = NOTHING[name]
    found = record(module, *words)
    assert (found.status, said in found.err, found.out) == (status, True, ""), found.err
    assert "Traceback" not in found.err
    assert list(place.rglob("examples/**/*.*")) == []


def test_nothing_is_kept_where_nobody_answers(server, record, place, monkeypatch):
    monkeypatch.setenv("VAULT_URL", "http://127.0.0.1:1/v1/")
    found = record("vault.make_once")
    assert (found.status, "could not connect" in found.err) == (2, True)
    assert not (place / "spec/vault/examples").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_told_before_anything_is_sent(server, record, place):
    (place / "spec/vault").chmod(0o555)
    found = record("vault.get_thing", "id=th_1")
    (place / "spec/vault").chmod(0o755)
    assert (found.status, server.asked) == (2, [])
    assert "cannot be written; name a folder of your own with --specs" in found.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--record", "vault.get_thing"], "--record needs --case, the example's name"),
        (["--record", "vault.get_thing", "--case", "a", "--mutate"], "--record and --mutate exclude each other"),
        (["spec", "--case", "a"], "--case goes with --record"),
        (["spec", "--input", "a.json"], "--input goes with --record"),
    ],
)
def test_options_that_do_not_go_together_are_told(place, capsys, words, said):
    assert main(["test", *words]) == 2
    assert said in capsys.readouterr().err
