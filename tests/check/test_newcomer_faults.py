"""What a careful newcomer gets wrong: told on the line, by a rule that means it, with what mends it, and never as a traceback."""

import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from koppling_tools.check import check

HERE = Path(__file__).parent
FAULTS = YAML(typ="safe").load(HERE / "newcomer_faults.yaml")
DAY = "2026-11-23"


def test_without_a_mistake_there_is_none(monkeypatch):
    monkeypatch.setenv("KOPPLING_CACHE", "")
    assert check([HERE / "newcomer"], [], DAY).diagnostics == []
    assert len(FAULTS) > 60


@pytest.mark.parametrize("fault", FAULTS, ids=lambda one: one["fault"])
def test_a_mistake_is_told_on_its_line_with_what_mends_it(fault, tmp_path, monkeypatch):
    monkeypatch.setenv("KOPPLING_CACHE", "")
    shutil.copytree(HERE / "newcomer", tmp_path, dirs_exist_ok=True)
    path = tmp_path / "acme" / fault["file"]
    whole = path.read_text()
    assert fault["old"] in whole
    broken = whole.replace(fault["old"], fault["new"], 1)
    path.write_text(broken)
    before, after = whole.splitlines(), broken.splitlines()
    line = next(at for at, text in enumerate(after, 1) if at > len(before) or text != before[at - 1])
    found = check([tmp_path], [], DAY).diagnostics
    own = [one for one in found if one.rule == fault["rule"] and one.location.path == str(path)]
    assert {one.location.line for one in own} == {line}, found
    assert fault["help"]
    assert own[0].help.startswith(fault["help"])
