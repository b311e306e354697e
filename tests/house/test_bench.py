"""The benchmarks run, and judge as they say."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "tools" / "benchmarks"


@pytest.fixture
def row(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    from rounds import Row

    return Row


@pytest.mark.parametrize(
    ("figures", "verdict"),
    [
        ({"ours": 9.0, "budget": 10.0}, "met"),
        ({"ours": 11.0, "budget": 10.0}, "MISSED"),
        ({"ours": 11.0}, ""),
        ({"ours": 90.0, "ratio": 1.1, "budget": 1.1, "control": 1.02}, "met"),
        ({"ours": 0.1, "ratio": 1.2, "budget": 1.1, "control": 0.98}, "MISSED"),
        ({"ours": 0.1, "ratio": 1.0, "budget": 1.1, "control": 1.04}, "no verdict"),
        ({"ours": 0.1, "ratio": 9.0, "budget": 1.1, "control": 0.96}, "no verdict"),
    ],
)
def test_a_budget_is_met_or_missed_where_the_control_is_quiet(row, figures, verdict):
    assert row("what", unit="µs", **figures).verdict(quick=False) == verdict
    assert row("what", unit="µs", **figures).verdict(quick=True) == ""


@pytest.mark.parametrize(
    ("costs", "status", "said"),
    [
        ([9.0], 0, []),
        ([9.0, None], 2, ["too restless a machine for a verdict: b"]),
        ([11.0, None], 1, ["missed: a", "too restless a machine for a verdict: b"]),
    ],
)
def test_the_exit_status_says_whether_a_budget_is_missed_and_the_words_which(
    row, monkeypatch, capsys, costs, status, said
):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import run

    found = [
        row(name, cost or 1.0, "µs", budget=10.0, control=1.0 if cost else 1.5)
        for name, cost in zip("ab", costs, strict=False)
    ]
    assert run.status(found, quick=False) == status
    assert capsys.readouterr().err.splitlines() == said


def test_a_quick_run_prints_a_row_for_each_figure_and_writes_them_as_json(tmp_path):
    wanted = tmp_path / "figures.json"
    ran = subprocess.run(
        [sys.executable, BENCHMARKS / "run.py", "--quick", "--only", "inputs", "--json", wanted],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = json.loads(wanted.read_text())["rows"]
    assert {row["family"] for row in rows} == {"inputs"}
    assert all(row["ours"] > 0 and row["what"] in ran.stdout for row in rows)
