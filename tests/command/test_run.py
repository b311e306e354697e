"""`koppling run` against a server on the loopback address."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
import threading
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest

PNG = b"\x89PNG\r\n\x1a\n\x00\xff"
THING = {"id": "th_1", "name": "Anvil", "size": 7, "more": True}


@pytest.fixture(autouse=True)
def _address(monkeypatch, server, surroundings):
    monkeypatch.setenv("ACME_BASE_URL", server.url)


def test_the_output_alone_is_on_stdout(koppling, server):
    server.answer(json=THING)
    done = koppling("run", "acme.get_thing", "id=th_1", "count:=3", "urgent:=true")
    assert json.loads(done.out) == {"id": "th_1", "name": "Anvil", "size": 7}
    assert (done.status, done.err) == (0, "")
    asked = urlsplit(server.seen[0].path)
    assert asked.path == "/v2/things/th_1"
    assert parse_qs(asked.query) == {"count": ["3"], "urgent": ["true"]}


@pytest.mark.parametrize(
    ("form", "out"),
    [
        ("json", '{\n  "id": "th_1",\n  "name": "Anvil",\n  "size": 7\n}\n'),
        ("yaml", "id: th_1\nname: Anvil\nsize: 7\n"),
        ("text", "id: th_1\nname: Anvil\nsize: 7\n"),
    ],
)
def test_an_output_is_printed_as_asked(form, out, koppling, server):
    server.answer(json=THING)
    assert koppling("run", "acme.get_thing", "id=th_1", "--output", form).out == out


def test_a_text_is_printed_plainly(koppling, server):
    server.answer(json={"text": "Once upon\na time.", "words": 4})
    assert koppling("run", "acme.tell", "--output", "text").out == "Once upon\na time.\n"


def test_a_query_takes_a_part(koppling, server):
    server.answer(json=THING)
    assert koppling("run", "acme.get_thing", "id=th_1", "--query", "name").out == '"Anvil"\n'
    assert koppling("run", "acme.get_thing", "id=th_1", "--query", "nothing.there").out == "null\n"


def test_inputs_come_from_a_file_and_from_stdin(koppling, server, surroundings):
    server.answer(json=THING)
    (surroundings / "i.yaml").write_text("id: th_1\ncount: 3\n")
    assert koppling("run", "acme.get_thing", "--input", "i.yaml").status == 0
    assert koppling("run", "acme.get_thing", "--input", "-", "count:=4", stdin=b'{"id": "th_2"}').status == 0
    assert [one.path for one in server.seen] == ["/v2/things/th_1?count=3", "/v2/things/th_2?count=4"]


def test_a_search_prints_the_bundles_of_all_pages(koppling, server):
    server.answer(json={"things": [{"id": "a", "name": "A"}], "cursor": "c1"})
    server.answer(json={"things": [{"id": "b", "name": "B"}]})
    done = koppling("run", "acme.list_things")
    assert [one["id"] for one in json.loads(done.out)] == ["a", "b"]
    assert [one.path for one in server.seen] == ["/v2/things", "/v2/things?after=c1"]


def test_a_search_as_text_is_a_table(koppling, server):
    server.answer(json={"things": [{"id": "a", "name": "Anvil"}, {"id": "bee", "name": "B"}]})
    assert koppling("run", "acme.list_things", "--output", "text").out == "id   name\na    Anvil\nbee  B\n"


def test_a_streamed_search_prints_a_bundle_a_line(koppling, server):
    server.answer(json={"things": [{"id": "a", "name": "A"}], "cursor": "c1"})
    server.answer(json={"things": [{"id": "b", "name": "B"}]})
    done = koppling("run", "acme.list_things", "--stream")
    assert done.out == '{"id":"a","name":"A"}\n{"id":"b","name":"B"}\n'


def _story(*pieces: str) -> list[str]:
    return [f"data: {json.dumps({'piece': piece})}\n\n" for piece in pieces]


def test_a_stream_prints_its_text_as_one(koppling, server):
    server.answer(pieces=[*_story("Once ", "upon ", "a time."), "data: [END]\n\n"])
    done = koppling("run", "acme.tell", "about=kings", "--stream", "--output", "text")
    assert done.out == "Once upon a time.\n"
    assert json.loads(server.seen[0].body) == {"about": "kings", "stream": True}


def test_a_stream_as_json_prints_a_delta_a_line(koppling, server):
    server.answer(pieces=[*_story("a", "b"), "data: [END]\n\n"])
    assert koppling("run", "acme.tell", "--stream").out == '{"text":"a"}\n{"text":"b"}\n'


def test_a_stream_that_breaks_off_keeps_what_came_and_fails(koppling, server):
    server.answer(pieces=_story("Once ", "upon "))
    done = koppling("run", "acme.tell", "--stream", "--output", "text")
    assert done.out == "Once upon \n"
    assert done.status == 2
    assert done.err.startswith("error: POST ")


def test_a_dry_run_prints_the_request_masked_and_sends_nothing(koppling, server):
    server.answer(json=THING)
    done = koppling("run", "acme.tell", "about=it's", "--dry-run")
    assert done.status == 0
    assert not server.seen
    assert done.out.startswith(f"POST {server.url}stories\n")
    assert '{"about":"it\'s"}' in done.out
    assert f"curl -X POST {server.url}stories" in done.out
    assert "authorization: Bearer ***" in done.out
    assert "canary" not in done.out + done.err


def test_a_dry_run_as_json_has_the_parts(koppling, server):
    done = koppling("run", "acme.get_thing", "id=a b", "pin=1234", "--dry-run", "--output", "json")
    shown = json.loads(done.out)
    assert shown["method"] == "GET"
    assert shown["url"] == f"{server.url}things/a%20b?pin=***"
    assert shown["headers"]["authorization"] == "Bearer ***"
    assert "1234" not in done.out


def test_a_dry_run_with_the_sandbox_needs_no_key_and_starts_nothing(koppling, monkeypatch):
    monkeypatch.delenv("ACME_API_KEY")
    monkeypatch.delenv("ACME_BASE_URL")
    done = koppling("run", "acme.get_thing", "id=th_1", "--dry-run", "--sandbox")
    assert done.status == 0
    assert done.out.startswith("GET https://api.acme.example/v2/things/th_1\n")


def test_a_sandbox_is_started_used_and_stopped(koppling, monkeypatch):
    monkeypatch.delenv("ACME_API_KEY")
    monkeypatch.delenv("ACME_BASE_URL")
    done = koppling("run", "acme.get_thing", "id=th_1", "--sandbox")
    assert done.status == 0
    assert json.loads(done.out) == {"id": "th_1", "name": "Anvil", "size": 7}
    address = re.fullmatch(r"sandbox: replay at (http://127\.0\.0\.1:\d+/v2/) .*\n", done.err)[1]
    with pytest.raises(OSError, match="refused"):
        urlopen(address, timeout=5)  # noqa: S310  (an address of this machine)


def test_a_sandbox_is_not_started_for_inputs_that_are_wrong(koppling, monkeypatch):
    monkeypatch.delenv("ACME_API_KEY")
    done = koppling("run", "acme.get_thing", "id=th_1", "weight:=3", "--sandbox")
    assert done.status == 1
    assert "sandbox:" not in done.err


def test_a_file_is_sent(koppling, server, surroundings):
    (surroundings / "a.png").write_bytes(PNG)
    server.answer(json={"id": "f1", "size": len(PNG)})
    done = koppling("run", "acme.send_file", "file@a.png", "more@a.png", "more@a.png", "note=@all")
    assert done.status == 0
    body = server.seen[0].body
    assert body.count(PNG) == 3
    assert b'name="file"; filename="a.png"\r\nContent-Type: image/png' in body
    assert b'name="note"\r\n\r\n@all' in body


def test_a_file_is_named_by_its_path_in_an_input_file(koppling, server, surroundings):
    (surroundings / "in").mkdir()
    (surroundings / "in" / "a.png").write_bytes(PNG)
    (surroundings / "in" / "i.json").write_text(
        '{"file": {"path": "a.png"}, "more": [{"path": "a.png", "name": "b.png"}]}'
    )
    server.answer(json={"id": "f1"})
    assert koppling("run", "acme.send_file", "--input", "in/i.json").status == 0
    assert server.seen[0].body.count(PNG) == 2
    assert b'filename="b.png"' in server.seen[0].body


def test_an_output_that_is_a_file_goes_out_as_its_bytes(koppling, server):
    server.answer(body=PNG, headers={"content-type": "image/png"})
    assert koppling("run", "acme.fetch_file", "id=f1").raw == PNG


def test_an_output_that_is_a_file_is_described_where_json_was_asked(koppling, server):
    server.answer(body=PNG, headers={"content-type": "image/png"})
    done = koppling("run", "acme.fetch_file", "id=f1.png", "--output", "json")
    assert json.loads(done.out) == {"name": "f1.png", "media_type": "image/png", "size": len(PNG)}
    assert "--save PATH" in done.err


def test_an_output_that_is_a_file_is_saved(koppling, server, surroundings):
    server.answer(
        body=PNG, headers={"content-type": "image/png", "content-disposition": 'attachment; filename="../../x.png"'}
    )
    done = koppling("run", "acme.fetch_file", "id=f1", "--save", "out.png")
    assert (surroundings / "out.png").read_bytes() == PNG
    assert json.loads(done.out)["saved"] == "out.png"
    done = koppling("run", "acme.fetch_file", "id=f1", "--save", ".")
    assert json.loads(done.out)["saved"] == "x.png"
    assert sorted(one.name for one in surroundings.iterdir()) == ["out.png", "x.png"]


def test_files_within_an_output_are_saved_into_the_folder_alone(koppling, server, surroundings):
    pictures = [{"data": base64.b64encode(PNG + bytes([index])).decode()} for index in range(2)]
    server.answer(json={"label": "../king", "price": 3, "pictures": pictures})
    done = koppling("run", "acme.paint", "of=kings", "--save", "pictures")
    output = json.loads(done.out)
    saved = [one["saved"] for one in output["pictures"]]
    assert output["price"] == 3
    assert [(surroundings / one).read_bytes() for one in saved] == [PNG + b"\0", PNG + b"\1"]
    assert [one.parent.name for one in surroundings.rglob("*.png")] == ["pictures", "pictures"]
    assert "data" not in done.out


def test_a_query_can_take_one_file_of_an_output(koppling, server):
    server.answer(json={"label": "king", "pictures": [{"data": base64.b64encode(PNG).decode()}]})
    assert koppling("run", "acme.paint", "of=kings", "--query", "pictures[0]").raw == PNG


def test_what_is_deprecated_is_said_once_on_stderr(koppling, server):
    server.answer(json=THING)
    done = koppling("run", "acme.aging_thing", "id=th_1")
    assert done.status == 0
    assert done.err.count("warning: ") == 1
    assert "acme.aging_thing@1 is deprecated" in done.err


def test_as_of_an_earlier_day_a_retired_module_lives(koppling, server):
    server.answer(json=THING)
    done = koppling("run", "acme.old_thing", "id=th_1", "--as-of", "2024-06-01")
    assert (done.status, server.seen[0].path) == (0, "/v2/old/th_1")


@pytest.mark.parametrize(("extra", "status"), [("forbid", 1), ("warn", 0), ("pass", 0)])
def test_extra_inputs_do_what_was_asked(extra, status, koppling, server):
    server.answer(json=THING)
    done = koppling("run", "acme.get_thing", "id=th_1", "new=x", "--extra", extra)
    assert done.status == status
    assert len(server.seen) == (not status)
    assert ("new" in done.err) == (extra != "pass")
    if not status:
        assert server.seen[0].path == "/v2/things/th_1?new=x"


def test_a_stored_connection_is_used_by_its_name(koppling, server, monkeypatch):
    monkeypatch.delenv("ACME_API_KEY")
    server.answer(json={"things": []})
    fields = json.dumps({"api_key": "stored-secret", "base_url": server.url}).encode()
    assert koppling("connection", "add", "acme", "--name", "work", "--input", "-", stdin=fields).status == 0
    server.answers[:] = []
    server.answer(json=THING)
    assert koppling("run", "acme.get_thing", "id=th_1", "--connection", "work").status == 0
    assert server.seen[-1].headers["authorization"] == "Bearer stored-secret"


def test_nobody_reads_the_output_any_more(server):
    server.answer(json={"things": [{"id": str(one), "name": "x" * 200} for one in range(2000)]})
    line = f"set -o pipefail; {sys.executable} -m koppling_tools.cli run acme.list_things | head -1"
    done = subprocess.run(["/bin/bash", "-c", line], capture_output=True, check=False, text=True)
    assert (done.stdout, done.stderr) == ("[\n", "")
    assert done.returncode == 141


def test_a_deadline_ends_the_call_and_says_how_to_give_it_longer(server, koppling):
    hold = threading.Event()
    server.answer(json=THING, hold=hold)
    ran = koppling("run", "acme.get_thing", "id=a", "--deadline", "0.2")
    hold.set()
    assert (ran.status, ran.out) == (2, "")
    assert "the deadline of 0.2 s passed" in ran.err
    assert "--deadline SECONDS gives all of it longer" in ran.err
