"""How tools/test holds this repository's specs against their past, in whatever clone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SCRIPT = (HERE.parents[1] / "tools/test").read_text()
FUNCTIONS = "\n".join(re.findall(r"^\w+\(\) \{\n.*?^\}", SCRIPT, re.MULTILINE | re.DOTALL))
MODULE = "spec/acme/modules/get_thing.v1.yaml"
TITLE, OTHER = "title: Get a thing", "title: Fetch a thing"


def run(folder: Path, function: str) -> tuple[int, str]:
    """Run a function of the script as the script does."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    known = {name: value for name, value in os.environ.items() if not name.startswith(("KOPPLING_", "GIT_"))}
    done = subprocess.run(
        ["bash", "-uo", "pipefail", "-c", f"{FUNCTIONS}\n{function}"],  # noqa: S607  (found where the system looks)
        cwd=folder,
        env={**known, "PATH": path, "KOPPLING_CACHE": "", "GIT_CEILING_DIRECTORIES": str(folder.parent)},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout


def commit(folder: Path, day: str = "2026-11-23") -> None:
    stamp = {"GIT_AUTHOR_DATE": f"{day}T12:00:00Z", "GIT_COMMITTER_DATE": f"{day}T12:00:00Z"}
    who = ["-c", "user.name=Ann", "-c", "user.email=ann@acme.example", "-c", "commit.gpgsign=false"]
    git(folder, "add", "--all")
    git(folder, *who, "commit", "--quiet", "--message=Specs", env={**os.environ, **stamp})


def git(folder: Path, *words: str, env: dict[str, str] | None = None) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, env=env)  # noqa: S607  (found where the system looks)


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / MODULE
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """Specs, and no repository."""
    shutil.copytree(HERE / "spec", tmp_path / "here" / "spec")
    return tmp_path / "here"


@pytest.fixture
def one(bare: Path) -> Path:
    """A repository of one commit."""
    git(bare, "init", "--quiet", "--initial-branch=main")
    commit(bare)
    return bare


@pytest.fixture
def two(one: Path) -> Path:
    """A repository whose last commit changed a module, and not its version."""
    edit(one, TITLE, OTHER)
    commit(one)
    return one


@pytest.fixture
def shallow(two: Path, tmp_path: Path) -> Path:
    git(tmp_path, "clone", "--quiet", "--depth=1", two.as_uri(), "shallow")
    return tmp_path / "shallow"


@pytest.mark.parametrize("clone", ["bare", "one", "shallow"])
def test_where_there_is_no_past_the_versions_are_not_looked_at_and_that_is_said(request, clone):
    assert run(request.getfixturevalue(clone), "spec_diff") == (
        0,
        "skipped: there is no earlier commit here to compare with\n",
    )


def test_a_version_that_was_not_raised_is_red(two):
    status, out = run(two, "spec_diff")
    assert (status, "[version-too-low]" in out) == (1, True)
    edit(two, "version: 1.0.0", "version: 1.0.1")
    assert run(two, "spec_diff")[0] == 0


def test_a_release_is_what_versions_are_held_against(two):
    git(two, "tag", "v1", "HEAD~1")
    edit(two, "version: 1.0.0", "version: 1.0.1")
    commit(two)
    edit(two, OTHER, "title: Fetch things")
    commit(two)
    status, out = run(two, "spec_diff")
    assert (status, out.splitlines()[0]) == (0, "since v1")


def test_a_date_is_red_for_whoever_edits_specs_after_it_and_for_nobody_else(one):
    edit(one, "{red: {}, ", "{red: {retired: 2026-11-25}, ")
    commit(one)
    status, out = run(one, "spec_dates")
    assert (status, out.splitlines()[0]) == (0, "as of 2026-11-23, when the specs were edited")
    assert "warning: value acme.get_thing@1.colour=red" in out
    (one / "README.md").write_text("Something else.")
    commit(one, "2026-12-24")
    assert run(one, "spec_dates") == (0, out)
    edit(one, TITLE, OTHER)
    commit(one, "2026-12-24")
    status, out = run(one, "spec_dates")
    assert (status, "[past-its-day]" in out) == (1, True)


def test_an_edit_that_is_not_committed_yet_is_one_of_today(one):
    edit(one, "{red: {}, ", "{red: {retired: 2020-01-02}, ")
    assert run(one, "spec_dates")[0] == 1


@pytest.mark.parametrize("clone", ["bare", "shallow"])
def test_where_there_is_no_whole_past_the_dates_are_not_looked_at_and_that_is_said(request, clone):
    assert run(request.getfixturevalue(clone), "spec_dates") == (
        0,
        "skipped: there is no whole history here to tell when the specs were edited\n",
    )
