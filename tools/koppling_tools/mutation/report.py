"""`koppling test --mutate`: what it prints."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import click

from koppling.catalog import Catalog
from koppling_tools import report, terminal
from koppling_tools.check.files import CONNECTOR, classify, find
from koppling_tools.check.folders import connector_file
from koppling_tools.editing.form import formed
from koppling_tools.failure import Misuse
from koppling_tools.mutation.score import Job, scores


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


def mutate(found: Sequence[Job], least: float | None, form: str) -> int:
    """Change, print what survived and the scores, and return the exit status: 1 where a score is too low."""
    total = caught = 0
    low = []
    printed = []
    for one in scores(found):
        total, caught = total + one.all, caught + one.refused + one.noticed
        if least is not None and one.share * 100 < least:
            low.append(one.name)
        if form == "json":
            printed.append(one.as_json())
            continue
        for line in report.text(one.survivors, colour=terminal.wants_colour(sys.stdout)):
            click.echo(line)
        click.echo(
            f"{one.name}: {one.share:.1%} of {one.all} changes noticed"
            f" ({one.refused} refused by validate, {one.noticed} by an example, {len(one.survivors)} by nobody)"
        )
    if form == "json":
        click.echo(json.dumps(printed, ensure_ascii=False, indent=2))
    share = caught / total if total else 1.0
    terminal.say(f"{share:.1%} of {total} changes noticed")
    if low:
        terminal.say(f"below {least:g} %: {', '.join(low)}", "red")
    return 1 if low else 0
