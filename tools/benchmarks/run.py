"""Measures Koppling beside its peers and holds the figures against their budgets.

    tools/bench [--only FAMILY …] [--quick] [--json FILE]

A ratio is the median of those of at least 30 rounds, in each of which all sides had their turn, in CPU time. `control`
is the peer against itself in the same rounds: where it is not within 3 % of 1, the machine was too restless for a
verdict. Exits with 1 where a budget is missed, with 2 where there is a budget without a verdict. --quick makes a few
rounds and gives no verdicts: it shows that all of it runs.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import os
import platform
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rounds import Row

FAMILIES = ("calls", "flight", "start", "inputs", "vectors", "streams", "validate", "lsp_latency")
PEERS = ("httpx", "openai", "aiohttp")
HEADS = ("what", "ours", "peer", "ratio", "budget", "control", "verdict")


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--only", action="append", choices=FAMILIES, metavar="FAMILY", help=", ".join(FAMILIES))
    parser.add_argument("--quick", action="store_true", help="a few rounds, no verdicts")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    given = parser.parse_args()
    print(_machine(), flush=True)
    print(_line(HEADS), flush=True)
    found: list[tuple[str, Row]] = []
    with tempfile.TemporaryDirectory() as cache:
        os.environ["KOPPLING_CACHE"] = cache
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed is compiled: so are the peers
        for family in given.only or FAMILIES:
            for row in importlib.import_module(family).rows(quick=given.quick):
                found.append((family, row))
                print(_line(_cells(row, quick=given.quick)), flush=True)
    if given.json:
        given.json.write_text(json.dumps(_as_json(found, quick=given.quick), indent=1, ensure_ascii=False) + "\n")
    return status([row for _, row in found], quick=given.quick)


def status(found: list[Row], *, quick: bool) -> int:
    """Say which budgets are missed, and which have no verdict; return the exit status."""
    by_verdict: dict[str, list[str]] = {}
    for row in found:
        beside = f" beside {row.peer}" if row.peer else ""
        by_verdict.setdefault(row.verdict(quick=quick), []).append(row.what + beside)
    for verdict, said in (("MISSED", "missed"), ("no verdict", "too restless a machine for a verdict")):
        for what in by_verdict.get(verdict, ()):
            print(f"{said}: {what}", file=sys.stderr)
    return 1 if "MISSED" in by_verdict else 2 if "no verdict" in by_verdict else 0


def _machine() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    peers = ", ".join(f"{name} {version(name)}" for name in PEERS)
    return f"Python {platform.python_version()}, {cores} cores, {platform.machine()}; {peers}"


def _cells(row: Row, *, quick: bool) -> tuple[str, ...]:
    budget = "" if row.budget is None else f"{row.budget:g}" if row.ratio is not None else _cost(row.budget, row.unit)
    return (
        row.what,
        _cost(row.ours, row.unit),
        f"{row.peer} {_cost(row.theirs, row.unit)}" if row.theirs is not None else "",
        "" if row.ratio is None else f"{row.ratio:.2f}",
        budget,
        "" if row.control is None else f"{row.control:.3f}",
        row.verdict(quick=quick),
    )


def _cost(value: float, unit: str) -> str:
    """Return three digits of a cost."""
    return f"{value:.{max(0, 2 - int(math.log10(max(value, 1))))}f} {unit}"


def _line(cells: tuple[str, ...]) -> str:
    what, ours, peer, *figures, verdict = cells
    return f"{what:58} {ours:>8}  {peer:>15}" + "".join(f"{one:>9}" for one in figures) + f"  {verdict}".rstrip()


def _as_json(found: list[tuple[str, Row]], *, quick: bool) -> dict[str, Any]:
    rows = [{"family": family, **row._asdict(), "verdict": row.verdict(quick=quick)} for family, row in found]
    return {"machine": _machine(), "rows": rows}


if __name__ == "__main__":
    sys.exit(main())
