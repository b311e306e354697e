"""`koppling explain`, as a person and as a program reads it: `cases/CASE.yaml` is the case, `cases/CASE.txt` what is shown.

`KOPPLING_REWRITE=1 pytest tests/explain/test_explain_command.py` writes the texts anew; read them before you keep them.
"""

from __future__ import annotations

import base64
import json
import os
import re
from pathlib import Path
from urllib.parse import quote

import pytest

from koppling.read import read_document
from koppling_tools.cli import main

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
