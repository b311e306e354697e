"""A connector held against a vendor's document: each kind of difference is a row, and a reason in the spec explains it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from koppling.read import parse_document
from koppling_tools.cli import main

HERE = Path(__file__).parent
VENDOR = HERE.parents[1] / "../shared/facts/openapi/current.yaml"
CASES: dict[str, Any] = parse_document((HERE / "cases.yaml").read_bytes(), "cases.yaml").value

CONNECTOR = """\
koppling: 1
name: acme
title: Acme
version: 1.0.0
connection: {fields: {key: {type: string, secret: true, title: Key}}, required: [key]}
auth: {bearer: "${connection.key}"}
request: {base_url: "https://api.acme.example/v1/"}
"""


def held(tmp_path: Path, case: dict[str, Any], capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, list[str]]:
    home = tmp_path / "spec/acme"
    (home / "modules").mkdir(parents=True)
    (home / "connector.yaml").write_text(CONNECTOR)
    module = {"name": "make_thing", "version": "1.0.0", "title": "Make a thing", **case["ours"]}
    (home / "modules/make_thing.v1.yaml").write_text(json.dumps(module))
    document = {
        "openapi": case.get("openapi", "3.1.0"),
        "info": {"title": "Acme", "version": "1"},
        "servers": [{"url": case.get("server", "https://api.acme.example/v1")}],
        "paths": case["theirs"],
        "components": case.get("components", {}),
    }
    (tmp_path / "vendor.json").write_text(json.dumps(document))
    status = main(["drift", "acme", "--openapi", str(tmp_path / "vendor.json"), "--specs", str(tmp_path / "spec"), "--as-of", "2026-11-23", "--format", "json", *more])  # fmt: skip
    rows = json.loads(capsys.readouterr().out)
    return status, [f"{one['rule']} {one['pointer']}: {one['message'].partition(': ')[2]}" for one in rows]


@pytest.mark.parametrize("name", CASES)
def test_each_difference_is_a_row(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = CASES[name]
    status, rows = held(tmp_path, case, capsys)
    told = [row.replace(f": {row.split(' ')[1].rstrip(':')}: ", ": ") for row in rows]
    assert sorted(told) == sorted(case["rows"])
    assert status == (1 if case["rows"] else 0)


WIDER = {
    "ours": {"fields": {"n": {"type": "integer"}}, "request": {"method": "POST", "path": "/things", "json": {"n": "${input.n}"}}},
    "theirs": {"/things": {"post": {"requestBody": {"content": {"application/json": {"schema": {"type": "object", "properties": {"n": {"type": "integer", "maximum": 9}}}}}}}}},
}  # fmt: skip


@pytest.mark.parametrize("key", ["/body/n", "wider /body/n", "wider *", "*"])
def test_a_reason_explains_a_row_by_its_place_or_its_rule(
    key: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = {**WIDER, "ours": {**WIDER["ours"], "source": {"differs": {key: "They take more than they say."}}}}
    assert held(tmp_path, case, capsys) == (0, [])
    for folder in (tmp_path / "spec/acme/modules", tmp_path / "spec/acme", tmp_path / "spec"):
        for one in folder.iterdir():
            one.unlink()
        folder.rmdir()
    _, rows = held(tmp_path, case, capsys, "--all")
    assert rows == ["wider /body/n: /body/n: the vendor's maximum is 9, and here there is none"]


def test_a_reason_that_explains_nothing_any_more_is_a_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = {**WIDER, "ours": {**WIDER["ours"], "source": {"differs": {"/body/*": "So.", "narrower *": "Once."}}}}
    status, rows = held(tmp_path, case, capsys)
    assert (status, rows) == (1, ["stale-reason : nothing differs at 'narrower *' any more"])


def test_what_is_retired_is_held_against_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gone = {"lifecycle": {"retired": "2026-01-01", "reason": "Gone."}}
    assert held(tmp_path, {**WIDER, "ours": {**WIDER["ours"], **gone}, "theirs": {}}, capsys) == (0, [])


@pytest.mark.skipif(not VENDOR.exists(), reason="the vendor's document is not here")
def test_our_openai_connector_differs_in_nothing_that_it_does_not_explain(capsys: pytest.CaptureFixture[str]) -> None:
    spec = HERE.parents[1] / "spec"
    status = main(["drift", "openai", "--openapi", str(VENDOR), "--specs", str(spec), "--as-of", "2026-11-24"])
    captured = capsys.readouterr()
    assert (status, captured.out) == (0, "")
    assert "0 rows without a reason, 106 explained" in captured.err


DOCUMENTS = {
    "no such file": (None, "cannot be read"),
    "no YAML": ("a: [", "is no YAML"),
    "no JSON": ('{"a": ', "is no JSON"),
    "something else": ("a: 1", "is no OpenAPI document"),
    "Swagger": ('swagger: "2.0"', "is Swagger 2.0; make it OpenAPI 3 first"),
    "a version to come": ("openapi: 4.0.0", "is OpenAPI 4.0.0; 3.0 and 3.1 are read"),
    "another file": ("openapi: 3.1.0\npaths: {/things: {$ref: other.yaml}}", "refers to another file, other.yaml"),
    "a reference to nothing": ("openapi: 3.1.0\npaths: {/things: {$ref: '#/x'}}", "the reference #/x leads nowhere"),
    "a reference to itself": ("openapi: 3.1.0\npaths: {/things: {$ref: '#/paths/~1things'}}", "round in a circle"),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_that_cannot_be_read_is_told_in_words(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, said = DOCUMENTS[name]
    path = tmp_path / "vendor.yaml"
    if text is not None:
        path.write_text(text)
    assert main(["drift", "openai", "--openapi", str(path)]) == 2
    assert said in capsys.readouterr().err
