"""What spec/CI.md tells people to put into their CI: it is valid, it runs, and it goes red for the right reason."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from koppling.read import parse_document

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PAGE = (ROOT / "spec/CI.md").read_text()
BLOCKS = dict(re.findall(r"`([\w./-]+\.ya?ml)`[^`]*?:\n\n```yaml\n(.*?)```", PAGE, re.DOTALL))
HOOKS = parse_document((ROOT / ".pre-commit-hooks.yaml").read_bytes(), "hooks").value
MODULE = "spec/acme/modules/get_thing.v1.yaml"
EXAMPLE = "spec/acme/examples/get_thing.v1/smallest.yaml"


def steps(workflow: str, job: str) -> dict[str, dict[str, Any]]:
    """The steps of a workflow that run a command of ours, by name."""
    found = parse_document(BLOCKS[workflow].encode(), workflow).value["jobs"][job]
    return {one["name"]: one | {"env": found["env"]} for one in found["steps"] if "koppling " in one.get("run", "")}


CHECK = steps(".github/workflows/specs.yaml", "check")
MORNING = steps(".github/workflows/morning.yaml", "look")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a commit of the specs of this folder, in their form."""
    shutil.copytree(HERE / "spec", tmp_path / "spec")
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message=Acme")
    return tmp_path


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=Ann", "-c", "user.email=ann@acme.example", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S607  (found where the system looks)


def shell(folder: Path, command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a workflow's runner does, with the `koppling` of this environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("KOPPLING_", "ACME_"))}
    environment |= {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}",
        "KOPPLING_CACHE": "",
        **variables,
    }
    words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", command]
    return subprocess.run(words, cwd=folder, env=environment, check=False, capture_output=True, text=True, timeout=60)


def run(repository: Path, step: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    values = {"BASE": git(repository, "rev-parse", "HEAD"), "OPENAPI": (HERE / "openapi.yaml").as_uri()}
    return shell(repository, step["run"], **(step["env"] | values))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        (".github/workflows/specs.yaml", "vendor.github-workflows"),
        (".github/workflows/specs.yaml", "custom.github-workflows-require-timeout"),
        (".github/workflows/morning.yaml", "vendor.github-workflows"),
        (".github/workflows/morning.yaml", "custom.github-workflows-require-timeout"),
        (".gitlab-ci.yml", "vendor.gitlab-ci"),
    ],
)
def test_a_workflow_is_valid_for_whoever_runs_it(tmp_path: Path, path: str, schema: str) -> None:
    (tmp_path / Path(path).name).write_text(BLOCKS[path])
    checked = shell(tmp_path, f"check-jsonschema --builtin-schema {schema} {Path(path).name}")
    assert (checked.returncode, checked.stdout) == (0, "ok -- validation done\n"), checked.stdout


def test_the_page_has_no_block_that_nobody_looks_at() -> None:
    assert len(BLOCKS) == PAGE.count("```yaml")
    assert set(CHECK) == {"form", "validate", "examples", "versions", "lifecycle", "code scanning"}
    assert set(MORNING) == {"lifecycle", "drift", "rules of the day"}


@pytest.mark.parametrize(
    "step", [*CHECK.values(), *MORNING.values()], ids=[*CHECK, *(f"morning: {name}" for name in MORNING)]
)
def test_a_step_is_green_where_all_is_well(repository: Path, step: dict[str, Any]) -> None:
    done = run(repository, step)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


RED = {
    "form": (MODULE, "name: get_thing\nversion: 1.0.0\n", "version: 1.0.0\nname: get_thing\n", "-name: get_thing"),
    "validate": (MODULE, "${input.id}", "${input.idd}", f"::error file={MODULE},line=9,col=39,title=undefined-reference::"),
    "examples": (EXAMPLE, "path: /things/th_1", "path: /things/th_2", f"::error file={EXAMPLE},line=4,col=30,title=request::"),
    "versions": (MODULE, "required: [id]", "required: [id, colour]", f"::error file={MODULE},line=3,"),
    "lifecycle": (MODULE, "{red: {}, ", "{red: {retired: 2020-01-02}, ", f"::error file={MODULE},line=7,col=36,title=past-its-day::"),
}  # fmt: skip


@pytest.mark.parametrize("name", RED)
def test_a_step_is_red_where_it_should_be(repository: Path, name: str) -> None:
    path, old, new, said = RED[name]
    edit(repository / path, old, new)
    done = run(repository, CHECK[name])
    assert (done.returncode, said in done.stdout) == (1, True), done.stdout + done.stderr


def test_drift_is_red_where_the_vendor_has_moved_on(repository: Path) -> None:
    edit(repository / MODULE, "minLength: 1", "minLength: 3")
    done = run(repository, MORNING["drift"])
    assert done.returncode == 1
    assert done.stdout.startswith(f"::warning file={MODULE},") or done.stdout.startswith(f"::error file={MODULE},")


def test_code_scanning_gets_its_file_though_there_are_faults(repository: Path) -> None:
    edit(repository / MODULE, "${input.id}", "${input.idd}")
    assert run(repository, CHECK["code scanning"]).returncode == 0
    (log,) = json.loads((repository / "koppling.sarif").read_text())["runs"]
    assert [one["ruleId"] for one in log["results"] if one["level"] == "error"] == ["undefined-reference"]
    shutil.rmtree(repository / "spec")
    assert run(repository, CHECK["code scanning"]).returncode == 1


def test_gitlab_gets_reports_of_tests(repository: Path) -> None:
    job = parse_document(BLOCKS[".gitlab-ci.yml"].encode(), "").value["specs"]
    for command in job["script"][1:]:
        assert shell(repository, command).returncode == 0
    assert all((repository / one).read_text().startswith("<?xml") for one in job["artifacts"]["reports"]["junit"])


# https://pre-commit.com/#new-hooks
KEYS = {"id", "name", "description", "entry", "args", "language", "types", "files", "pass_filenames", "always_run", "stages", "minimum_pre_commit_version"}  # fmt: skip


def test_the_hooks_are_valid_for_pre_commit_and_the_page_names_all() -> None:
    for one in HOOKS:
        assert {"id", "name", "entry", "language"} <= set(one) <= KEYS
    known = {one["id"] for one in HOOKS}
    (config,) = parse_document(BLOCKS[".pre-commit-config.yaml"].encode(), "").value["repos"]
    assert {one["id"] for one in config["hooks"]} == known


@pytest.mark.parametrize("hook", HOOKS, ids=lambda one: one["id"])
def test_a_hook_runs_on_what_it_asks_for(repository: Path, hook: dict[str, Any]) -> None:
    git(repository, "update-ref", "refs/remotes/origin/HEAD", "HEAD")
    tracked = git(repository, "ls-files").splitlines()
    wanted = [path for path in tracked if re.search(hook.get("files", ""), path)]
    assert wanted == tracked
    assert re.search(hook.get("files", "."), "spec/language/v1/module.schema.json") is None or "files" not in hook
    files = wanted if hook.get("pass_filenames", True) else []
    done = shell(repository, " ".join([hook["entry"], *hook.get("args", []), *files]))
    assert (done.returncode, done.stdout.replace("2 passed, 0 failed\n", "")) == (0, ""), done.stderr
