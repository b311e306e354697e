"""`koppling lifecycle`: states over the days, what CI hears of, and the forms."""

import json

import pytest

from koppling_tools.cli import main

CONNECTOR = 'koppling: 1\nname: acme\ntitle: Acme\nversion: 1.0.0\nconnection: {fields: {url: {type: string}}}\nrequest: {base_url: "${connection.url}"}\n'
MODULE = """\
name: get_thing
version: 1.0.0
title: Get a thing
source: {page: "https://acme.example/docs", verified: 2026-06-01}
lifecycle: {since: 2020-01-01, deprecated: 2026-03-01, retired: 2026-09-01, replaced_by: get_thing@2}
select: {field: action, title: Action}
operations:
  one: {lifecycle: {retired: 2025-01-01, reason: Nobody used it.}}
  all:
    fields:
      size:
        values: {small: , huge: {retired: 2027-01-01, reason: "Too big, really."}}
        lifecycle: {deprecated: 2028-01-01, reason: Later.}
fields:
  id: {type: object, properties: {part: {type: string, lifecycle: {deprecated: 2026-01-01, replaced_by: parts}}}}
request: {method: GET, path: /things}
"""


@pytest.fixture
def specs(tmp_path, monkeypatch):
    (tmp_path / "spec/acme/modules").mkdir(parents=True)
    (tmp_path / "spec/acme/connector.yaml").write_text(CONNECTOR)
    (tmp_path / "spec/acme/modules/get_thing.v1.yaml").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KOPPLING_SPECS", raising=False)
    return tmp_path


def said(capsys, *arguments):
    status = main(["lifecycle", *arguments])
    return status, capsys.readouterr()


def test_everything_with_dates_is_listed_by_the_day_on_which_it_ends(specs, capsys):
    _, shown = said(capsys, "--format", "json", "--as-of", "2026-07-01")
    assert [(one["name"], one["kind"], one["state"], one["days"], one["line"]) for one in json.loads(shown.out)] == [
        ("acme.get_thing@1.one", "operation", "retired", -546, 8),
        ("acme.get_thing@1.id.part", "field", "deprecated", None, 15),
        ("acme.get_thing@1", "module", "retires soon", 62, 5),
        ("acme.get_thing@1.all.size=huge", "value", "ends later", 184, 12),
        ("acme.get_thing@1.all.size", "field", "ends later", None, 13),
    ]


# On which day, within what: the exit status, the errors and the warnings that CI hears of.
DAYS = {
    "long before": ("2026-04-01", "90d", 0, [], []),
    "ninety days before": ("2026-06-03", "90d", 0, [], ["acme.get_thing@1"]),
    "ninety-one days before": ("2026-06-02", "90d", 0, [], []),
    "further ahead": ("2026-06-02", "1y", 0, [], ["acme.get_thing@1", "acme.get_thing@1.all.size=huge"]),
    "the day before": ("2026-08-31", "1d", 0, [], ["acme.get_thing@1"]),
    "the day itself": ("2026-09-01", "1d", 1, ["acme.get_thing@1"], []),
    "long after": ("2030-01-01", "90d", 1, ["acme.get_thing@1", "acme.get_thing@1.all.size=huge"], []),
}


@pytest.mark.parametrize(("day", "within", "status", "errors", "warnings"), DAYS.values(), ids=DAYS.keys())
def test_ci_is_warned_ahead_and_fails_on_the_day(specs, capsys, day, within, status, errors, warnings):
    found, shown = said(capsys, "--ci", "--format", "json", "--as-of", day, "--within", within)
    names = {"error": [], "warning": []}
    for one in json.loads(shown.out):
        names[one["severity"]].append(one["message"].split(" ")[1])
    assert (found, names["error"], names["warning"]) == (status, errors, warnings)


def test_whoever_has_looked_since_is_left_in_peace(specs, capsys):
    path = specs / "spec/acme/modules/get_thing.v1.yaml"
    assert said(capsys, "--ci", "--as-of", "2026-10-01")[0] == 1
    path.write_text(path.read_text().replace("verified: 2026-06-01", "verified: 2026-09-01"))
    assert said(capsys, "--ci", "--as-of", "2026-10-01")[0] == 0


def test_a_calendar_has_a_day_for_each_end(specs, capsys):
    _, shown = said(capsys, "--format", "ics")
    lines = shown.out.replace("\n ", "").splitlines()
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines.count("BEGIN:VEVENT") == lines.count("END:VEVENT") == 6
    at = lines.index("SUMMARY:acme.get_thing@1.all.size=huge retires")
    assert lines[at - 2 : at] == ["DTSTART;VALUE=DATE:20270101", "DTEND;VALUE=DATE:20270102"]
    assert lines[at + 1] == r"DESCRIPTION:Too big\, really"
    assert max(len(line.encode()) for line in shown.out.splitlines()) <= 75


@pytest.mark.parametrize("given", ["soon", "-3d", "90 d", "9x"])
def test_a_time_that_is_none_is_told(specs, capsys, given):
    status, shown = said(capsys, f"--within={given}")
    assert status == 2
    assert f"--within: {given!r} is no time; write it as 90d, 12w, 3m or 1y" in " ".join(shown.err.split())


@pytest.mark.parametrize("form", ["text", "json", "github", "sarif", "junit"])
def test_ci_hears_of_a_file_that_cannot_be_read(specs, capsys, form):
    (specs / "spec/acme/modules/get_part.v1.yaml").write_text("name: [")
    status, shown = said(capsys, "--ci", "--format", form, "--as-of", "2026-04-01")
    assert status == 2
    assert "get_part.v1.yaml" in shown.out
    assert "s no YAML" in shown.out


def test_the_list_says_which_file_is_not_in_it(specs, capsys):
    (specs / "spec/acme/modules/get_part.v1.yaml").write_text("name: [")
    status, shown = said(capsys, "--format", "json")
    assert status == 2
    assert len(json.loads(shown.out)) == 5
    assert "spec/acme/modules/get_part.v1.yaml:2:1: error: is no YAML" in shown.err
