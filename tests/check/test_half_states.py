"""What editors, merges and copies leave behind while somebody works: told in words, and never as a traceback or a wait."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from koppling_tools.cli import main

HERE = Path(__file__).parent
FILES = {
    "connector": "acme/connector.yaml",
    "module": "acme/modules/get_thing.v1.yaml",
    "example": "acme/examples/get_thing.v1/smallest.yaml",
}
# What a file becomes, and what is said of it: its rule and the help; nothing where all is well.
STATES = {
    "empty": (lambda _: b"", "the file is empty", "write it, or remove it"),
    "only comments": (lambda _: b"# nothing yet\n", "the file is empty", "write it, or remove it"),
    "a word": (lambda _: b"name", "must be a map", ""),
    "half a key": (lambda text: text + b"\nfie", "expected ':'", "`key: value`"),
    "an open bracket": (lambda text: text + b"\nx-a: {a: [", "is no YAML", "close the bracket"),
    "an open quote": (lambda text: text + b'\nx-a: "abc', "is no YAML", "close the quote"),
    "a tab": (lambda text: text + b"x-a:\n\tb: 1\n", "is no YAML", "indent with spaces, not tabs"),
    "a merge": (lambda text: b"<<<<<<< HEAD\n" + text + b"=======\n>>>>>>> other\n", "a merge was left unfinished", "keep one side"),
    "binary": (lambda _: bytes(range(256)) * 9, "is not UTF-8", "save the file as UTF-8"),
    "UTF-16": (lambda text: text.decode().encode("utf-16"), "is not UTF-8", "save the file as UTF-8"),
    "a NUL": (lambda text: text + b"\0", "control characters", "remove it"),
    "huge": (lambda text: text + b"x-a: '" + b"a" * 3_000_000 + b"'\n", "at most 2 MiB", ""),
    "very deep": (lambda text: text + b"x-a: " + b"[1," * 9_000, "nested more than 64 deep", ""),
    "a byte order mark": (lambda text: b"\xef\xbb\xbf" + text, None, ""),
    "lines of Windows": (lambda text: b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n"), None, ""),
}  # fmt: skip


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("KOPPLING_CACHE", "")
    monkeypatch.delenv("KOPPLING_SPECS", raising=False)
    shutil.copytree(HERE / "newcomer", tmp_path / "spec")
    shutil.copytree(HERE / "newcomer", tmp_path / "before")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "spec"


def run(capsys, *words):
    status = main(list(words))
    said = capsys.readouterr()
    assert "fault of Koppling" not in said.err
    assert "Traceback" not in said.err
    return status, said.out


def others(capsys):
    """Commands that read the same files, and have to live with them."""
    for words in (["test", "spec"], ["fmt", "--check", "spec"], ["lifecycle", "spec"], ["list", "--all"], ["diff", "before", "spec"], ["show", "acme.get_thing"]):  # fmt: skip
        assert run(capsys, *words)[0] in {0, 1, 2}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("state", STATES)
def test_a_file_in_the_midst_of_work_is_told_of_where_it_is(place, capsys, state, kind):
    change, message, help_text = STATES[state]
    path = place / FILES[kind]
    path.write_bytes(change(path.read_bytes()))
    status, out = run(capsys, "validate", "spec")
    if message is None:
        assert (status, out) == (0, "")
    else:
        told = out.split("\nspec/")
        (own,) = [one for one in told if one.removeprefix("spec/").startswith(f"{FILES[kind]}:")][:1]
        assert (status, message in own, help_text in own) == (1, True, True), out
    others(capsys)


UNREADABLE = {
    "a link to nowhere": lambda path: path.symlink_to("/nowhere"),
    "a link to itself": lambda path: path.symlink_to(path),
    "a pipe": os.mkfifo,
}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_said_and_not_waited_for(place, capsys, name, kind):
    path = place / FILES[kind]
    path.unlink()
    UNREADABLE[name](path)
    status, out = run(capsys, "validate", "spec")
    assert (status, f"spec/{FILES[kind]}: error: cannot be read: " in out) == (1, True), out
    others(capsys)


BESIDE = {
    "a link back to the top": lambda spec: (spec / "acme/modules/again").symlink_to(spec),
    "a link back among examples": lambda spec: (spec / "acme/examples/get_thing.v1/again").symlink_to(spec / "acme"),
    "vim's swap file": lambda spec: (spec / "acme/modules/.get_thing.v1.yaml.swp").write_bytes(b"\0\1"),
    "a backup": lambda spec: (spec / "acme/modules/get_thing.v1.yaml~").write_text("x: ["),
    "emacs' lock": lambda spec: (spec / "acme/modules/.#get_thing.v1.yaml").symlink_to("me@host.1:2"),
    "emacs' own copy": lambda spec: (spec / "acme/modules/#get_thing.v1.yaml#").write_text("x: ["),
    "a name with blanks": lambda spec: (spec / FILES["example"]).rename(spec / "acme/examples/get_thing.v1/ett första fall \u2603.yaml"),
    "a name with a newline": lambda spec: (spec / FILES["example"]).rename(spec / "acme/examples/get_thing.v1/a\nb.yaml"),
    "a name that is no UTF-8": lambda spec: (spec / FILES["example"]).rename(os.fsdecode(os.fsencode(spec / "acme/examples/get_thing.v1") + b"/\xff.yaml")),
    "a folder with blanks above": lambda spec: (spec.rename(spec.parent / "meine Spezifikationen ü"), (spec.parent / "spec").symlink_to("meine Spezifikationen ü")),
}  # fmt: skip


@pytest.mark.parametrize("name", BESIDE)
def test_what_lies_beside_the_specs_does_no_harm(place, capsys, name):
    BESIDE[name](place)
    assert run(capsys, "validate", "spec") == (0, "")
    others(capsys)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_is_no_traceback(place, capsys):
    (place / "acme/modules").chmod(0)
    status, _ = run(capsys, "validate", "spec")
    (place / "acme/modules").chmod(0o755)
    assert status in {1, 2}


def test_a_folder_in_the_place_of_a_module_is_told_of_where_list_sends_one(place, capsys):
    (place / "acme/modules/get_part.v1.yaml").mkdir()
    told = "spec/acme/modules/get_part.v1.yaml: error: cannot be read: is a folder [unreadable]\n"
    assert run(capsys, "list", "acme")[0] == 1
    assert run(capsys, "validate", "spec/acme/modules/get_part.v1.yaml") == (1, told)
    assert run(capsys, "validate", "spec")[0] == 1
    others(capsys)
