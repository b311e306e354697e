"""`koppling validate`: all faults of all files at once."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture
def specs(surroundings, monkeypatch) -> Path:
    shutil.copytree(HERE / "spec", surroundings / "spec")
    monkeypatch.delenv("KOPPLING_SPECS")
    return surroundings / "spec"


def _break(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_good_specs_are_fine(koppling, specs):
    files = len(list(specs.rglob("*.yaml")))
    for arguments in (["validate", "spec"], ["validate"], ["validate", "spec/acme"]):
        done = koppling(*arguments)
        assert (done.status, done.out, done.err) == (0, "", f"{files} files, 0 errors, 0 warnings\n")


def test_all_faults_of_all_files_at_once(koppling, specs):
    _break(specs / "acme/connector.yaml", "tenant}", "tenat}")
    _break(specs / "acme/modules/get_thing.v1.yaml", "${input.id}", "${input.ident}")
    _break(specs / "acme/modules/get_thing.v1.yaml", "size: size", 'size: "size["')
    _break(specs / "acme/examples/get_thing.v1/smallest.yaml", "inputs:", "inputs: [")
    done = koppling("validate", "spec")
    assert done.status == 1
    faults = [line for line in done.out.splitlines() if line.startswith("spec/")]
    assert [line.split(":")[0] for line in faults] == [
        "spec/acme/connector.yaml",
        "spec/acme/examples/get_thing.v1/smallest.yaml",
        "spec/acme/modules/get_thing.v1.yaml",
        "spec/acme/modules/get_thing.v1.yaml",
    ]
    assert ", 4 errors, 0 warnings" in done.err


def test_a_fault_shows_its_line_with_a_caret_and_a_help(koppling, specs):
    _break(specs / "acme/modules/get_thing.v1.yaml", "${input.id}", "${input.idd}")
    done = koppling("validate", "spec/acme/modules/get_thing.v1.yaml")
    assert done.out == (
        "spec/acme/modules/get_thing.v1.yaml:21:17: error: `input.idd` is no field [undefined-reference]\n"
        "  21 |   path: /things/${input.idd}\n"
        "     |                 ^\n"
        "  help: did you mean 'id'?\n"
    )
    assert done.err == "1 file, 1 error, 0 warnings\n"


def test_faults_as_json(koppling, specs):
    _break(specs / "acme/modules/get_thing.v1.yaml", "${input.id}", "${input.idd}")
    done = koppling("validate", "spec", "--format", "json")
    (fault,) = json.loads(done.out)
    assert fault.pop("page").endswith("/RULES.md#undefined-reference")
    assert [fault] == [
        {
            "path": "spec/acme/modules/get_thing.v1.yaml",
            "line": 21,
            "column": 17,
            "severity": "error",
            "rule": "undefined-reference",
            "message": "`input.idd` is no field",
            "help": "did you mean 'id'?",
            "pointer": "/request/path",
        }
    ]
    assert done.status == 1
    _break(specs / "acme/modules/get_thing.v1.yaml", "${input.idd}", "${input.id}")
    assert koppling("validate", "spec", "--format", "json").out == "[]\n"


@pytest.mark.parametrize("place", [".", "spec", "spec/acme", "spec/acme/modules"])
def test_one_file_finds_its_connector_from_wherever_it_is_named(place, koppling, specs, surroundings, monkeypatch):
    _break(
        specs / "acme/modules/tell.v1.yaml", "request:\n", "request:\n  headers: {X-Tenant: '${connection.tenat}'}\n"
    )
    file = specs / "acme/modules/tell.v1.yaml"
    monkeypatch.chdir(surroundings / place)
    done = koppling("validate", os.path.relpath(file))
    assert done.status == 1
    assert "did you mean 'tenant'?" in done.out


def test_lone_modules_find_their_connector_on_the_search_path(koppling, surroundings, specs):
    folder = surroundings / "mine" / "acme" / "modules"
    folder.mkdir(parents=True)
    shutil.copy(specs / "acme/modules/tell.v1.yaml", folder / "tell.v1.yaml")
    assert koppling("validate", "mine").status == 0
    assert koppling("validate", "mine", "--specs", "mine").status == 1
    done = koppling("validate", "mine", "--specs", "mine")
    assert "no-connector" in done.out


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("acme/modules/get_thing.yaml", "name: get_thing", "name-mismatch"),
        ("acme/get_thing.v1.yaml", "name: get_thing", "file-place"),
        ("acme/examples/stray.yaml", "title: x", "file-place"),
        ("acme/examples/nothing.v1/smallest.yaml", "title: x\ninputs: {}\noutput: {}\n", "unknown-module"),
    ],
)
def test_a_file_that_nothing_would_read_is_a_fault(name, text, rule, koppling, specs):
    good = (specs / "acme/modules/get_thing.v1.yaml").read_text() if "modules" in name else text
    (specs / name).parent.mkdir(exist_ok=True)
    (specs / name).write_text(good)
    done = koppling("validate", "spec")
    assert done.status == 1
    assert f"spec/{name}" in done.out
    assert f"[{rule}]" in done.out


@pytest.mark.usefixtures("specs")
def test_other_yaml_files_of_a_repository_are_nobodys_business(koppling, surroundings):
    (surroundings / ".github/workflows").mkdir(parents=True)
    (surroundings / ".github/workflows/ci.yaml").write_text("on: push")
    (surroundings / "mkdocs.yml").write_text("a: 1")
    (surroundings / "terraform/modules").mkdir(parents=True)
    (surroundings / "terraform/modules/net.yaml").write_text("a: 1")
    done = koppling("validate", ".")
    assert (done.status, done.out) == (0, "")


def test_a_module_that_another_names_must_be_there(koppling, specs):
    _break(specs / "acme/connector.yaml", "module: list_things", "module: list_thing")
    _break(
        specs / "acme/modules/get_thing.v1.yaml",
        "title: Thing ID,",
        "title: Thing ID, options: {module: list_thinks, value: id},",
    )
    done = koppling("validate", "spec")
    assert done.out.count("[unknown-module]") == 2
    assert done.out.count("did you mean 'list_things'?") == 2


def test_a_replacement_that_is_gone_is_a_warning_as_of_the_day(koppling, specs):
    _break(specs / "acme/modules/aging_thing.v1.yaml", "replaced_by: get_thing@1", "replaced_by: old_thing@1")
    done = koppling("validate", "spec", "--as-of", "2026-11-23")
    assert done.status == 0
    assert "warning: the replacement 'old_thing@1' is retired itself [replacement]" in done.out
    assert done.err.endswith("0 errors, 1 warning\n")
    assert koppling("validate", "spec", "--as-of", "2025-11-23").out == ""


def test_a_long_line_is_shown_around_its_fault(koppling, specs):
    _break(specs / "acme/modules/get_thing.v1.yaml", 'pin: "${input.pin}"', 'pin: "${input.pinn}"')
    shown, caret = koppling("validate", "spec").out.splitlines()[1:3]
    assert len(shown) <= 110
    assert shown[caret.index("^") :].startswith('"${input.pinn}') or shown[caret.index("^") :].startswith(
        "${input.pinn}"
    )


def test_stable_order_whatever_was_named_twice(koppling, specs):
    _break(specs / "acme/modules/get_thing.v1.yaml", "${input.id}", "${input.idd}")
    once = koppling("validate", "spec")
    assert koppling("validate", "spec/acme", "spec", "spec/acme/modules/get_thing.v1.yaml").err == once.err
