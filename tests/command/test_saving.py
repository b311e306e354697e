"""Files of an output: names that a vendor chose lead nowhere but into the folder that a person chose."""

from __future__ import annotations

import os

import click
import pytest

from koppling.files import File
from koppling_tools.running.saving import Described, Target, describe, described_files, safe_name


@pytest.mark.parametrize(
    ("given", "media_type", "safe"),
    [
        ("a.png", "image/png", "a.png"),
        ("image", "image/png", "image.png"),
        ("../../etc/passwd", None, "passwd"),
        ("/etc/passwd", None, "passwd"),
        ("..\\..\\boot.ini", None, "boot.ini"),
        ("C:\\temp\\a.txt", None, "a.txt"),
        ("C:a.txt", None, "C_a.txt"),
        ("..", None, "file"),
        ("", None, "upload"),
        (".bashrc", None, "bashrc"),
        ("-rf.txt", None, "rf.txt"),
        ("a\x00b\nc.txt", None, "a_b_c.txt"),
        ("a\x1b[2J.txt", None, "a_[2J.txt"),
        ("\u202egnp.exe", None, "_gnp.exe"),
        ("con", None, "file_con"),
        ("NUL.txt", None, "file_NUL.txt"),
        ("å" * 200 + ".txt", None, "å" * 58 + ".txt"),
        ("dir/", "text/plain", "file.txt"),
    ],
)
def test_a_name_of_the_vendor_is_made_safe(given, media_type, safe):
    assert safe_name(File(b"", name=given, media_type=media_type or "application/x-nothing")) == safe


def _described(*names: str) -> list[Described]:
    return [Described(File(name.encode(), name=name)) for name in names]


def test_one_file_goes_to_the_path(tmp_path):
    files = _described("../../x.png")
    assert Target.of(str(tmp_path / "out.png")).write(files) == [tmp_path / "out.png"]
    assert files[0]["saved"] == str(tmp_path / "out.png")
    assert (tmp_path / "out.png").read_bytes() == b"../../x.png"


def test_a_folder_takes_files_under_safe_names_and_keeps_what_is_there(tmp_path):
    (tmp_path / "x.png").write_bytes(b"mine")
    written = Target.of(str(tmp_path)).write(_described("../x.png", "a/x.png", "y.png"))
    assert [one.name for one in written] == ["x-2.png", "x-3.png", "y.png"]
    assert (tmp_path / "x.png").read_bytes() == b"mine"


def test_a_link_in_the_folder_is_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "x.png").symlink_to(victim)
    Target.of(str(folder)).write(_described("x.png"))
    assert victim.read_bytes() == b"mine"
    assert (folder / "x-2.png").read_bytes() == b"x.png"


def test_several_files_for_one_path_are_numbered_beside_it(tmp_path):
    written = Target.of(str(tmp_path / "out.png")).write(_described("a.png", "b.png"))
    assert [one.name for one in written] == ["out.png", "out-2.png"]


@pytest.mark.parametrize("given", ["new", "new/", "new/deeper/"])
def test_several_files_make_the_folder_they_go_into(given, tmp_path):
    written = Target.of(f"{tmp_path}/{given}").write(_described("a.png", "b.png"))
    assert written == [tmp_path / given / name for name in ("a.png", "b.png")]


def test_a_folder_that_is_not_there_is_told_before_anything_is_sent(tmp_path):
    with pytest.raises(click.UsageError, match="there is no folder"):
        Target.of(str(tmp_path / "missing" / "out.png"))


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_folder_that_is_closed_is_told_before_anything_is_sent(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(click.UsageError, match="cannot be written"):
        Target.of(str(tmp_path / "out.png"))


def test_a_file_is_described_wherever_it_stands():
    value = describe({"a": [File(b"123", name="a.txt")], "b": File(b"", name="b.bin"), "c": 1})
    assert value == {
        "a": [{"name": "a.txt", "media_type": "text/plain", "size": 3}],
        "b": {"name": "b.bin", "media_type": "application/octet-stream", "size": 0},
        "c": 1,
    }
    assert [one.file.name for one in described_files(value)] == ["a.txt", "b.bin"]
