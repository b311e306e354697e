"""What a module takes and refuses: stated in an example, held against the spec, and written by a command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from koppling_tools.cli import main
from koppling_tools.mutation.boundary import Boundary

CONNECTOR = """\
koppling: 1
name: acme
title: Acme
version: 1.0.0
connection: {fields: {url: {type: string, format: uri, examples: ["https://acme.example/"]}}, required: [url]}
request: {base_url: "${connection.url}"}
style: {objects: brackets}
"""
MODULE = """\
name: get_things
version: 1.0.0
title: Get things
fields:
  limit: {type: integer, minimum: 1, maximum: 100}
  order: {type: string, enum: [up, down]}
  tags: {type: array, minItems: 1, items: {type: string, pattern: "^[a-z]+$"}}
  where:
    type: object
    properties: {place: {type: string, minLength: 2}}
    required: [place]
    additionalProperties: false
  size:
    type: string
    values: {small: {}, huge: {deprecated: "2026-06-01", replaced_by: small}}
  old: {type: string, lifecycle: {deprecated: "2026-01-01", retired: "2026-07-01", replaced_by: where, reason: It was vague.}}
required: [limit]
request:
  method: GET
  path: /things
  query:
    limit: ${input.limit}
    order: ${input.order}
    tags: ${input.tags}
    where: ${input.where}
    size: ${input.size}
    old: ${input.old}
response:
  output: {names: "things[*].name"}
"""
SMALLEST = """\
title: The smallest call
inputs: {limit: 1}
request: {method: GET, path: /things, query: {limit: "1"}}
response: {json: {things: [{name: Anvil}]}}
output: {names: [Anvil]}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "spec/acme"
    (folder / "modules").mkdir(parents=True)
    (folder / "examples/get_things.v1").mkdir(parents=True)
    (folder / "connector.yaml").write_text(CONNECTOR)
    (folder / "modules/get_things.v1.yaml").write_text(MODULE)
    (folder / "examples/get_things.v1/smallest.yaml").write_text(SMALLEST)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KOPPLING_SPECS", raising=False)
    return folder


ROWS = {
    "a value that is taken": ("{at: /limit, takes: [1, 100]}", []),
    "a value that is refused": ("{at: /limit, refuses: [0, 101, many]}", []),
    "a value that should be taken and is refused": ("{at: /limit, takes: [1, 0]}", ["5:29: /limit: 0 should be taken and is refused"]),
    "a value that should be refused and is taken": ("{at: /limit, refuses: [7]}", ["5:28: /limit: 7 should be refused and is taken"]),
    "a place within a list": ("{at: /tags/0, takes: [a], refuses: [A]}", []),
    "a place that the inputs lack": ("{at: /wher/place, takes: [here]}", ["5:10: the inputs have no place /wher/place"]),
    "all of the inputs": ("{takes: [{limit: 2}], refuses: [{}, {order: up}]}", []),
    "a value that warns from its day on": ("{at: /size, as_of: 2026-06-01, warns: [huge], takes: [small]}", []),
    "a value that does not warn before": ("{at: /size, as_of: 2026-05-31, warns: [huge]}", ['5:44: /size: "huge" should be taken with a warning and is taken']),
    "a field that warns, and is gone later": ("{at: /old, as_of: 2026-06-30, warns: [x]}\n  - {at: /old, as_of: 2026-07-01, refuses: [x]}", []),
    "a field that is gone by now": ("{at: /old, as_of: 2026-07-01, takes: [x]}", ['5:43: /old: "x" should be taken and is refused']),
}  # fmt: skip


@pytest.mark.parametrize("case", ROWS)
def test_each_value_fares_as_its_row_says(case: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row, faults = ROWS[case]
    path = home / "examples/get_things.v1/bounds.yaml"
    path.write_text(f"title: Bounds\nas_of: 2026-05-01\ninputs: {{limit: 1, tags: [a]}}\nbounds:\n  - {row}\n")
    status = main(["test", "spec", "-k", "bounds", "--format", "json"])
    (found,) = json.loads(capsys.readouterr().out)
    told = [f"{one['line']}:{one['column']}: {one['message'].partition(': acme')[0]}" for one in found["faults"]]
    assert told == faults
    assert status == (1 if faults else 0)


def test_an_example_is_about_a_call_or_about_bounds(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = home / "examples/get_things.v1/both.yaml"
    path.write_text(SMALLEST + "bounds:\n  - {at: /limit, takes: [1]}\n")
    assert main(["validate", "spec"]) == 1
    assert "both.yaml" in capsys.readouterr().out


def noticed(capsys: pytest.CaptureFixture[str]) -> tuple[float, list[str]]:
    main(["test", "spec", "--mutate", "-k", "get_things", "--format", "json"])
    (found,) = json.loads(capsys.readouterr().out)
    return found["score"], [one["message"] for one in found["survivors"]]


def test_bounds_are_written_for_what_no_example_notices(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, _ = noticed(capsys)
    assert main(["test", "spec", "--mutate", "--bounds", "--as-of", "2026-05-01"]) == 0
    assert "bounds.yaml" in capsys.readouterr().out
    path = home / "examples/get_things.v1/bounds.yaml"
    text = path.read_text()
    for part in ("as_of: 2026-05-01", "at: /limit", "101", "down", "as_of: 2026-07-01"):
        assert part in text
    assert main(["test", "spec"]) == 0
    assert main(["validate", "spec"]) == 0
    capsys.readouterr()
    after, left = noticed(capsys)
    assert before < 0.6
    assert after > 0.9, left
    assert main(["test", "spec", "--mutate", "--bounds", "--as-of", "2026-05-01"]) == 0
    assert path.read_text() == text


def test_bounds_that_somebody_wrote_are_not_written_over(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = home / "examples/get_things.v1/bounds.yaml"
    mine = "title: Mine\nas_of: 2026-05-01\ninputs: {limit: 1}\nbounds:\n  - {at: /limit, takes: [1]}\n"
    path.write_text(mine)
    assert main(["test", "spec", "--mutate", "--bounds"]) == 2
    assert "was written by somebody" in capsys.readouterr().err
    assert path.read_text() == mine


SCHEMAS = {
    "numbers": ({"type": "integer", "minimum": 1, "maximum": 9}, [1, 9], [0, 10, 1.5, None]),
    "open ends": ({"type": "number", "exclusiveMinimum": 0}, [0.5, 1], [0, "1"]),
    "texts": ({"type": "string", "minLength": 2, "maxLength": 3}, ["aa", "aaa"], ["a", "aaaa", 7]),
    "lists of values": ({"enum": ["up", "down", None]}, ["up", "down", None], ["upx"]),
    "lists": ({"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 2}, [[True], [False], [True, False]], [[], [1], [True, False, True]]),
    "objects": ({"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"], "additionalProperties": False}, [{"a": 1}], [{}, {"a": 2}, {"a": 1, "another": 1}]),
    "alternatives": ({"anyOf": [{"type": "string", "maxLength": 1}, {"type": "null"}]}, ["a", None], [7]),
    "conditions": ({"type": "object", "properties": {"a": {"enum": [1, 2]}, "b": {"type": "integer"}}, "allOf": [{"if": {"properties": {"a": {"const": 1}}, "required": ["a"]}, "then": {"required": ["b"]}}]}, [{"a": 2}, {"a": 1, "b": 1}], [{"a": 1}]),
    "itself": ({"$ref": "#/$defs/tree", "$defs": {"tree": {"type": "object", "properties": {"in": {"$ref": "#/$defs/tree"}}, "additionalProperties": False}}}, [{}, {"in": {}}], [{"in": 1}]),
}  # fmt: skip


@pytest.mark.parametrize("case", SCHEMAS)
def test_values_stand_on_each_side_of_what_a_schema_says(case: str) -> None:
    schema, fitting, unfit = SCHEMAS[case]
    boundary = Boundary(schema)
    plain = {key: one for key, one in schema.items() if key != "$defs"}
    inside, outside = boundary.fitting(plain), boundary.unfit(plain)
    assert [one for one in fitting if one not in inside] == []
    assert [one for one in unfit if one not in outside] == []
    assert all(boundary.fits(plain, one) for one in inside)
    assert not any(boundary.fits(plain, one) for one in outside)
