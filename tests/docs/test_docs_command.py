from __future__ import annotations

import json

import pytest
from built_site import DAY, SPECS

from koppling_tools.cli import main


@pytest.fixture
def out(tmp_path):
    return tmp_path / "site"


def docs(out, *more, names=("acme",)):
    return main(["docs", "--out", str(out), "--specs", str(SPECS), "--as-of", DAY, *more, *names])


def snapshot(folder):
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_site_that_was_just_written_is_current(out, capsys):
    assert docs(out) == 0
    assert docs(out, "--check") == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "all current" in captured.err


def test_a_check_names_what_is_stale_missing_and_left_over_and_writes_nothing(out, capsys):
    docs(out, names=("acme", "hostile"))
    (out / "acme/get_thing.v2.html").write_text("old")
    (out / "site.css").unlink()
    (out / "own.html").write_text("<!doctype html><title>Mine</title>")
    before = snapshot(out)
    capsys.readouterr()
    assert docs(out, "--check") == 1
    assert snapshot(out) == before
    lines = capsys.readouterr().out.splitlines()
    assert sorted(line.replace(str(out), "DIR").replace("\\", "/") for line in lines) == [
        "left over: DIR/hostile/index.html",
        "left over: DIR/hostile/mark_up.v1.html",
        "missing: DIR/site.css",
        "stale: DIR/acme/get_thing.v2.html",
        "stale: DIR/dates.html",
        "stale: DIR/index.html",
        "stale: DIR/search.js",
    ]
    docs(out)
    assert docs(out, "--check") == 0
    assert not (out / "hostile").exists()
    assert (out / "own.html").exists()


def test_a_site_inside_of_a_site_is_left_alone(out):
    docs(out / "old", names=("hostile",))
    docs(out)
    assert docs(out, "--check") == 0
    assert docs(out / "old", "--check", names=("hostile",)) == 0


def test_a_folder_that_is_not_there_is_missing_everything(out, capsys):
    assert docs(out, "--check", "--format", "json") == 1
    found = json.loads(capsys.readouterr().out)
    assert {one["state"] for one in found} == {"missing"}
    assert not out.exists()


def test_what_is_current_is_not_written_again(out):
    docs(out)
    before = snapshot(out)
    docs(out)
    assert snapshot(out) == before


def test_line_breaks_of_a_checkout_on_windows_are_no_difference(out):
    docs(out)
    page = out / "index.html"
    page.write_bytes(page.read_bytes().replace(b"\n", b"\r\n"))
    assert docs(out, "--check") == 0


def test_a_file_is_no_folder_to_write_to(tmp_path, capsys):
    (tmp_path / "file").write_text("x")
    assert docs(tmp_path / "file") == 2
    assert "name a folder" in capsys.readouterr().err
