"""One file as it stands in an editor, its neighbours as they stand on disk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from koppling.catalog import Catalog
from koppling.diagnostics import Diagnostic
from koppling_tools.check.files import Found, classify
from koppling_tools.check.folders import across, let_stand, stray, units_of
from koppling_tools.check.own_fault import own_faults
from koppling_tools.check.unit import Reader, look
from koppling_tools.check.workers import runner


def check_text(
    path: Path, text: str, specs: Sequence[Path], as_of: str, others: Mapping[Path, str] | None = None
) -> list[Diagnostic]:
    """Return every fault of one file.

    Args:
        path: where it stands, or will; that tells what it is. A file that is no spec has no faults.
        text: what it holds.
        specs: the search path.
        as_of: the ISO day that lifecycles are read at.
        others: what other open files hold.
    """
    found = classify(path)
    if found is None:
        return []
    if found.kind == "stray":
        return [stray(found)]
    told: list[Diagnostic] = []
    with own_faults(told, str(path), "the files around it"):
        told += _told(found, text, specs, as_of, others or {})
    return told


def _told(
    found: Found, text: str, specs: Sequence[Path], as_of: str, others: Mapping[Path, str]
) -> Iterator[Diagnostic]:
    path = found.path
    texts = {one: said.encode() for one, said in {**others, path: text}.items()}
    roots = list(dict.fromkeys([found.connector.parent, *specs]))
    reader = Reader(texts)
    catalog = Catalog([root for root in roots if root.is_dir()], reader.documents)
    run = runner(catalog, as_of)
    looked = {unit: look(unit, as_of, reader, run) for unit in units_of([found], catalog)}
    diagnostics = [one for result in looked.values() for one in result.diagnostics]
    diagnostics += across([found], looked, catalog, as_of)
    own = [one for one in diagnostics if one.location.path == str(path)]
    yield from let_stand(own, looked.values(), {str(path)})
