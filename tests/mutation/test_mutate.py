"""Changes to a spec that no example notices are told on their lines, and the share that is noticed is its score."""

import json

import pytest

from koppling.read import parse_document
from koppling_tools.cli import main
from koppling_tools.mutation.mutants import mutants

CONNECTOR = """\
koppling: 1
name: acme
title: Acme
version: 1.0.0
connection: {fields: {url: {type: string, format: uri, examples: ["https://acme.example/"]}}, required: [url]}
request: {base_url: "${connection.url}"}
"""
MODULE = """\
name: get_thing
version: 1.0.0
title: Get a thing
fields:
  id: {type: string, title: ID, maxLength: 4}
  size: {enum: [small, big]}
required: [id]
request:
  method: GET
  path: /things/${input.id}
  query: {size: "${input.size}"}
response:
  output: {name: thing.name}
"""
SMALLEST = """\
title: The smallest call
inputs: {id: th_1}
request: {method: GET, path: /things/th_1}
response: {json: {thing: {name: Anvil}}}
output: {name: Anvil}
"""
REFUSED = """\
title: Values that are refused
inputs: {id: th_12, size: huge}
error: {type: InputInvalid, problems: [{pointer: /id}, {pointer: /size}]}
"""
SIZES = """\
title: Values that are taken, beside one that is not
inputs: {size: %s, id: 1}
error: {type: InputInvalid, problems: [{pointer: /id}]}
"""
NOTHING = """\
title: Nothing given
inputs: {}
error: {type: InputInvalid, problems: [{pointer: /id}]}
"""
WHOLE = SMALLEST.replace("th_1}", "th_1, size: big}", 1).replace(
    "path: /things/th_1}", "path: /things/th_1, query: {size: big}}"
)


@pytest.fixture
def specs(tmp_path, monkeypatch):
    home = tmp_path / "spec/acme"
    (home / "modules").mkdir(parents=True)
    (home / "examples/get_thing.v1").mkdir(parents=True)
    (home / "connector.yaml").write_text(CONNECTOR)
    (home / "modules/get_thing.v1.yaml").write_text(MODULE)
    (home / "examples/get_thing.v1/smallest.yaml").write_text(SMALLEST)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KOPPLING_SPECS", raising=False)
    return home


def words_of(text):
    return {f"{one.line} {one.words}" for one in mutants(parse_document(text.encode(), "thing.v1.yaml"))}


def test_each_thing_that_a_spec_says_is_changed_on_its_line():
    assert words_of(MODULE) == {
        "4 `fields` left out", "5 `id` left out", "5 `type` left out", "5 `maxLength` left out", "5 `maxLength`: 4 became 3",
        "6 `size` left out", "6 `enum` left out", "6 element 1 of `enum` left out", "6 element 2 of `enum` left out",
        "7 `required` left out", "7 element 1 of `required` left out", "8 `request` left out",
        "9 `method`: GET became POST", "10 `path` left out", "10 `path`: /things/${input.id} became /things/${input.id}s",
        "11 `query` left out", "11 `size` left out", "11 `size`: size became sizex", "12 `response` left out",
        "13 `output` left out", "13 `name` left out", "13 `name`: name became namex",
    }  # fmt: skip


def test_what_is_for_people_is_not_changed():
    more = MODULE.replace("maxLength: 4", "description: Which., advanced: true, x-mine: 1, examples: [a], maxLength: 4")
    assert words_of(more) == words_of(MODULE)


def test_a_field_called_title_is_a_field():
    assert "7 `title` left out" in words_of(MODULE.replace("required:", "  title: {type: string}\nrequired:"))


def test_a_line_that_says_why_is_left_alone():
    more = MODULE.replace("maxLength: 4}", "maxLength: 4}  # koppling: no-mutant the vendor bounds it")
    assert words_of(more) == {one for one in words_of(MODULE) if not one.startswith("5 ")}


def test_definitions_that_only_document_the_answer_are_not_changed():
    more = (
        MODULE.replace("  output:", '  body: {$ref: "#/$defs/thing"}\n  output:') + "$defs: {thing: {type: object}}\n"
    )
    assert {one for one in words_of(more) if not one.startswith(("14", "15"))} == {
        one for one in words_of(MODULE) if not one.startswith("13")
    }
    assert not any(one.startswith("15 `thing`") for one in words_of(more))


def mutated(capsys, *arguments):
    status = main(["test", "spec/acme/modules/get_thing.v1.yaml", "--mutate", "--format", "json", *arguments])
    (found,) = json.loads(capsys.readouterr().out)
    return status, found


def test_examples_raise_the_score_until_nothing_survives(specs, capsys):
    status, found = mutated(capsys, "--score", "100")
    assert status == 1
    assert found["score"] == 0.6818
    left = {one["message"].removeprefix("no example notices: ") for one in found["survivors"]}
    assert left == {
        "`type` left out", "`maxLength` left out", "`enum` left out", "element 1 of `enum` left out",
        "element 2 of `enum` left out", "`query` left out", "`size` left out",
    }  # fmt: skip
    folder = specs / "examples/get_thing.v1"
    (folder / "refused.yaml").write_text(REFUSED)
    (folder / "small.yaml").write_text(SIZES % "small")
    (folder / "nothing.yaml").write_text(NOTHING)
    (folder / "whole.yaml").write_text(WHOLE)
    _, better = mutated(capsys)
    assert {one["message"] for one in better["survivors"]} == set()
    assert (better["score"], better["mutants"]) == (1.0, found["mutants"])
    assert mutated(capsys, "--score", "100")[0] == 0


def test_a_survivor_is_shown_on_its_line(specs, capsys):
    assert main(["test", "spec", "--mutate", "-k", "get_thing"]) == 0
    out = capsys.readouterr().out
    assert (
        "spec/acme/modules/get_thing.v1.yaml:5:33: warning: no example notices: `maxLength` left out [mutant]\n  5 |   id: {type"
        in out
    )
    assert "acme.get_thing@1: 68.2% of 22 changes noticed (9 refused by validate, 6 by an example, 7 by nobody)" in out


def test_a_sample_is_the_same_each_time(specs, capsys):
    first, second = (mutated(capsys, "--sample", "6")[1] for _ in range(2))
    assert first == second
    assert first["mutants"] == 6


def test_a_score_without_mutation_is_a_misuse(specs, capsys):
    assert main(["test", "spec", "--score", "90"]) == 2
    assert "--score, --sample and --bounds go with --mutate" in capsys.readouterr().err
