"""Checks units, in worker processes where there are enough of them to pay."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from koppling.catalog import Catalog
from koppling.errors import KopplingError
from koppling_tools.check.unit import Looked, Reader, Unit, look
from koppling_tools.examples.load import Example

# A worker takes a quarter of a second to start, which is what some fifty units take.
_ENOUGH: Final = 60
_AT_ONCE: Final = 25


def look_at_all(units: Sequence[Unit], day: str, roots: Sequence[Path]) -> dict[Unit, Looked]:
    """Check these units and return what came of each."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if len(units) < _ENOUGH or count < 2:  # noqa: PLR2004  (alone is no company)
        return dict(zip(units, _look(units, day, roots), strict=True))
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    # A fork has all imports already. Where threads make it unsafe, or there is none, a fresh process does.
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    chunks = [units[at : at + _AT_ONCE] for at in range(0, len(units), _AT_ONCE)]
    with ProcessPoolExecutor(count, multiprocessing.get_context(method)) as pool:
        results = pool.map(_look, chunks, [day] * len(chunks), [list(roots)] * len(chunks))
        return {
            unit: one
            for chunk, found in zip(chunks, results, strict=True)
            for unit, one in zip(chunk, found, strict=True)
        }


def _look(units: Sequence[Unit], day: str, roots: Sequence[Path]) -> list[Looked]:
    reader = Reader()
    run = runner(Catalog(roots, reader.documents), day)
    return [look(unit, day, reader, run) for unit in units]


def runner(catalog: Catalog, day: str) -> Callable[[Example], Iterator[Any]]:
    """Return what runs an example and yields what is not as it states."""
    stage: list[Any] = []

    def run(example: Example) -> Iterator[Any]:
        if not stage:
            from koppling_tools.examples.run import Runner

            stage.append(Runner(catalog, day, worlds=("sync",)))
        try:
            yield from stage[0].run(example)
        except KopplingError:
            return  # the connector's own faults are told where they are

    return run
