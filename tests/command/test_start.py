"""How the command starts: quickly, and with only what it needs."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from koppling import __version__, catalog
from koppling_tools.cli import COMMANDS, commands

HEAVY = {"rich", "httpx", "jsonschema", "jsonschema_rs", "ruamel", "jmespath", "asyncio", "ssl"}
PROBE = """
import json, sys
from koppling import __version__, catalog
from koppling_tools.cli import main
status = main(sys.argv[1:])
print(json.dumps([status, sorted({name.split(".")[0] for name in sys.modules})]), file=sys.stderr)
"""


def _imported(*arguments: str) -> tuple[int, set[str]]:
    done = subprocess.run([sys.executable, "-c", PROBE, *arguments], capture_output=True, check=True, text=True)
    status, names = json.loads(done.stderr.splitlines()[-1])
    return status, set(names)


@pytest.mark.usefixtures("surroundings")
@pytest.mark.parametrize("arguments", [["--help"], ["--version"], []])
def test_help_imports_nothing_heavy_and_no_command(arguments):
    status, names = _imported(*arguments)
    assert status == 0
    assert not names & HEAVY


@pytest.mark.usefixtures("surroundings")
def test_a_list_of_specs_that_are_compiled_already_imports_nothing_heavy():
    _imported("list", "acme")
    status, names = _imported("list", "acme")
    assert status == 0
    assert not names & HEAVY


@pytest.mark.usefixtures("surroundings")
@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_imports_nothing_heavy(name):
    status, names = _imported(name, "--help")
    assert status == 0
    assert not names & HEAVY


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_that_help_lists_is_there_and_explains_itself(name):
    command = commands.get_command(None, name)
    assert command.name == name
    assert command.help


def test_help_lists_the_commands(koppling):
    done = koppling("--help")
    assert done.status == 0
    for name in COMMANDS:
        assert f"\n  {name} " in done.out
    assert commands.list_commands(None) == list(COMMANDS)


def test_the_version_is_told(koppling):
    assert koppling("--version").out == f"koppling {__version__}\n"


def test_the_command_is_installed_under_its_name():
    (found,) = entry_points(group="console_scripts", name="koppling")
    assert found.value == "koppling_tools.cli:main"


def test_it_works_without_a_home_and_in_a_place_that_cannot_be_written(process, server, surroundings):
    server.answer(json={"id": "th_1", "name": "Anvil", "size": 7})
    env = {
        "HOME": "/nonexistent",
        "KOPPLING_CACHE": "/proc/nowhere",
        "KOPPLING_CONFIG": "/proc/nowhere",
        "ACME_BASE_URL": server.url,
    }
    surroundings.chmod(0o500)
    try:
        assert process("list", "acme", env=env).status == 0
        assert process("show", "acme.get_thing", env=env).status == 0
        assert process("validate", env=env).status == 0
        assert json.loads(process("run", "acme.get_thing", "id=th_1", env=env).out)["name"] == "Anvil"
    finally:
        surroundings.chmod(0o700)


def test_a_locale_that_cannot_say_it_is_no_error(process, server):
    server.answer(json={"text": "Anvil → 鉄床", "words": 2})
    env = {"ACME_BASE_URL": server.url, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = process("run", "acme.tell", "--output", "text", env=env)
    assert (done.status, done.out) == (0, "Anvil \\u2192 \\u9244\\u5e8a\n")
    assert process("show", "acme.get_thing", env=env).status == 0


def test_a_fault_of_our_own_is_one_sentence(koppling, monkeypatch):
    monkeypatch.setattr(catalog.Catalog, "module", lambda *_, **__: 1 / 0)
    done = koppling("show", "acme.get_thing")
    assert done.status == 2
    assert done.err.startswith("error: this is a fault of Koppling itself: ZeroDivisionError")
    assert "Traceback" not in done.err


@pytest.mark.parametrize("words", [["pin=hush/1"], ['pin:="hush/1"'], ["--input", "inputs.json"]], ids=str)
@pytest.mark.parametrize("where", ["koppling.validate.choose", "koppling.client.begin.check_client"])
def test_a_crash_before_anything_is_sent_shows_no_secret(koppling, surroundings, monkeypatch, where, words):
    def broken(*known, **_):
        raise RuntimeError(f"broke on {known!r}, hush/1 and hush%2F1")

    (surroundings / "inputs.json").write_text('{"pin": "hush/1"}')
    monkeypatch.setattr(where, broken)
    monkeypatch.setenv("KOPPLING_DEBUG", "1")
    done = koppling("run", "acme.get_thing", "id=th_1", *words)
    assert done.err.startswith("error: this is a fault of Koppling itself: RuntimeError: broke on (")
    assert ", *** and ***" in done.err
    assert "hush/1" not in done.err


@pytest.mark.parametrize(
    "arguments", [["run", "acme.get_thing", "id=th_1"], ["connection", "add", "acme", "--from-env"]]
)
def test_a_crash_shows_no_secret(koppling, monkeypatch, arguments):
    def broken(_, request, **__):
        why = ValueError(f"cannot send {request.headers!r}")
        raise RuntimeError(f"broke on {request.headers['authorization']}") from why

    monkeypatch.setattr("koppling.send.Sender.send", broken)
    monkeypatch.setenv("KOPPLING_DEBUG", "1")
    done = koppling(*arguments)
    assert done.err.startswith("error: this is a fault of Koppling itself: RuntimeError: broke on Bearer ***")
    assert "Traceback" in done.err
    assert "canary" not in done.err
