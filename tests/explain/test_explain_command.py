"""`koppling explain`, as a person and as a program reads it: `cases/CASE.yaml` is the case, `cases/CASE.txt` what is shown.

`KOPPLING_REWRITE=1 pytest tests/explain/test_explain_command.py` writes the texts anew; read them before you keep them.
"""

from __future__ import annotations

import base64
import json
import os
import re
from io import BytesIO, TextIOWrapper
from pathlib import Path
from urllib.parse import quote

import pytest

from koppling.read import read_document
from koppling_tools.cli import main
from koppling_tools.explain import as_json as as_json_module

HERE = Path(__file__).parent
CASES = {one.stem: read_document(one).value for one in sorted((HERE / "cases").glob("*.yaml"))}
REWRITE = bool(os.environ.get("KOPPLING_REWRITE"))
SECRETS = (
    "canary-secret-value",
    "tu-ulos-1234",
    "987654",
    "kanari-1",
    "kanari-2",
    "hemligt-ord",
    "stig/nyckel",
    "fraga nyckel",
)
TURNED = ("4321-solu-ut", "tuulos1234")  # what the spec's own expressions make of a secret


@pytest.fixture
def place(monkeypatch, tmp_path):
    """A folder to stand in, with the specs in it, and no variable of whoever runs the tests."""
    for name in list(os.environ):
        if name.startswith(("ACME_", "VAULT_", "KOPPLING_", "OPENAI_")):
            monkeypatch.delenv(name)
    for name in ("CONFIG", "CACHE"):
        monkeypatch.setenv(f"KOPPLING_{name}", str(tmp_path / name))
    (tmp_path / "place").mkdir()
    (tmp_path / "place" / "spec").symlink_to(HERE / "spec")
    monkeypatch.chdir(tmp_path / "place")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr("uuid.uuid4", lambda: "00000000-0000-4000-8000-000000000000")
    return tmp_path / "place"


@pytest.fixture
def explained(place, monkeypatch, capsys):
    """Explain a case: `explained("query", "--format", "json")` gives status, stdout, stderr."""

    def run(name, *options):
        case = CASES[name]
        for variable, value in case.get("env", {}).items():
            monkeypatch.setenv(variable, value)
        for path, text in case.get("files", {}).items():
            (place / path).write_text(text)
        (place / "inputs.json").write_text(json.dumps(case["inputs"]))
        capsys.readouterr()
        status = main(["explain", case["module"], "--input", "inputs.json", *case.get("options", ()), *options])
        return (status, *capsys.readouterr())

    return run


@pytest.mark.parametrize("name", CASES)
def test_an_explanation_reads_as_it_should(name, explained):
    status, out, err = explained(name)
    said = out + (f"--- stderr ---\n{err}" if err else "")
    expected = HERE / "cases" / f"{name}.txt"
    if REWRITE:
        expected.write_text(said)
    assert said == expected.read_text()
    assert status == CASES[name].get("status", 0)
    assert max(len(line) for line in out.splitlines() if "://" not in line) <= 100


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("options", [(), ("--format", "json")], ids=["text", "json"])
def test_no_explanation_shows_a_secret(name, options, explained):
    _, out, err = explained(name, *options)
    for secret in (*SECRETS, *TURNED):
        for spelling in (
            secret,
            quote(secret, safe=""),
            json.dumps(secret)[1:-1],
            base64.b64encode(secret.encode()).decode(),
        ):
            assert spelling not in out + err
    assert base64.b64encode(b"anna:hemligt-ord").decode() not in out + err


def test_every_text_belongs_to_a_case():
    assert {one.stem for one in (HERE / "cases").glob("*.txt")} == set(CASES)


def as_json(explained, name, *options):
    status, out, err = explained(name, "--format", "json", *options)
    return status, json.loads(out), err


@pytest.mark.parametrize("name", CASES)
def test_the_json_has_the_keys_that_its_description_names(name, explained):
    described = [line.split()[0] for line in as_json_module.__doc__.splitlines() if line.startswith("    ")]
    _, found, _ = as_json(explained, name)
    assert [one for one in described if one in found] == list(found)
    for key in ("connection", "inputs", "trace", "problems"):
        (line,) = [one for one in as_json_module.__doc__.splitlines() if one.startswith(f"    {key} ")]
        for one in found[key]:
            assert set(one) == set(re.search(r"\{(.*?)\}", line)[1].split(", "))
    assert all(
        set(one) == {"part", "name", "template", "place", "inputs", "missing", "others", "why"}
        for one in found["dropped"]
    )


def test_each_place_of_the_json_is_a_file_with_line_and_column(explained, place):
    _, found, _ = as_json(explained, "everything-json")
    for one in (*found["trace"], *found["dropped"], *found["inputs"]):
        if one["place"]:
            path, line, column = one["place"].split(":")
            text = (place / path).read_text().splitlines()[int(line) - 1]
            assert "template" not in one or text[int(column) - 1 :].startswith((one["template"], "", "{"))


def test_inputs_come_from_stdin_and_from_the_command_line_as_well(place, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(b'{"id": "th_1"}')))
    assert main(["explain", "acme.get_thing", "--input", "-", "folder=a", "count:=7", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {one["pointer"]: one["value"] for one in found["inputs"]} == {"/id": "th_1", "/folder": "a", "/count": 7}


def test_without_any_credential_a_placeholder_stands_in(explained):
    _, found, _ = as_json(explained, "older-version")
    assert found["connection"][0] == {
        "name": "api_key",
        "value": "***",
        "by": "placeholder, as ACME_API_KEY is not set",
        "place": "spec/acme/connector.yaml:7:5",
    }


def test_a_stored_connection_is_explained_by_its_name(place, capsys):
    (place / "fields.json").write_text('{"api_key": "canary-secret-value", "tenant": "south"}')
    assert main(["connection", "add", "acme", "--name", "work", "--input", "fields.json"]) == 0
    capsys.readouterr()
    assert main(["explain", "acme.tell", "--connection", "work", "--format", "json"]) == 0
    out = capsys.readouterr().out
    assert [(one["name"], one["by"]) for one in json.loads(out)["connection"]] == [
        ("api_key", "stored as work"), ("tenant", "stored as work"), ("base_url", "default"),
    ]  # fmt: skip
    assert "canary" not in out


def test_the_request_is_the_one_that_a_dry_run_shows(explained, capsys, monkeypatch):
    monkeypatch.setenv("ACME_API_KEY", "canary-secret-value")
    for name, more in (("everything-json", []), ("streamed", ["--stream"]), ("query", [])):
        _, found, _ = as_json(explained, name)
        assert (
            main(["run", CASES[name]["module"], "--input", "inputs.json", "--dry-run", "--output", "json", *more]) == 0
        )
        shown = json.loads(capsys.readouterr().out)
        del shown["curl"]
        assert found["request"] == shown


def test_a_streamed_dry_run_sends_what_streaming_adds(place, capsys, monkeypatch):
    monkeypatch.setenv("ACME_API_KEY", "canary-secret-value")
    bodies = []
    for more in ([], ["--stream"]):
        assert main(["run", "acme.tell", "about=kings", "--dry-run", "--output", "json", *more]) == 0
        bodies.append(json.loads(capsys.readouterr().out)["body"])
    assert bodies == [{"about": "kings"}, {"about": "kings", "stream": True}]


MISTAKES = {
    "an unknown module": (["acme.get_thign"], 1, "error: there is no module 'acme.get_thign'; did you mean 'acme.get_thing'?"),
    "a stream where none is": (["acme.get_thing", "id=1", "folder=a", "--stream"], 1, "error: acme.get_thing@2 neither streams nor lists; leave out --stream"),
    "an operation where there is one": (["acme.tell", "--operation", "x"], 1, "error: acme.tell@1 has one operation; leave out --operation"),
    "two operations": (["acme.keep", "action=form", "--operation", "file"], 1, "error: --operation file contradicts the input action, which is 'form'"),
    "an unknown connection": (["acme.tell", "--connection", "work"], 1, "error: there is no stored connection 'work'"),
    "no input": (["acme.tell", "kings"], 2, "error: 'kings' is no input"),
    "no day": (["acme.tell", "--as-of", "yesterday"], 2, "error: --as-of: 'yesterday' is no day"),
    "a wrong address": (["acme.tell"], 1, "error: the field 'base_url' of the connection to acme must be an http or https address"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_gives_one_readable_paragraph(name, place, capsys, monkeypatch):
    if name == "a wrong address":
        monkeypatch.setenv("ACME_BASE_URL", "ftp://x")
    arguments, status, said = MISTAKES[name]
    assert main(["explain", *arguments]) == status
    out, err = capsys.readouterr()
    assert err.startswith(said)
    assert out == ""
    assert "Traceback" not in err
