"""`koppling options`: the values of a dynamic select."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

SPECS = Path(__file__).parent / "spec"
CRATES = """name: fill_crates
version: 1.0.0
title: Fill crates
select: {field: action}
operations:
  fill:
    fields: {thing: {type: string, options: {module: list_things, value: id, label: name, cache: 60}}}
    request: {method: POST, path: /fill, json: {thing: "${input.thing}"}}
  empty: {request: {method: POST, path: /empty}}
"""


@pytest.fixture(autouse=True)
def _address(monkeypatch, server, surroundings, tmp_path):
    (tmp_path / "acme" / "modules").mkdir(parents=True)
    (tmp_path / "acme" / "modules" / "fill_crates.v1.yaml").write_text(CRATES)
    monkeypatch.setenv("KOPPLING_SPECS", os.pathsep.join([str(tmp_path), str(SPECS)]))
    monkeypatch.setenv("ACME_BASE_URL", server.url)


THINGS = [{"id": "th_1", "name": "Anvil"}, {"id": "th_2", "name": "th_2"}]


def test_values_come_a_line_each_with_the_label_where_it_is_another(koppling, server):
    server.answer(json={"things": THINGS})
    done = koppling("options", "acme.fill_crates", "thing", "action=fill")
    assert (done.status, done.out, done.err) == (0, "th_1\tAnvil\nth_2\n", "")
    assert server.seen[0].headers["authorization"] == "Bearer canary-secret-value"


def test_values_come_as_json(koppling, server):
    server.answer(json={"things": THINGS})
    done = koppling("options", "acme.fill_crates", "thing", "action=fill", "--json")
    assert json.loads(done.out) == [{"value": "th_1", "label": "Anvil"}, {"value": "th_2", "label": "th_2"}]


def test_no_values_are_nothing(koppling, server):
    server.answer(json={"things": []})
    assert koppling("options", "acme.fill_crates", "thing", "action=fill").out == ""
    assert koppling("options", "acme.fill_crates", "thing", "action=fill", "--json").out.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["acme.fill_crates", "thin", "action=fill"], 1, "thin: there is no such field; did you mean 'thing'?"),
        (["acme.fill_crates", "action", "action=fill"], 1, "there is no such field; known here: thing"),
        (["acme.fill_crates", "thing"], 1, "action"),
        (["acme.fill_crate", "thing"], 1, "fill_crates"),
        (["acme.fill_crates"], 2, "FIELD"),
        (["acme.fill_crates", "thing", "action=fill", "--connection", "none"], 1, "none"),
        (["acme.fill_crates", "thing", "--connection", "a", "--env-file", "b"], 2, "exclude each other"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_sent(koppling, server, arguments, status, words):
    done = koppling("options", *arguments)
    assert done.status == status
    assert words in " ".join(done.err.split())
    assert done.out == ""
    assert server.seen == []


def test_a_refusal_is_told_as_that_of_a_run(koppling, server):
    server.answer(status=401, json={"error": {"message": "No."}})
    done = koppling("options", "acme.fill_crates", "thing", "action=fill")
    assert (done.status, done.out) == (2, "")
    assert "check api_key" in done.err


def test_a_field_of_a_module_says_how_its_values_are_listed(koppling):
    shown = " ".join(koppling("show", "acme.fill_crates").out.split())
    assert "Values: `koppling options acme.fill_crates thing action=…`" in shown
