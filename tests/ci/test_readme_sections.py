"""What the README says to those who edit specs, and to CI: a screen each, and every word of it is a command that there is."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from koppling_tools.cli import COMMANDS, main

README = (Path(__file__).parents[2] / "README.md").read_text()
SECTIONS = {one.partition("\n")[0]: one for one in re.split(r"^## ", README, flags=re.MULTILINE)[1:]}
OURS = ["For those who edit specs", "For CI"]


def commands(section: str) -> list[list[str]]:
    lines = re.findall(r"^koppling .*", SECTIONS[section], re.MULTILINE)
    return [shlex.split(line, comments=True)[1:] for line in lines]


@pytest.mark.parametrize("section", OURS)
def test_a_section_fits_on_a_screen(section):
    lines = f"## {SECTIONS[section].strip()}".splitlines()
    assert len(lines) <= 24
    assert [line for line in lines if len(line) > 100] == []


@pytest.mark.parametrize("words", [words for section in OURS for words in commands(section)], ids=" ".join)
def test_a_command_is_one_and_has_these_options(words, capsys):
    assert words[0] in COMMANDS
    inner = words[1:2] if words[0] in {"connection", "import", "new"} else []
    assert main([words[0], *inner, "--help"]) == 0
    said = capsys.readouterr().out
    assert [one for one in words if one.startswith("--") and not re.search(rf"{one}\b", said)] == []


def test_the_two_sections_show_the_whole_workbench():
    shown = {words[0] for section in OURS for words in commands(section)}
    text = "".join(SECTIONS[one] for one in OURS)
    others = {"list", "show", "run", "options", "sandbox", "connection"}  # these are for whoever executes modules
    assert {name for name in COMMANDS if name not in shown and not re.search(rf"\b{name}\b", text)} <= others
