"""`koppling validate` in the forms that other programs read, and the choice of rules."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest

HERE = Path(__file__).parent
MODULE = "spec/acme/modules/get_thing.v1.yaml"


@pytest.fixture
def faulty(surroundings, monkeypatch):
    """A folder of specs with an error, a warning and an advice."""
    shutil.copytree(HERE / "spec", surroundings / "spec")
    monkeypatch.delenv("KOPPLING_SPECS")
    monkeypatch.setenv("KOPPLING_RULES_URL", "https://acme.example/rules")
    path = surroundings / MODULE
    text = path.read_text()
    assert "${input.id}" in text
    assert "retry:" not in text
    path.write_text(text.replace("path: /things/${input.id}", "path: /things/${input.idd}"))
    other = next(one for one in sorted((surroundings / "spec/acme/modules").glob("*.yaml")) if one.name != path.name)
    other.write_text(other.read_text() + "retry: {methods: [POST]}\n")
    return surroundings


def test_sarif_has_each_fault_with_its_place_and_its_rule(koppling, faulty):
    done = koppling("validate", "spec", "--format", "sarif")
    assert done.status == 1
    (run,) = json.loads(done.out)["runs"]
    results = {one["ruleId"]: one for one in run["results"]}
    error = results["undefined-reference"]
    assert error["level"] == "error"
    assert error["message"]["text"] == "`input.idd` is no field. did you mean 'id'?"
    place = error["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": MODULE, "uriBaseId": "ROOT"}
    assert place["region"] == {"startLine": 21, "startColumn": 17}
    assert results["unsafe-retry"]["level"] == "warning"
    for result in run["results"]:
        rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
        assert rule["helpUri"] == f"https://acme.example/rules#{rule['id']}"
        assert "Wrong:" in rule["help"]["markdown"]


@pytest.mark.heavy
def test_sarif_keeps_to_its_own_schema_and_its_makers_tool_takes_it(koppling, faulty, request):
    home = Path(request.config.cache.mkdir("sarif"))
    if not (home / "package").is_dir():
        packed = subprocess.run(
            ["npm", "pack", "--silent", "@microsoft/sarif-multitool-linux@5.7.0"],  # noqa: S607  (found where the system looks)
            cwd=home,
            check=True,
            capture_output=True,
            text=True,
        )
        with tarfile.open(home / packed.stdout.strip().splitlines()[-1]) as archive:
            archive.extractall(home, filter="data")
    schema = json.loads((home / "package/sarif-2.1.0.json").read_text(encoding="utf-8-sig"))
    for arguments in ([], ["--ignore", "error,warning,advice"]):
        log = json.loads(koppling("validate", "spec", "--format", "sarif", *arguments).out)
        jsonschema.validators.validator_for(schema)(schema).validate(log)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validators.validator_for(schema)(schema).validate({**log, "version": "2.0"})


def test_github_gets_a_command_a_fault(koppling, faulty):
    lines = koppling("validate", "spec", "--format", "github").out.splitlines()
    assert (
        f"::error file={MODULE},line=21,col=17,title=undefined-reference::`input.idd` is no field%0Ahelp: did you mean 'id'?"
        in lines
    )
    assert [one.split(" ")[0] for one in lines if "unsafe-retry" in one] == ["::warning"]


def test_junit_has_a_test_a_file(koppling, faulty):
    out = koppling("validate", "spec", "--format", "junit").out
    (suite,) = ET.fromstring(out)  # noqa: S314  (our own XML)
    cases = {one.get("name"): one for one in suite}
    assert len(cases) == int(suite.get("tests")) == len(list((faulty / "spec").rglob("*.yaml")))
    assert int(suite.get("failures")) == 1
    failure = cases[MODULE].find("failure")
    assert failure.get("type") == "undefined-reference"
    assert f"{MODULE}:21:17: error: `input.idd` is no field" in failure.text
    warned = [one for one in suite if one.find("system-out") is not None]
    assert "[unsafe-retry]" in warned[0].find("system-out").text


# Jenkins' xUnit plugin refuses a report whole where it has anything else: junit-10.xsd.
JUNIT = {
    "testsuites": ({"tests", "failures", "errors", "name", "time"}, {"testsuite"}),
    "testsuite": ({"name", "tests", "failures", "errors", "skipped", "time"}, {"testcase"}),
    "testcase": ({"name", "classname", "time"}, {"failure", "system-out"}),
    "failure": ({"message", "type"}, set()),
    "system-out": (set(), set()),
}
REPORTS = {
    "validate": ["validate", "spec"],
    "test": ["test", str(HERE.parent / "examples/failing/acme"), "--specs", str(HERE.parent / "examples/spec")],
    "test --mutate": ["test", "spec", "-k", "get_thing@1", "--mutate", "--sample", "3", "--score", "100"],
    "lifecycle": ["lifecycle", "spec", "--as-of", "2030-01-01"],
}


@pytest.mark.parametrize("arguments", REPORTS.values(), ids=REPORTS.keys())
def test_junit_has_nothing_that_the_strictest_reader_refuses(koppling, faulty, arguments):
    top = ET.fromstring(koppling(*arguments, "--format", "junit").out)  # noqa: S314  (our own XML)
    (suite,) = top
    assert suite.get("name") == " ".join(
        ["koppling", *arguments[:1], *(["--mutate"] if "--mutate" in arguments else [])]
    )
    for counted, element in (("tests", "testcase"), ("failures", "failure")):
        assert {top.get(counted), suite.get(counted)} == {str(len(list(suite.iter(element))))}
    assert len(list(suite)) > 0
    for one in top.iter():
        attributes, children = JUNIT[one.tag]
        assert set(one.keys()) <= attributes
        assert {child.tag for child in one} <= children


CHOICES = {
    "all": ([], {"undefined-reference", "unsafe-retry"}),
    "selected by name": (["--select", "unsafe-retry"], {"unsafe-retry"}),
    "selected by severity": (["--select", "error"], {"undefined-reference"}),
    "ignored by name": (["--ignore", "unsafe-retry"], {"undefined-reference"}),
    "ignored by severity": (["--ignore", "warning,advice"], {"undefined-reference"}),
    "selected, but ignored": (["--select", "error,unsafe-retry", "--ignore", "error"], {"unsafe-retry"}),
}


@pytest.mark.parametrize(("arguments", "expected"), CHOICES.values(), ids=CHOICES.keys())
def test_rules_are_chosen_by_name_or_by_severity(koppling, faulty, arguments, expected):
    done = koppling("validate", "spec", "--format", "json", *arguments)
    found = {one["rule"] for one in json.loads(done.out)}
    assert found == expected
    assert done.status == (1 if "undefined-reference" in expected else 0)


def test_a_rule_that_is_none_is_told_with_the_near_miss(koppling, faulty):
    done = koppling("validate", "spec", "--ignore", "unsafe-rety")
    assert done.status == 2
    assert "--ignore: there is no rule 'unsafe-rety'; did you mean 'unsafe-retry'?" in done.err


def test_statistics_count_the_rules(koppling, faulty):
    assert koppling("validate", "spec", "--statistics").out.splitlines() == [
        "     1  error    undefined-reference",
        "     1  warning  unsafe-retry",
    ]


def test_the_page_of_all_rules_is_current(koppling):
    page = HERE.parents[1] / "spec/RULES.md"
    assert koppling("rules", "--markdown").out == page.read_text(), "koppling rules --markdown > spec/RULES.md"


def test_a_rule_is_shown_with_what_is_wrong_and_what_is_right(koppling):
    out = koppling("rules", "path-optional").out
    assert out.startswith("path-optional (error)\n\nWhat stands in a path is required, or has a default.\n")
    assert "Wrong:\n\n    # modules/get_thing.v1.yaml\n    required: []" in out
    missing = koppling("rules", "path-optionl")
    assert (missing.status, missing.out) == (2, "")
    assert "there is no rule 'path-optionl'; did you mean 'path-optional'?" in missing.err
