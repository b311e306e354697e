"""What `koppling test` prints: each failure with its places, and how many there were."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import click

from koppling.catalog import Catalog
from koppling_tools.console import terminal
from koppling_tools.examples.choice import Choice, root_of
from koppling_tools.examples.judge import Fault
from koppling_tools.examples.run import Runner
from koppling_tools.report.junit import Case, Failure

Format = Literal["text", "json", "github", "junit"]

_MOST: Final = 12  # faults of one example that are shown


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one example, or of a module that has none."""

    name: str
    path: str
    faults: tuple[Fault, ...]

    @property
    def passed(self) -> bool:
        """Whether all was as stated."""
        return not self.faults

    def as_json(self) -> dict[str, Any]:
        """Return it as `--format json` prints it."""
        return {
            "name": self.name,
            "path": self.path,
            "outcome": "passed" if self.passed else "failed",
            "faults": [one.as_json() for one in self.faults],
        }

    def as_case(self) -> Case:
        """Return it as a test of JUnit's, in the group of its module."""
        module, _, case = self.name.rpartition("/")
        failure = None
        if self.faults:
            said = "\n".join(line for fault in self.faults for line in fault.lines())
            failure = Failure(self.faults[0].message, self.faults[0].rule, said)
        return Case(case, module or self.name, failure)

    def lines(self) -> Iterator[str]:
        """Yield what a person reads of a failure."""
        yield f"FAILED {self.name}"
        for fault in self.faults[:_MOST]:
            yield from (f"  {line}" for line in fault.lines())
        if len(self.faults) > _MOST:
            yield f"  … and {len(self.faults) - _MOST} more; --format json shows all"


def outcomes(paths: Sequence[Path], specs: Sequence[Path], day: str, word: str = "") -> Iterator[Outcome]:
    """Run the examples below some paths and yield what came of each, in stable order.

    Args:
        paths: files and folders.
        specs: the search path before the built-in folder.
        day: the ISO day that lifecycles are read at.
        word: take only what has this word in its name.
    """
    roots = list(dict.fromkeys([*(root_of(path) for path in paths), *specs]))
    catalog = Catalog(roots)
    choice = Choice(catalog, list(paths), day, word)
    for lack in choice.lacks:
        yield Outcome(lack.name, lack.faults[0].location.path if lack.faults else "", lack.faults)
    with Runner(catalog, day) as runner:
        for example in choice.examples:
            yield Outcome(example.name, example.document.path, tuple(runner.run(example)))


def report(paths: Sequence[Path], specs: Sequence[Path], day: str, word: str, form: Format) -> int | None:
    """Run, print, and return the exit status: 0 all passed, 1 something failed, None there was nothing to run."""
    found = []
    for one in outcomes(paths, specs, day, word):
        found.append(one)
        if form == "text" and not one.passed:
            _show(one)
    if not found:
        return None
    for line in printed(found, form):
        click.echo(line)
    failed = sum(not one.passed for one in found)
    told = f"{len(found) - failed} passed, {failed} failed"
    click.echo(told) if form == "text" else terminal.say(told)
    return 1 if failed else 0


def printed(found: Sequence[Outcome], form: Format) -> Iterator[str]:
    """Yield what a program reads of all outcomes. Text is printed as they come."""
    if form == "json":
        yield json.dumps([one.as_json() for one in found], ensure_ascii=False, indent=2)
    elif form == "github":
        from koppling_tools.report.github import github

        yield from github(fault.as_diagnostic() for one in found for fault in one.faults)
    elif form == "junit":
        from koppling_tools.report.junit import document

        yield document("koppling test", [one.as_case() for one in found])


def _show(one: Outcome) -> None:
    for number, line in enumerate(one.lines()):
        shown = terminal.clean(line)
        red = number == 0 and terminal.wants_colour(sys.stdout)
        click.echo(click.style(shown, fg="red", bold=True) if red else shown)
    click.echo()
