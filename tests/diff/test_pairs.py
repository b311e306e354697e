"""Pairs of folders, `previous` and `current`: what changed for callers, and which version that asks for."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from koppling.builtin import builtin_folder
from koppling_tools.cli import main
from koppling_tools.diff.folders import differences, read_state

PAIRS = YAML(typ="safe").load(Path(__file__).with_name("pairs.yaml"))
DAY = "2026-11-23"
CONNECTOR = {"koppling": 1, "name": "acme", "title": "Acme", "version": "1.0.0",
             "connection": {"fields": {"url": {"type": "string"}}}, "request": {"base_url": "${connection.url}"}}  # fmt: skip
MODULE = {"name": "get_thing", "version": "1.0.0", "title": "Get a thing", "fields": {"id": {"type": "string"}}, "required": ["id"],
          "request": {"method": "GET", "path": "/things/${input.id}"}, "response": {"output": {"name": "name"}}}  # fmt: skip
EXAMPLE = {"title": "One", "inputs": {"id": "a"}, "request": {"method": "GET", "path": "/things/a"},
           "response": {"json": {"name": "Anvil", "label": "Big anvil", "size": 3, "parts": [{"name": "horn"}]}}}  # fmt: skip


def plain(value):
    """Return dates as the text that they are in a spec."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value if isinstance(value, str | int | float | bool | None) else value.isoformat()


def lay(folder, state):
    home = folder / "acme"
    files = {
        "connector.yaml": CONNECTOR | plain(state.get("connector", {})),
        "modules/get_thing.v1.yaml": MODULE | plain(state.get("module", {})),
        "examples/get_thing.v1/one.yaml": EXAMPLE,
    }
    if "major" in state:
        files["modules/get_thing.v2.yaml"] = MODULE | plain(state["major"])
    gone = {"module": "get_thing.v1", "connector": "acme"}.get(state.get("gone"), "nothing")
    for name, value in files.items():
        if gone not in f"acme/{name}":
            path = home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(value))  # JSON is YAML
    (folder / "other/modules").mkdir(parents=True)
    (folder / "other/connector.yaml").write_text(json.dumps({**CONNECTOR, "name": "other"}))


def compared(folder, previous, current):
    for name, state in (("previous", previous), ("current", current)):
        shutil.rmtree(folder / name, ignore_errors=True)
        lay(folder / name, state)
    return differences(read_state(folder / "previous"), read_state(folder / "current"), DAY)


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS.keys())
def test_a_pair_is_told_as_expected(pair, tmp_path):
    found = compared(tmp_path, pair.get("previous", {}), pair.get("current", {}))
    own = [
        one
        for one in found
        if not (pair.get("current", {}).get("gone") == "connector" and one.rule == "module-removed")
    ]
    assert [f"{one.verdict} {one.rule}" for one in own] == pair["expect"], found


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS.keys())
def test_a_state_against_itself_has_no_changes(pair, tmp_path):
    assert compared(tmp_path, pair.get("current", {}), pair.get("current", {})) == []


BACK = [name for name, pair in PAIRS.items() if name in {"field-added-with-its-version", "type-wider", "value-added", "values-opened", "bound-wider", "output-added", "operation-added", "field-optional"}]  # fmt: skip


@pytest.mark.parametrize("name", BACK)
def test_the_way_back_of_what_was_additive_is_breaking(name, tmp_path):
    found = compared(tmp_path, PAIRS[name].get("current", {}), PAIRS[name].get("previous", {}))
    assert "breaking" in {one.verdict for one in found if not one.rule.startswith("version-")}


def test_every_rule_has_a_pair():
    import re

    sources = Path(read_state.__code__.co_filename).parent.glob("*.py")
    named = {
        rule for path in sources for rule in re.findall(r"(?:Change|Difference)\(\s*\"([a-z-]+)\"", path.read_text())
    }
    shown = {line.split(" ")[1] for pair in PAIRS.values() for line in pair["expect"]}
    assert named - shown == {"property-optional", "cases-changed"}


def test_the_specs_here_have_not_changed_since_themselves():
    state = read_state(builtin_folder())
    assert differences(state, state, DAY) == []


@pytest.fixture
def repository(tmp_path, monkeypatch):
    def git(*arguments):
        subprocess.run(
            ["git", "-c", "user.name=A", "-c", "user.email=a@acme.example", *arguments],  # noqa: S607  (found where the system looks)
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )

    lay(tmp_path / "spec", {})
    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "first")
    git("tag", "v1")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_revision_is_held_against_the_folder_as_it_stands(repository, capsys):
    assert main(["diff", "v1"]) == 0
    assert capsys.readouterr().out == ""
    path = repository / "spec/acme/modules/get_thing.v1.yaml"
    path.write_text(path.read_text().replace('"required": ["id"]', '"required": []'))
    assert main(["diff", "v1"]) == 1
    assert capsys.readouterr().out == (
        "spec/acme/modules/get_thing.v1.yaml:1:78: additive: acme.get_thing@1: the input `id` may be left out now [field-optional]\n"
        "spec/acme/modules/get_thing.v1.yaml:1:34: error: acme.get_thing@1: additive changes ask for a minor version; it was 1.0.0 and is 1.0.0 [version-too-low]\n"
        "  help: write version: 1.1.0\n"
    )
    assert main(["diff", "v1", "HEAD"]) == 0


@pytest.mark.parametrize(("arguments", "said"), [
    (["v2"], "'v2' is no folder, and no revision of spec"),
    (["v1", "--folder", "specs"], "there is no folder 'specs'"),
    (["nowhere", "spec"], "'nowhere' is no folder, and no revision of spec"),
])  # fmt: skip
def test_a_side_that_is_none_is_told(repository, capsys, arguments, said):
    assert main(["diff", *arguments]) == 2
    assert said in " ".join(capsys.readouterr().err.split())


BROKEN = {
    "a module that is no YAML": ("modules/get_thing.v1.yaml", b"name: [", "is no YAML"),
    "a connector that is no YAML": ("connector.yaml", b"koppling: 1\n  name: acme\n", "is no YAML"),
    "a module that is not UTF-8": ("modules/get_thing.v1.yaml", b"name: get_thing\ntitle: \xff\n", "is not UTF-8"),
    "a module that is a list": ("modules/get_thing.v1.yaml", b"[]", "is no map of keys"),
    "a key twice": ("modules/get_thing.v1.yaml", b"name: get_thing\nname: get_thing\n", "stands here twice"),
    "an example that is no YAML": ("examples/get_thing.v1/one.yaml", b"title: [", "is no YAML"),
}


def refuses(capsys, against, side, words):
    assert main(["diff", against]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert [one for one in (f"the side {side!r} cannot be read", *words) if one not in shown.err] == []


@pytest.mark.parametrize(("file", "data", "said"), BROKEN.values(), ids=BROKEN.keys())
def test_a_file_that_cannot_be_read_is_neither_gone_nor_new(repository, capsys, file, data, said):
    path = repository / "spec/acme" / file
    whole = path.read_bytes()
    path.write_bytes(data)
    refuses(capsys, "v1", "spec", (f"spec/acme/{file}:", said))
    subprocess.run(
        ["git", "-c", "user.name=A", "-c", "user.email=a@acme.example", "commit", "-qam", "broken"],  # noqa: S607  (found where the system looks)
        check=True,
    )
    path.write_bytes(whole)
    refuses(capsys, "HEAD", "HEAD", (f"  spec/acme/{file}:",))
