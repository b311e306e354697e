"""`koppling list` and `koppling show`."""

from __future__ import annotations

import itertools
import json
import os
import shlex
import shutil
import textwrap
from pathlib import Path

import jsonschema
import pytest

from koppling import Client, Connection
from koppling_tools.describing.snippets import command_line, snippet
from koppling_tools.running.values import read_inputs

HERE = Path(__file__).parent
REWRITE = bool(os.environ.get("KOPPLING_REWRITE"))


def test_a_list_has_the_modules_in_stable_order_and_hides_the_retired(koppling):
    done = koppling("list", "acme", "--as-of", "2026-11-23")
    rows = [line.split()[:4] for line in done.out.splitlines()[2:]]
    assert rows[0] == ["MODULE", "VERSION", "STATE", "TITLE"]
    names = [row[0] for row in rows[1:]]
    assert names == sorted(names)
    assert "acme.old_thing@1" not in names
    assert ["acme.get_thing@1", "1.0.3", "active", "Get"] in rows
    assert ["acme.aging_thing@1", "1.0.0", "until", "2099-01-01"] in rows
    assert done.err == "1 retired module is not shown; --all shows them\n"
    assert all(len(line) <= 80 for line in done.out.splitlines())


def test_a_list_of_all_has_the_retired_with_their_date(koppling):
    done = koppling("list", "acme", "--all")
    assert "acme.old_thing@1      1.0.0    retired 2026-01-01  Get an old thing\n" in done.out
    assert done.err == ""


def test_the_day_decides_what_is_retired(koppling):
    names = [one["name"] for one in json.loads(koppling("list", "acme", "--json", "--as-of", "2025-06-01").out)]
    assert "acme.old_thing@1" in names


def test_a_list_as_json_has_the_keys_that_programs_rely_on(koppling):
    (found,) = [one for one in json.loads(koppling("list", "--json", "--all").out) if one["name"] == "acme.old_thing@1"]
    assert {**found, "path": ""} == {
        "name": "acme.old_thing@1",
        "version": "1.0.0",
        "connector": "acme",
        "title": "Get an old thing",
        "kind": "action",
        "state": "retired",
        "lifecycle": {
            "deprecated": "2025-01-01",
            "retired": "2026-01-01",
            "replaced_by": "get_thing@1",
            "reason": "The old shelf was cleared.",
        },
        "path": "",
    }


def test_a_list_over_several_folders_tells_where_each_came_from(koppling, surroundings):
    folder = surroundings / "mine" / "acme" / "modules"
    folder.mkdir(parents=True)
    module = (HERE / "spec/acme/modules/get_thing.v1.yaml").read_text()
    (folder / "get_thing.v2.yaml").write_text(module.replace("version: 1.0.3", "version: 2.0.0"))
    done = koppling("list", "acme", "--specs", "mine", "--specs", str(HERE / "spec"))
    lines = {line.split()[0]: line for line in done.out.splitlines() if "@" in line}
    assert lines["acme.get_thing@2"].endswith("[mine]")
    assert lines["acme.get_thing@1"].endswith(f"[{HERE / 'spec'}]")


def test_a_list_tells_which_spec_it_could_not_list(koppling, surroundings):
    shutil.copytree(HERE / "spec", surroundings / "spec")
    (surroundings / "spec/acme/modules/tell.v1.yaml").write_text("name: [")
    done = koppling("list", "--specs", "spec")
    assert done.status == 1
    assert "acme.get_thing@1" in done.out
    assert "warning: spec/acme/modules/tell.v1.yaml has faults and is not listed" in done.err


def test_a_page_tells_fields_request_output_and_lifecycle(koppling):
    done = koppling("show", "acme.get_thing", "--as-of", "2026-11-23")
    expected = HERE / "pages" / "get_thing.txt"
    said = done.out.replace(str(HERE), "HERE")
    if REWRITE:
        expected.write_text(said)
    assert said == expected.read_text()
    assert done.err == ""


def test_a_page_tells_values_that_are_no_text(koppling, surroundings):
    shutil.copytree(HERE / "spec/acme", surroundings / "more/acme")
    path = surroundings / "more/acme/modules/get_thing.v1.yaml"
    path.write_text(path.read_text().replace("fields:\n", "fields:\n  shape: {enum: [{a: 1}, 2], title: Shape}\n", 1))
    done = koppling("show", "acme.get_thing", "--specs", str(surroundings / "more"))
    assert (done.status, done.err) == (0, "")
    assert "one of an object, 2" in done.out


def test_a_page_of_several_operations_tells_each(koppling):
    said = koppling("show", "acme.manage_crates", "--as-of", "2026-11-23").out
    assert [line for line in said.splitlines() if line.startswith("action=")] == [
        "action=open  Open a crate",
        "action=list  List crates",
        "action=burn  Burn a crate",
    ]
    assert "Gone since 2026-02-01. The stove is broken." in said
    assert "one of upper, lower" in said


def test_a_page_of_a_retired_module_is_whole(koppling):
    said = koppling("show", "acme.old_thing@1").out
    assert "Gone since 2026-01-01; use get_thing@1 instead. The old shelf was cleared." in said
    assert "GET /old/${input.id}" in said
    assert koppling("show", "acme.old_thing").out == said


def test_the_schema_is_json_schema(koppling):
    schema = json.loads(koppling("show", "acme.get_thing", "--schema").out)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid({"id": "th_1", "weight": 1})
    assert not validator.is_valid({"id": "", "weight": 1})
    assert not validator.is_valid({"weight": 1})


def test_everything_as_json(koppling):
    found = json.loads(koppling("show", "acme.manage_crates", "--json").out)
    assert found["name"] == "acme.manage_crates@1"
    assert found["select"]["field"] == "action"
    by_name = {one["name"]: one for one in found["operations"]}
    assert [one["name"] for one in by_name["open"]["fields"]] == ["crate_id", "force"]
    assert by_name["open"]["request"]["path"] == "/crates/${input.crate_id}/open"
    assert by_name["list"]["search"] is True
    assert by_name["burn"]["state"] == "retired"
    assert by_name["open"]["inputs"]["required"] == ["action", "crate_id"]


def test_a_page_without_examples_makes_one_up_for_each_operation_that_lives(koppling):
    said = koppling("show", "acme.manage_crates", "--as-of", "2026-11-23").out
    lines = [line.split("@1 ")[1] for line in said.splitlines() if line.startswith("  koppling run")]
    assert lines == ["action=open crate_id=CRATE_ID", "action=list"]


def test_the_example_of_a_page_runs_as_it_is_written(koppling, server, monkeypatch):
    said = koppling("show", "acme.get_thing").out
    line = next(line for line in said.splitlines() if line.startswith("  koppling run"))
    server.answer(json={"id": "th_1", "name": "Anvil", "size": 7})
    monkeypatch.setenv("ACME_BASE_URL", server.url)
    assert koppling(*shlex.split(line)[1:]).status == 0


def _python_of(said):
    """Return the block of a page that is Python."""
    lines = iter(said.splitlines())
    next(line for line in lines if line == "IN PYTHON")
    return textwrap.dedent("\n".join(itertools.takewhile(lambda line: not line or line.startswith("  "), lines)))


@pytest.mark.parametrize(
    ("folders", "specs"), [("", '"spec"'), ("spec", '"spec"'), ("only/more:spec", '["only/more", "spec"]')]
)
def test_the_python_of_a_page_finds_its_module(koppling, server, monkeypatch, surroundings, folders, specs):
    shutil.copytree(HERE / "spec", surroundings / "spec")
    (surroundings / "only/more/acme/modules").mkdir(parents=True)
    if "more" in folders:
        name = "acme/modules/get_thing.v1.yaml"
        shutil.move(surroundings / "spec" / name, surroundings / "only/more" / name)
    monkeypatch.setenv("KOPPLING_SPECS", folders.replace(":", os.pathsep))
    code = _python_of(koppling("show", "acme.get_thing").out)
    assert f", specs={specs})\n" in code
    server.answer(json={"id": "th_1", "name": "Anvil", "size": 7})
    monkeypatch.setenv("ACME_BASE_URL", server.url)
    monkeypatch.delenv("KOPPLING_SPECS")
    seen = {}
    exec(code, seen)  # noqa: S102  (our own code)
    assert seen["result"].output["id"] == "th_1"


def test_the_python_of_a_page_names_no_folder_for_what_is_built_in(koppling):
    assert "specs=" not in _python_of(koppling("show", "openai.get_models").out)


@pytest.mark.parametrize(
    "inputs",
    [
        {"id": "it's", "n": 3, "t": True, "x": None},
        {
            "messages": [
                {"role": "user", "content": "A long text that goes on and on, until no line could hold it any more."}
            ]
            * 2
        },
        {},
    ],
)
@pytest.mark.usefixtures("surroundings")
def test_examples_are_written_so_that_shell_and_python_read_them_back(inputs):
    with Client(Connection("acme", api_key="k"), specs=HERE / "spec") as client:
        module = client.catalog.module("acme.get_thing", "2026-11-23")
    words = shlex.split(command_line(module, inputs).replace("\\\n", " "))
    assert words[:3] == ["koppling", "run", "acme.get_thing@1"]
    assert read_inputs(words[3:], None).values == inputs
    seen = {}
    code = snippet(module, inputs).replace("import koppling\n", "")
    fake = type(
        "koppling", (), {"execute": staticmethod(lambda name, given: seen.update(name=name, given=given) or module)}
    )
    exec(code.replace("result.output", ""), {"koppling": fake})  # noqa: S102  (our own code)
    assert seen == {"name": "acme.get_thing@1", "given": inputs}
