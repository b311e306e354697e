"""What was found in a unit, remembered by the contents of its files.

One entry of the cache for each set of roots; what is in it is found by hashes, so a stale one is never taken.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from koppling import __version__, store
from koppling.diagnostics import Diagnostic, Location
from koppling.read import read_regular
from koppling_tools.check.own_fault import is_own
from koppling_tools.check.suppression import Suppression
from koppling_tools.check.unit import Looked, Unit
from koppling_tools.rules.view import Adapted, Facts, Reference

# The other modules that a module's examples may call: the one that says when to stop following.
_CALLED: Final = re.compile(rb"\bmodule:\s*[\"']?([\w.]+)")


class Memory:
    """Results of earlier checks.

    Args:
        day: the ISO day of the check.
        roots: the search path.
    """

    def __init__(self, day: str, roots: Sequence[Path]) -> None:
        self._day = day
        self._roots = roots
        self._contents: dict[Path, bytes] = {}

    def recall(self, units: Sequence[Unit]) -> dict[Unit, Looked]:
        """Return what is remembered of these units."""
        known = self._known
        return {unit: _looked(known[key]) for unit in units if (key := self._key(unit)) in known}

    def keep(self, looked: Mapping[Unit, Looked], missing: Sequence[Unit]) -> None:
        """Remember what was found; what these units are not among is forgotten once it is much."""
        if not missing:
            return
        told = {unit: one for unit, one in looked.items() if not any(map(is_own, one.diagnostics))}
        found = {self._key(unit): _as_json(one) for unit, one in told.items()}
        if len(self._known) < 2 * len(found):
            found = {**self._known, **found}
        store.store_compiled(self._name, found, None)

    @cached_property
    def _known(self) -> dict[str, Any]:
        found, _ = store.load_compiled(self._name) or ({}, b"")
        return found if isinstance(found, dict) else {}

    @cached_property
    def _name(self) -> str:
        told = "\n".join(str(one.absolute()) for one in self._roots)
        return f"checked-{blake2b(os.fsencode(told), digest_size=16).hexdigest()}"

    def _key(self, unit: Unit) -> str:
        digest = blake2b(digest_size=16)
        for part in self._parts(unit):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
        return digest.hexdigest()

    def _parts(self, unit: Unit) -> Iterable[bytes]:
        yield self._engine
        yield unit.kind.encode()
        for path in (unit.connector, unit.path, *unit.examples):
            if path is not None:
                yield os.fsencode(path)
                yield self._content(path)
        if unit.path is not None and unit.kind == "module":
            for name in sorted(set(_CALLED.findall(self._content(unit.path)))):
                short = name.decode().rpartition(".")[2]
                for path in sorted(unit.path.parent.glob(f"{short}.v*.y*ml")):
                    yield self._content(path)

    def _content(self, path: Path) -> bytes:
        if path not in self._contents:
            try:
                self._contents[path] = read_regular(path)
            except OSError:
                self._contents[path] = b"unreadable"
        return self._contents[path]

    @cached_property
    def _engine(self) -> bytes:
        """What checks: its version, and its files, which change without one in a checkout."""
        import koppling
        from koppling.builtin import builtin_folder

        told = f"{__version__} {self._day}"
        folders = [Path(__file__).parent.parent, Path(koppling.__file__).parent, builtin_folder() / "language"]
        for folder in folders:
            told += "".join(
                f" {path.stat().st_mtime_ns}"
                for path in sorted(folder.rglob("*"))
                if path.suffix in {".py", ".json"} and "sandbox" not in path.parts
            )
        return told.encode()


def _as_json(looked: Looked) -> dict[str, Any]:
    return {
        "diagnostics": [one.as_json() for one in looked.diagnostics],
        "comments": {path: [asdict(one) for one in said] for path, said in looked.comments.items() if said},
        "files": list(looked.comments),
        "facts": [asdict(one) for one in looked.facts],
    }


def _looked(found: Mapping[str, Any]) -> Looked:
    return Looked(
        [_diagnostic(one) for one in found["diagnostics"]],
        {path: [_suppression(one) for one in found["comments"].get(path, ())] for path in found["files"]},
        [_facts(one) for one in found["facts"]],
    )


def _diagnostic(found: Mapping[str, Any]) -> Diagnostic:
    place = Location(found["path"], found["line"], found["column"])
    return Diagnostic(found["rule"], found["message"], place, found["severity"], found["pointer"], found["help"])


def _suppression(found: Mapping[str, Any]) -> Suppression:
    return Suppression(**{**found, "rules": tuple(found["rules"]), "place": tuple(found["place"])})


def _facts(found: Mapping[str, Any]) -> Facts:
    references = tuple(
        Reference(**{**one, "inputs": tuple((name, value) for name, value in one["inputs"])})
        for one in found["references"]
    )
    adapts = tuple(Adapted(**one) for one in found["adapts"])
    fields = tuple((name, line, column) for name, line, column in found["fields"])
    known = {"references": references, "connection": tuple(found["connection"]), "fields": fields, "adapts": adapts}
    return Facts(**{**found, **known})
