"""Each bad input gives one readable paragraph: what, where, what to do next.

`err/CASE.yaml` is the case, `err/CASE.txt` what is said.

`KOPPLING_REWRITE=1 pytest tests/command/test_bad_input.py` writes the texts anew; read them before you keep them.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from koppling.read import read_document

HERE = Path(__file__).parent
CASES = sorted((HERE / "err").glob("*.yaml"))
REWRITE = bool(os.environ.get("KOPPLING_REWRITE"))
SECRET = "canary-secret-value"


@pytest.mark.parametrize("path", CASES, ids=[one.stem for one in CASES])
def test_a_bad_input_gives_one_readable_paragraph(path, koppling, server, surroundings, monkeypatch):
    case = read_document(path).value
    shutil.copytree(HERE / "spec", surroundings / "spec")
    monkeypatch.delenv("KOPPLING_SPECS")
    monkeypatch.setenv("ACME_BASE_URL", server.url)
    for name, value in case.get("env", {}).items():
        monkeypatch.setenv(name, value)
    for name, changes in case.get("change", {}).items():
        text = (surroundings / name).read_text()
        for old, new in changes:
            assert old in text, f"{old!r} is not in {name}"
            text = text.replace(old, new)
        (surroundings / name).write_text(text)
    for name, text in case.get("files", {}).items():
        (surroundings / name).parent.mkdir(exist_ok=True)
        (surroundings / name).write_text(text)
    if "folder" in case:
        (surroundings / case["folder"]).mkdir(parents=True)
    answer = case.get("answer", {"json": {}})
    if "json" in answer and "error" in answer["json"]:
        answer["json"]["error"]["message"] = answer["json"]["error"]["message"].replace("{secret}", SECRET)
    server.answer(**answer)

    done = koppling(*case["arguments"])

    said = done.err.replace(server.url, "{url}").replace(str(surroundings), "{here}")
    said = re.sub(r"(known here: ).*\bacme\b.*?\)", r"\1acme, …)", said)  # and the built-in ones
    expected = path.with_suffix(".txt")
    if REWRITE:
        expected.write_text(said)
    assert said == expected.read_text()
    assert done.status == case["status"]
    assert done.out == ""
    assert len(server.seen) == case.get("sent", 0)
    assert "Traceback" not in said
    assert SECRET not in said
    assert said.count("\n") <= 12


def test_every_text_belongs_to_a_case():
    assert {one.stem for one in (HERE / "err").glob("*.txt")} == {one.stem for one in CASES}


def test_run_shows_the_faults_of_a_spec_exactly_as_validate_does(koppling, surroundings, monkeypatch):
    shutil.copytree(HERE / "spec", surroundings / "spec")
    monkeypatch.delenv("KOPPLING_SPECS")
    module = surroundings / "spec/acme/modules/get_thing.v1.yaml"
    module.write_text(module.read_text().replace("minimum: 0", "minimun: 0").replace("${input.id}", "${input.idd}"))
    checked = koppling("validate", "spec/acme/modules/get_thing.v1.yaml")
    run = koppling("run", "acme.get_thing", "id=th_1")
    assert checked.status == run.status == 1
    assert checked.out == run.err
    assert "minimun" in checked.out
