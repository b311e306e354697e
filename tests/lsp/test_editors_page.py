"""The settings on the page for editors can be read by those who read them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "spec" / "EDITORS.md").read_text()


def snippets(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def test_json_and_toml_parse_and_start_the_server():
    (code,) = snippets("json")
    settings = json.loads(code)
    assert [settings["glspc.server.command"], *settings["glspc.server.commandArguments"]] == [
        "koppling",
        "lsp",
        "--stdio",
    ]
    (helix,) = snippets("toml")
    server = tomllib.loads(helix)["language-server"]["koppling"]
    assert [server["command"], *server["args"]] == ["koppling", "lsp", "--stdio"]


@pytest.mark.parametrize("lua", snippets("lua"))
def test_lua_parses(lua, tmp_path):
    program = shutil.which("luac") or shutil.which("nvim")
    if program is None:
        pytest.skip("neither luac nor nvim is here")
    (tmp_path / "settings.lua").write_text(lua)
    script = (
        f"lua local ok, fault = loadfile('{tmp_path}/settings.lua'); if not ok then print(fault); vim.cmd('cquit') end"
    )
    asked = (
        ["-p", str(tmp_path / "settings.lua")]
        if program.endswith("luac")
        else ["--headless", "--clean", "-c", script, "-c", "qa"]
    )
    found = subprocess.run([program, *asked], capture_output=True, text=True, check=False, timeout=20)
    assert found.returncode == 0, found.stderr


def test_parentheses_of_lisp_are_balanced():
    (lisp,) = snippets("elisp")
    assert lisp.count("(") == lisp.count(")")
