"""Changes to spec files: what was meant changes, in the text as in the value, and nothing else does."""

import copy
import random
import shutil
from pathlib import Path

import pytest

from koppling.builtin import builtin_folder
from koppling.read import parse_document
from koppling_tools.check import check
from koppling_tools.check.files import find
from koppling_tools.cli import main
from koppling_tools.console.mistakes import Misuse
from koppling_tools.editing.form import formed
from koppling_tools.editing.text import Edit, written_as
from koppling_tools.editing.version import raise_version

SHAPES = Path(__file__).parents[1] / "shapes/spec"
FILES = [one.path for root in (builtin_folder(), SHAPES) for one in find(root) if one.kind != "stray"]


def maps(value, pointer=()):
    """Yield the places of all maps in a value."""
    if isinstance(value, dict):
        yield pointer
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in items:
        yield from maps(one, (*pointer, key))


@pytest.mark.parametrize("path", FILES[::5], ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_key_can_be_added_anywhere_and_only_its_lines_change(path):
    places = list(maps(parse_document(path.read_bytes(), "").value))
    random.Random(path.name).shuffle(places)  # noqa: S311  (a shuffle, no secret)
    for pointer in places[:12]:
        edit = Edit(path)
        edit.set((*pointer, "x-new"), {"reason": "It: ends, here", "on": "2027-01-01", "more": [1, None, True, "yes"]})
        before, after = edit.before.splitlines(), edit.text.splitlines()
        assert len(after) - len(before) in {0, 1}
        removed = [line for line in before if line not in after]
        assert len(removed) <= 1
        assert edit.text.count("#") == edit.before.count("#")


@pytest.mark.parametrize("path", FILES[::5], ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_scalar_can_be_replaced_and_only_its_line_changes(path):
    edit = Edit(path)
    key = "version" if "version" in edit.value else "title"
    edit.set((key,), "9.9.9")
    before, after = edit.before.splitlines(), edit.text.splitlines()
    assert (
        next(other for one, other in zip(before, after, strict=True) if one != other)
        .replace('"', "")
        .startswith(f"{key}: 9.9.9")
    )
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 1


WRITTEN = {
    "plain": "It ends.", "a colon": "a: b", "a comma": "a, b", "a word of YAML 1.1": "yes", "a number": "12", "a day": "2027-01-31",
    "a version": "1.2.3", "nothing": "", "quotes": 'say "hej"', "a comment": "a #b", "an expression": "${input.a}", "blanks": " a ",
    "lines": "a\nb", "a dash": "- a", "a star": "*a", "an address": "https://acme.example/a?b=c#d", "null": "null", "umlauts": "Än så länge",
}  # fmt: skip


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN.keys())
@pytest.mark.parametrize("flow", [True, False])
def test_what_is_written_is_read_again(text, flow):
    line = f"a: {{b: {written_as(text, flow=True)}}}" if flow else f"a: {written_as(text, flow=False)}"
    value = parse_document(line.encode(), "").value["a"]
    assert (value["b"] if flow else value) == text


def test_the_ends_of_lines_the_mark_at_the_start_and_the_comments_stay(tmp_path):
    path = tmp_path / "thing.v1.yaml"
    path.write_bytes(
        "\ufeffname: thing # its name\r\nfields: # all\r\n  a: {type: string} # one\r\n\r\n# the end\r\n".encode()
    )
    edit = Edit(path)
    edit.set(("fields", "a", "lifecycle"), {"retired": "2027-01-01", "reason": "Why"})
    edit.set(("version",), "1.0.0", after=("name",))
    edit.save()
    assert path.read_bytes().decode() == (
        "\ufeffname: thing # its name\r\nversion: 1.0.0\r\nfields: # all\r\n"
        "  a: {type: string, lifecycle: {retired: 2027-01-01, reason: Why}} # one\r\n\r\n# the end\r\n"
    )


def test_what_cannot_be_changed_safely_is_not_changed(tmp_path):
    path = tmp_path / "thing.v1.yaml"
    path.write_text("name: thing\nlifecycle:\n  deprecated: 2026-01-01\n  reason: >\n    It\n    ends.\n")
    edit = Edit(path)
    with pytest.raises(Misuse, match="written over several lines"):
        edit.set(("lifecycle",), {"retired": "2027-01-01"})
    assert edit.text == edit.before


# ---- the form of files ----


def test_the_specs_here_have_their_form():
    assert [
        one.path
        for root in (builtin_folder(), SHAPES)
        for one in find(root)
        if one.kind != "stray" and len(set(formed(one))) > 1
    ] == []


def test_a_file_gets_its_form_and_keeps_what_it_says(tmp_path):
    path = tmp_path / "spec/acme/modules/thing.v1.yaml"
    path.parent.mkdir(parents=True)
    (tmp_path / "spec/language/v1").mkdir(parents=True)
    (tmp_path / "spec/language/v1/module.schema.json").write_text("{}")
    path.write_bytes(
        b'# who it is\ntitle: "A thing"   \r\n\r\n\r\n\r\nrequest: {method: GET,   path: /x}\r\n# which\r\nname: thing\r\nversion: 1.0.0\r\nx-text: |\r\n  a  \r\n\r\n\r\n\r\n  b\r\n'
    )
    (found,) = find(path)
    before, after = formed(found)
    assert after.splitlines()[:5] == [
        "# yaml-language-server: $schema=../../language/v1/module.schema.json", "# which", "name: thing", "version: 1.0.0", "# who it is",
    ]  # fmt: skip
    assert "a  \n\n\n\n  b" in after  # the text of a value keeps its blanks
    assert parse_document(after.encode(), "").value == parse_document(before.encode(), "").value
    path.write_text(after)
    assert formed(found) == (after, after)


FLOW = {
    "one line": '{"name": "thing", "version": "1.0.0", "title": "A thing", "request": {"method": "GET", "path": "/x"}}',
    "one line, in another order": '{"title": "A thing", "request": {"method": "GET", "path": "/x"}, "version": "1.0.0", "name": "thing"}',
    "as JSON is indented": '{\n  "title": "A thing",\n  "version": "1.0.0",\n  "name": "thing",\n  "request": {"method": "GET", "path": "/x"}\n}\n',
    "its keys in the first column": '{\n"title": "A thing",\n# why\n"version": "1.0.0",\n"name": "thing",\n"request": {"method": "GET", "path": "/x"}\n}\n',
}  # fmt: skip


@pytest.mark.parametrize("text", FLOW.values(), ids=FLOW.keys())
def test_a_file_in_braces_keeps_its_order_and_what_it_says(tmp_path, text):
    path = tmp_path / "spec/acme/modules/thing.v1.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    (found,) = find(path)
    assert formed(found) == (text, text.strip("\n") + "\n")


def test_a_file_that_cannot_be_read_has_no_form(tmp_path, monkeypatch, capsys):
    path = tmp_path / "spec/acme/modules/thing.v1.yaml"
    path.parent.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    path.write_text("name: [\n\n\n\n")
    assert main(["fmt", "--check"]) == main(["fmt"]) == 2
    said = capsys.readouterr().err
    assert "spec/acme/modules/thing.v1.yaml:" in said
    assert "is no YAML" in said
    assert "1 file, 0 to be formed, 1 that cannot be read" in said
    assert path.read_text() == "name: [\n\n\n\n"


# ---- the commands ----


@pytest.mark.parametrize(("text", "after"), [
    ('{"name": "thing", "version": "1.0.0", "title": "A thing"}', '{"name": "thing", "version": "1.0.1", "title": "A thing"}'),
    ("name: thing\nversion: '1.0.0'\ntitle: A thing\n", "name: thing\nversion: '1.0.1'\ntitle: A thing\n"),
    ("{name: thing, version: 1.0.0, title: A thing}", "{name: thing, version: 1.0.1, title: A thing}"),
], ids=["JSON", "single quotes", "none"])  # fmt: skip
def test_a_version_keeps_its_quotes(tmp_path, text, after):
    path = tmp_path / "thing.v1.yaml"
    path.write_text(text)
    assert raise_version(path, "patch").text == after


@pytest.fixture
def specs(tmp_path, monkeypatch):
    shutil.copytree(builtin_folder() / "openai", tmp_path / "spec/openai")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KOPPLING_SPECS", raising=False)
    return tmp_path / "spec/openai"


DONE = {
    "a module": (["deprecate", "openai.get_models", "--on", "2094-01-01", "--reason", "It moves."], ["lifecycle: {deprecated: 2094-01-01, reason: It moves.}"]),
    "an operation": (["retire", "openai.manage_files.upload", "--on", "2094-01-01", "--replaced-by", "list"], ["    lifecycle: {retired: 2094-01-01, replaced_by: list}"]),
    "a field in braces": (["retire", "openai.create_chat_completion.n", "--on", "2094-01-01", "--reason", "One is enough."], ["lifecycle: {retired: 2094-01-01, reason: One is enough.}}"]),
    "a field in lines": (["deprecate", "openai.manage_audio.prompt", "--on", "2094-01-01", "--replaced-by", "file"], ["    lifecycle: {deprecated: 2094-01-01, replaced_by: file}"]),
    "a value": (["retire", "openai.manage_files.list.purpose=vision", "--on", "2094-01-01", "--reason", "Gone."], ["vision: {title: Images for vision, retired: 2094-01-01, reason: Gone.}"]),
    "what has dates already": (["retire", "openai.create_chat_completion.max_tokens", "--on", "2094-01-01"], ["lifecycle: {deprecated: 2024-09-12, replaced_by: max_completion_tokens, retired: 2094-01-01"]),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "lines"), DONE.values(), ids=DONE.keys())
def test_an_end_is_written_where_it_belongs_and_the_specs_stay_valid(specs, capsys, arguments, lines):
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    assert all(any(line in one for one in shown.splitlines() if one.startswith("+")) for line in lines), shown
    assert [one for one in check([specs], [], "2026-11-23").diagnostics if one.severity != "advice"] == []


def test_a_module_retired_in_the_past_is_shown_as_of_a_day_on_which_it_lived(specs, capsys):
    assert main(["retire", "openai.create_moderation", "--on", "2026-01-01", "--reason", "Gone."]) == 0
    assert "examples are read as of 2025-12-31" in capsys.readouterr().err
    assert main(["test", "spec/openai/modules/create_moderation.v1.yaml"]) == 0


ENUMS = {
    "in braces": ("fields: {status: {enum: [active, sold], title: State}, id: {type: string}}", "fields: {status: {values: {active: , sold: {deprecated: 2094-01-01, reason: x}}, title: State}, id: {type: string}}"),
    "with its type": ("fields: {status: {type: string, enum: [active, 'sold']}}", "fields: {status: {values: {active: , sold: {deprecated: 2094-01-01, reason: x}}}}"),
    "with its type behind it": ("fields: {status: {enum: [active, sold], type: string}}", "fields: {status: {values: {active: , sold: {deprecated: 2094-01-01, reason: x}}}}"),
    "over lines": ("fields:\n  status:\n    type: string\n    enum:\n      - active\n      - sold\n    title: State", "fields:\n  status:\n    values: {active: , sold: {deprecated: 2094-01-01, reason: x}}\n    title: State"),
    "with a value that needs quotes": ("fields: {status: {enum: ['no', sold]}}", 'fields: {status: {values: {"no": , sold: {deprecated: 2094-01-01, reason: x}}}}'),
}  # fmt: skip


def a_module(folder, fields):
    path = folder / "acme/modules/get_thing.v1.yaml"
    path.parent.mkdir(parents=True)
    (folder / "acme/connector.yaml").write_text(
        'koppling: 1\nname: acme\ntitle: Acme\nversion: 1.0.0\nconnection: {fields: {}}\nrequest: {base_url: "https://acme.example"}\n'
    )
    path.write_text(
        f"name: get_thing\nversion: 1.0.0\ntitle: Get a thing\n{fields}\nrequest: {{method: GET, path: /things}}\n"
    )
    return path


@pytest.mark.parametrize(("fields", "after"), ENUMS.values(), ids=ENUMS.keys())
def test_a_value_of_an_enum_gets_its_date_and_the_others_stay(tmp_path, capsys, fields, after):
    path = a_module(tmp_path / "new", fields)
    shutil.copytree(tmp_path / "new", tmp_path / "old")
    arguments = ["deprecate", "acme.get_thing.status=sold", "--on", "2094-01-01", "--reason", "x", "--specs", str(tmp_path / "new")]  # fmt: skip
    assert main(arguments) == 0
    assert after in path.read_text()
    capsys.readouterr()
    assert main(["diff", str(tmp_path / "old"), str(tmp_path / "new")]) == 0
    assert "breaking" not in capsys.readouterr().out


@pytest.mark.parametrize(("fields", "said"), [
    ("fields: {status: {enum: [sold, 1]}}", "not all of them are texts alone"),
    ("fields:\n  status:\n    enum:\n      # why\n      - sold", "edit fields/status/enum by hand"),
    ("fields:\n  status:\n    type: string # why\n    enum: [sold]", "edit fields/status/type by hand"),
])  # fmt: skip
def test_an_enum_that_cannot_be_rewritten_stays(tmp_path, capsys, fields, said):
    path = a_module(tmp_path / "new", fields)
    before = path.read_text()
    arguments = ["deprecate", "acme.get_thing.status=sold", "--on", "2094-01-01", "--reason", "x", "--specs", str(tmp_path / "new")]  # fmt: skip
    assert main(arguments) == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert path.read_text() == before


REFUSED = {
    "no such module": (["retire", "openai.create_embeding", "--on", "2094-01-01", "--reason", "x"], "did you mean 'openai.create_embedding'?"),
    "no such field": (["retire", "openai.manage_files.upload.purpos", "--on", "2094-01-01", "--reason", "x"], "did you mean 'purpose'?"),
    "no such value": (["retire", "openai.manage_files.list.purpose=visio", "--on", "2094-01-01", "--reason", "x"], "did you mean 'vision'?"),
    "a field of several operations": (["retire", "openai.manage_files.purpose", "--on", "2094-01-01", "--reason", "x"], "openai.manage_files@1.list.purpose or openai.manage_files@1.upload.purpose"),
    "no such day": (["retire", "openai.get_models", "--on", "2094-02-30", "--reason", "x"], "'2094-02-30' is no day"),
    "no word why": (["retire", "openai.get_models", "--on", "2094-01-01"], "say what to use instead (--replaced-by), or why it goes (--reason)"),
    "retired already": (["retire", "openai.create_edit@1", "--on", "2094-01-01", "--reason", "x"], "is retired already, on 2024-01-04"),
    "retired before it is deprecated": (["retire", "openai.create_chat_completion.max_tokens", "--on", "2020-01-01"], "would be retired (2020-01-01) before it is deprecated (2024-09-12)"),
    "replaced by itself": (["deprecate", "openai.get_models", "--on", "2094-01-01", "--replaced-by", "get_models"], "cannot replace itself"),
    "replaced by nothing": (["deprecate", "openai.get_models", "--on", "2094-01-01", "--replaced-by", "get_modles@1"], "did you mean 'openai.get_models@1'?"),
    "no module named": (["retire", "openai", "--on", "2094-01-01", "--reason", "x"], "write CONNECTOR.MODULE[@MAJOR]"),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_nonsense_is_refused_in_words_and_nothing_is_written(specs, capsys, arguments, said):
    before = {path: path.read_bytes() for path in specs.rglob("*.yaml")}
    assert main(arguments) == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert {path: path.read_bytes() for path in specs.rglob("*.yaml")} == before


def test_a_dry_run_shows_the_change_and_writes_nothing(specs, capsys):
    before = (specs / "modules/get_models.v1.yaml").read_bytes()
    assert main(["retire", "openai.get_models", "--on", "2094-01-01", "--reason", "x", "--dry-run"]) == 0
    assert "+lifecycle: {retired: 2094-01-01, reason: x}" in capsys.readouterr().out
    assert (specs / "modules/get_models.v1.yaml").read_bytes() == before


@pytest.mark.parametrize(("part", "version"), [("patch", "1.0.1"), ("minor", "1.1.0")])
def test_a_version_is_raised(specs, part, version):
    path = specs / "modules/get_models.v1.yaml"
    before = Edit(path)
    path.write_text(before.text.replace(f"version: {before.value['version']}", "version: 1.0.0"))
    assert main(["bump", "openai.get_models", part]) == 0
    assert Edit(path).value == {**copy.deepcopy(before.value), "version": version}


def test_a_new_major_version_is_a_file_of_its_own_with_its_examples(specs, capsys):
    old = (specs / "modules/get_models.v1.yaml").read_bytes()
    assert main(["bump", "openai.get_models", "major"]) == 0
    assert "koppling deprecate openai.get_models@1 --on DATE --replaced-by get_models@2" in " ".join(
        capsys.readouterr().err.split()
    )
    assert (specs / "modules/get_models.v1.yaml").read_bytes() == old
    assert Edit(specs / "modules/get_models.v2.yaml").value["version"] == "2.0.0"
    assert main(["test", "spec/openai/modules/get_models.v2.yaml"]) == 0
    assert main(["bump", "openai.get_models@1", "major"]) == 2
