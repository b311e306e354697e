"""Mistakes that a person makes, put by hand into copies of a real connector: told on the line, with what mends them."""

import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from koppling.builtin import builtin_folder
from koppling_tools.check import check

FAULTS = YAML(typ="safe").load(Path(__file__).with_name("thirty_faults.yaml"))
DAY = "2026-11-23"


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faults")
    shutil.copytree(builtin_folder() / "openai", folder / "openai")
    return folder


def test_there_are_thirty():
    assert len(FAULTS) >= 30
    assert len({one["fault"] for one in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda one: one["fault"])
def test_a_fault_is_told_on_its_line_with_what_mends_it(fault, copy):
    path = copy / "openai" / fault["file"]
    whole = path.read_text()
    assert fault["old"] in whole
    broken = whole.replace(fault["old"], fault["new"], 1)
    path.write_text(broken)
    try:
        found = check([copy], [], DAY).diagnostics
    finally:
        path.write_text(whole)
    lines, before = broken.splitlines(), whole.splitlines()
    changed = next(at for at, line in enumerate(lines, 1) if at > len(before) or line != before[at - 1])
    line = lines.index(fault["at"]) + 1 if "at" in fault else changed
    own = [one for one in found if one.rule == fault["rule"]]
    assert {(one.location.path, one.location.line) for one in own} == {(str(path), line)}, found
    assert fault["help"] in own[0].help
    assert {one.rule for one in found if one.severity == "error"} <= {fault["rule"], "failing-example"}, found
