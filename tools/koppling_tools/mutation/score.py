"""Runs the examples against each change, in worker processes, and tells which changes none of them noticed."""

from __future__ import annotations

import os
import random
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from koppling.catalog import Catalog
from koppling.compile import check_connector, check_module, well_shaped
from koppling.compile.grammar import Kind
from koppling.diagnostics import Diagnostic, Location, join_pointer
from koppling.errors import KopplingError
from koppling.read import Document, read_document
from koppling_tools.check.files import CONNECTOR
from koppling_tools.examples.load import Example, load
from koppling_tools.mutation.mutants import Mutant, mutants

_SEED: Final = 20_261_123  # a sample is the same each time


@dataclass
class Score:
    """What became of the changes of one file."""

    name: str
    path: str
    refused: int = 0  # by the checks of the spec
    noticed: int = 0  # by an example
    survivors: list[Diagnostic] = field(default_factory=list)
    left: list[int] = field(default_factory=list)  # which changes survived, by their number

    @property
    def all(self) -> int:
        """How many changes there were."""
        return self.refused + self.noticed + len(self.survivors)

    @property
    def share(self) -> float:
        """The share that was noticed, from 0 to 1."""
        return (self.refused + self.noticed) / self.all if self.all else 1.0

    @property
    def told(self) -> str:
        """The score in words."""
        return (
            f"{self.name}: {self.share:.1%} of {self.all} changes noticed"
            f" ({self.refused} refused by validate, {self.noticed} by an example, {len(self.survivors)} by nobody)"
        )

    def as_json(self) -> dict[str, Any]:
        """Return it as `--format json` prints it."""
        return {
            "name": self.name,
            "path": self.path,
            "mutants": self.all,
            "refused": self.refused,
            "noticed": self.noticed,
            "score": round(self.share, 4),
            "survivors": [one.as_json() for one in self.survivors],
        }


@dataclass(frozen=True)
class Job:
    """One file to be changed, and the examples that may notice."""

    name: str
    path: Path
    roots: tuple[Path, ...]
    examples: tuple[Path, ...]
    day: str
    sample: int | None = None
    part: tuple[int, int] = (0, 1)  # which share of the changes, of how many


def scores(jobs: Sequence[Job]) -> Iterator[Score]:
    """Yield the score of each file, in the order given."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if count < 2:  # noqa: PLR2004  (alone is no company)
        yield from (score(job) for job in jobs)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    parts = [[replace(job, part=(index, 4)) for index in range(4)] for job in jobs]
    with ProcessPoolExecutor(count, multiprocessing.get_context(method)) as pool:
        running = [[pool.submit(score, one) for one in shares] for shares in parts]
        for shares in running:
            results = [one.result() for one in shares]
            whole = results[0]
            for one in results[1:]:
                whole.refused += one.refused
                whole.noticed += one.noticed
                whole.survivors += one.survivors
                whole.left += one.left
            whole.survivors.sort(key=lambda one: (one.location.line, one.location.column))
            yield whole


def score(job: Job) -> Score:
    """Change one file in every way, and return what was noticed."""
    kind: Kind = "connector" if job.path.name == CONNECTOR else "module"
    document = well_shaped(read_document(job.path), kind)
    connector = document if kind == "connector" else read_document(_connector(job))
    found = Score(job.name, document.path)
    chosen = list(enumerate(mutants(document))) if document.value is not None else []
    if job.sample is not None and len(chosen) > job.sample:
        chosen = random.Random(_SEED).sample(chosen, job.sample)  # noqa: S311  (no secret)
    examples = sorted((load(path) for path in job.examples), key=lambda one: -len(one.inputs))
    for number, mutant in chosen[job.part[0] :: job.part[1]]:
        changed = replace(document, value=mutant.value)
        if _refused(changed, connector, document is connector):
            found.refused += 1
        elif (witness := _noticed(job, changed, connector, examples)) is not None:
            found.noticed += 1
            examples.remove(witness)
            examples.insert(0, witness)  # who noticed one change is likely to notice its neighbour
        else:
            found.survivors.append(_survivor(document, mutant))
            found.left.append(number)
    return found


def _connector(job: Job) -> Path:
    name = job.path.absolute().parent.parent.name
    homes = [job.path.parent.parent, *(root / name for root in job.roots)]
    return next((home / CONNECTOR for home in homes if (home / CONNECTOR).is_file()), homes[0] / CONNECTOR)


def _refused(changed: Document, connector: Document, itself: bool) -> bool:
    found = check_connector(changed) if itself else check_module(changed, connector)
    return any(one.severity == "error" for one in found)


def _noticed(job: Job, changed: Document, connector: Document, examples: Sequence[Example]) -> Example | None:
    """Return the first example that does not hold any more."""
    from koppling_tools.examples.run import Runner

    documents = {Path(connector.path): connector, Path(changed.path): changed}
    runner = Runner(Catalog(job.roots, documents), job.day, worlds=("sync",))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for example in examples:
            try:
                if runner.run(example):
                    return example
            except (KopplingError, RecursionError, ValueError, TypeError, KeyError, AttributeError):
                return example
    return None


def _survivor(document: Document, mutant: Mutant) -> Diagnostic:
    place = Location(document.path, mutant.line, mutant.column)
    told = f"no example notices: {mutant.words}"
    return Diagnostic("mutant", told, place, "warning", join_pointer(*mutant.pointer))
