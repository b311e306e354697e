"""`koppling test`: what it prints and its exit status."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from koppling_tools.cli import main

HERE = Path(__file__).parent
HOLDING = len(list((HERE / "spec").rglob("examples/*/*.yaml")))


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(["test", *words])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.mark.usefixtures("here")
def test_all_that_hold_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "spec") == (0, f"{HOLDING} passed, 0 failed\n", "")


@pytest.mark.usefixtures("here")
def test_without_a_path_the_specs_here_are_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys) == (0, f"{HOLDING} passed, 0 failed\n", "")


@pytest.mark.usefixtures("here")
def test_a_failure_is_printed_with_its_line_and_makes_the_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    path = "failing/acme/examples/get_thing.v1/headers.yaml"
    status, out, err = run(capsys, path, "spec/acme/examples/get_thing.v1/smallest.yaml", "--specs", "spec")
    assert (status, err) == (1, "")
    assert out == Path(path).with_suffix(".out").read_text() + "\n1 passed, 1 failed\n"


@pytest.mark.usefixtures("here")
def test_as_json_each_result_is_an_object_and_each_fault_a_diagnostic(capsys: pytest.CaptureFixture[str]) -> None:
    path = "failing/acme/examples/get_thing.v1/another_error.yaml"
    status, out, err = run(capsys, path, "--specs", "spec", "--format", "json")
    assert (status, err) == (1, "0 passed, 1 failed\n")
    (found,) = json.loads(out)
    assert (found["name"], found["path"], found["outcome"]) == ("acme.get_thing@1/another_error", path, "failed")
    assert found["faults"][1] == {
        "path": path,
        "line": 5,
        "column": 59,
        "severity": "error",
        "rule": "error",
        "message": "error.code is not as stated",
        "help": "",
        "pointer": "/error/code",
        "stated": None,
        "got": "no_such_thing",
    }


@pytest.mark.usefixtures("here")
def test_junit_has_a_test_an_example_in_the_group_of_its_module(capsys: pytest.CaptureFixture[str]) -> None:
    path = "failing/acme/examples/get_thing.v1/headers.yaml"
    words = [path, "spec/acme/examples/get_thing.v1/smallest.yaml", "--specs", "spec", "--format", "junit"]
    status, out, err = run(capsys, *words)
    assert (status, err) == (1, "1 passed, 1 failed\n")
    (suite,) = ET.fromstring(out)  # noqa: S314  (our own XML)
    assert [(one.get("classname"), one.get("name")) for one in suite] == [
        ("acme.get_thing@1", "headers"),
        ("acme.get_thing@1", "smallest"),
    ]
    failure = suite[0].find("failure")
    assert failure is not None
    assert failure.text == (
        f"{path}:7:20: request.headers.authorization is not as stated [request]\n"
        '  stated: "Bearer another"\n  sent:   "Bearer key-for-examples"\n'
        f'{path}:8:14: request.headers.X-Trace was not sent [request]\n  stated: "on"\n  sent:   nothing'
    )
    assert list(suite[1]) == []


@pytest.mark.usefixtures("here")
def test_github_gets_an_annotation_a_fault(capsys: pytest.CaptureFixture[str]) -> None:
    path = "failing/acme/examples/get_thing.v1/headers.yaml"
    status, out, err = run(capsys, path, "--specs", "spec", "--format", "github")
    assert (status, err) == (1, "0 passed, 1 failed\n")
    assert out.splitlines()[0] == (
        f"::error file={path},line=7,col=20,title=request::request.headers.authorization is not as stated"
        '%0Astated: "Bearer another"%0Asent:   "Bearer key-for-examples"'
    )


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "nowhere: there is no such file or folder"),
        (["spec", "-k", "zebra"], "nothing to run: no example has 'zebra' in its name"),
        (["test_replay.py"], "nothing to run: there are no examples here"),
    ],
)
def test_nothing_to_run_makes_the_status_2(capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    status, out, err = run(capsys, *words)
    assert (status, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_two_hundred_examples_take_a_few_seconds(tmp_path: Path) -> None:
    import shutil

    shutil.copytree(HERE / "spec", tmp_path / "spec")
    folder = tmp_path / "spec" / "acme" / "examples" / "get_thing.v1"
    for number in range(200):
        shutil.copy(folder / "every_field.yaml", folder / f"copy_{number}.yaml")
    began = time.monotonic()
    found = subprocess.run(
        [sys.executable, "-m", "koppling_tools.cli", "test", "spec"],
        cwd=tmp_path,
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert found.stdout == f"{HOLDING + 200} passed, 0 failed\n"
    assert time.monotonic() - began < 10


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose specs are not in ./spec."""
    shutil.copytree(HERE / "spec", tmp_path / "connectors")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KOPPLING_SPECS", raising=False)
    return tmp_path


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("words", [["test"], ["test", "--mutate"], ["lifecycle", "--ci"], ["lifecycle"]])
def test_built_in_examples_do_not_stand_for_specs_that_are_elsewhere(
    capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert main(words) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "here: there is no ./spec; name a folder, or `openai` for what is built in" in " ".join(shown.err.split())


@pytest.mark.usefixtures("elsewhere")
def test_built_in_connectors_and_modules_are_tested_when_they_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "connectors")[0] == 0
    assert run(capsys, "openai.create_embedding", "-k", "smallest") == (0, "1 passed, 0 failed\n", "")
    assert run(capsys, "openai.create_edit@2", "-k", "smallest") == (0, "1 passed, 0 failed\n", "")
    assert run(capsys, "openai", "-k", "embedding@1/smallest") == (0, "1 passed, 0 failed\n", "")
    assert main(["lifecycle", "openai", "--ci", "--as-of", "2020-01-01", "--within", "1d"]) == 0
    status, _, err = run(capsys, "openai.create_embeding")
    assert (status, "create_embedding" in err) == (2, True)
    status, _, err = run(capsys, "opneai")
    assert (status, "there is no such file or folder" in err) == (2, True)
