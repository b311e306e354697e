"""`koppling test --mutate`: what it prints."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import click

from koppling.catalog import Catalog
from koppling_tools import report
from koppling_tools.check.files import CONNECTOR, classify, find
from koppling_tools.check.folders import connector_file
from koppling_tools.console import terminal
from koppling_tools.console.mistakes import Misuse
from koppling_tools.editing.form import formed
from koppling_tools.mutation.score import Job, Score, scores
from koppling_tools.report.examples import Format


def jobs(paths: Sequence[Path], specs: Sequence[Path], day: str, word: str, sample: int | None) -> Iterator[Job]:
    """Yield the files below some paths that have examples. A connector's own file is noticed by all of its examples."""
    found = [one for path in paths for one in find(path) if one.kind in {"connector", "module"}]
    roots = tuple(dict.fromkeys([*(one.connector.parent for one in found), *specs]))
    catalog = Catalog(roots)
    for one in found:
        connector = one.connector.absolute().name
        name = connector if one.kind == "connector" else f"{connector}.{one.versioned.replace('.v', '@')}"
        if word.lower() not in name.lower() or connector_file(one.connector, catalog) is None:
            continue
        cases = "*" if one.kind == "connector" else one.versioned
        examples = tuple(sorted((one.connector / "examples").glob(f"{cases}/*.y*ml")))
        if examples:
            yield Job(name, one.path, roots, examples, day, sample)


def write_bounds(found: Sequence[Job]) -> int:
    """Write for each module the examples that notice what its others don't, and return the exit status.

    Raises:
        Misuse: a file of such a name was not written by this.
    """
    from koppling_tools.mutation.bounds import MADE, bounds_of

    modules = [one for one in found if one.path.name != CONNECTOR]
    plain = []
    for one in modules:
        made = {path for path in one.examples if path.stem.startswith("bounds") and is_made(path, MADE)}
        plain.append(replace(one, examples=tuple(path for path in one.examples if path not in made)))
    for one, score in zip(plain, scores(plain), strict=True):
        folder = one.examples[0].parent
        texts = bounds_of(one.path, one.roots, one.examples, one.day, score.left)
        for old in folder.glob("bounds*.yaml"):
            if is_made(old, MADE) and old.stem not in texts:
                old.unlink()
        for name, text in texts.items():
            path = folder / f"{name}.yaml"
            if path.exists() and not is_made(path, MADE):
                raise Misuse(f"{path} was written by somebody; rename it, and this file can be made")
            path.write_text(text, encoding="utf-8")
            place = classify(path)
            if place is not None:
                path.write_text(formed(place)[1], encoding="utf-8")
            click.echo(f"{path}: {text.count(chr(10) + '  - ')} rows")
    return 0


def is_made(path: Path, by: str) -> bool:
    """Tell whether a file says that it was made by a command."""
    return by in path.read_text(encoding="utf-8", errors="replace")[:400]


def mutate(found: Sequence[Job], least: float | None, form: Format) -> int:
    """Change, print what survived and the scores, and return the exit status: 1 where a score is too low."""
    all_scores = []
    for one in scores(found):
        all_scores.append(one)
        if form == "text":
            _show(one)
    for line in _printed(all_scores, least, form):
        click.echo(line)
    total = sum(one.all for one in all_scores)
    left = sum(len(one.survivors) for one in all_scores)
    share = (total - left) / total if total else 1.0
    terminal.say(f"{share:.1%} of {total} changes noticed")
    low = [one.name for one in all_scores if _is_low(one, least)]
    if low:
        terminal.say(f"below {least:g} %: {', '.join(low)}", "red")
    return 1 if low else 0


def _is_low(one: Score, least: float | None) -> bool:
    return least is not None and one.share * 100 < least


def _show(one: Score) -> None:
    for line in report.text(one.survivors, colour=terminal.wants_colour(sys.stdout)):
        click.echo(line)
    click.echo(one.told)


def _printed(found: Sequence[Score], least: float | None, form: Format) -> Iterator[str]:
    """Yield what a program reads of all scores. Text is printed as they come."""
    if form == "json":
        yield json.dumps([one.as_json() for one in found], ensure_ascii=False, indent=2)
    elif form == "github":
        from koppling_tools.report.github import github

        yield from github(survivor for one in found for survivor in one.survivors)
    elif form == "junit":
        from koppling_tools.report.junit import Case, Failure, document

        cases = []
        for one in found:
            said = "\n".join([one.told, *map(str, one.survivors)])
            failure = Failure(f"{one.share:.1%} is below {least:g} %", "score", said) if _is_low(one, least) else None
            cases.append(Case(one.name, "koppling.mutate", failure, "" if failure else said))
        yield document("koppling test --mutate", cases)
