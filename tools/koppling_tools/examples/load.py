"""Examples read from their files, and found where the specs are.

An example is `<root>/<connector>/examples/<module>.v<major>/<case>.yaml`. Several roots make a search path: an example
of an earlier one shadows that of the same name in a later one, as it is with modules.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from koppling.diagnostics import Diagnostic, Location
from koppling.read import Document, read_document
from koppling_tools.examples.compare import Pointer

_FOLDER: Final = re.compile(r"(?P<name>\w+)\.v(?P<major>\d+)")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request with its response. `pointer` leads to it in the document."""

    request: Mapping[str, Any]
    response: Mapping[str, Any]
    pointer: Pointer
    times: int = 1


@dataclass(frozen=True)
class Example:
    """One example file. Where `faults` is not empty it cannot be run, and its other properties promise nothing."""

    connector: str
    module: str  # with its major version, without the connector: get_thing@1
    case: str
    path: Path
    document: Document = field(repr=False)
    faults: tuple[Diagnostic, ...] = ()

    @property
    def module_name(self) -> str:
        """The full name of the module: `acme.get_thing@1`."""
        return f"{self.connector}.{self.module}"

    @property
    def name(self) -> str:
        """The full name of the example: `acme.get_thing@1/smallest`."""
        return f"{self.module_name}/{self.case}"

    @property
    def title(self) -> str:
        """What it shows, in words."""
        return str(self.document.value.get("title", ""))

    @property
    def inputs(self) -> dict[str, Any]:
        """The inputs of the call."""
        return dict(self.document.value.get("inputs") or {})

    @property
    def as_of(self) -> str | None:
        """The day that lifecycles are read at."""
        day = self.document.value.get("as_of")
        return None if day is None else str(day)

    @property
    def connection(self) -> dict[str, Any]:
        """The connection's fields that differ from the placeholders."""
        return dict(self.document.value.get("connection") or {})

    @property
    def streamed(self) -> bool:
        """Whether the call is streamed."""
        return bool(self.document.value.get("stream"))

    @property
    def stated(self) -> dict[str, Any]:
        """What the call gives: those of output, envelope, usage, deltas and error that are stated."""
        return {
            key: self.document.value[key]
            for key in ("output", "envelope", "usage", "deltas", "error")
            if key in self.document.value
        }

    @property
    def bounds(self) -> list[dict[str, Any]]:
        """What the module takes and refuses, where the example is about that and not about a call."""
        return list(self.document.value.get("bounds") or ())

    @cached_property
    def exchanges(self) -> tuple[Exchange, ...]:
        """The exchanges in their order; none where nothing may be sent."""
        value = self.document.value
        if "exchanges" in value:
            return tuple(
                Exchange(
                    one.get("request") or {}, one.get("response") or {}, ("exchanges", index), int(one.get("times", 1))
                )
                for index, one in enumerate(value["exchanges"])
            )
        if "request" not in value:
            return ()
        return (Exchange(value["request"], value.get("response") or {}, ()),)

    @property
    def fails(self) -> bool:
        """Whether it shows an error."""
        return "error" in self.stated

    def locate(self, pointer: Pointer) -> Location:
        """Return where something is stated, or the nearest thing around it."""
        return self.document.locate(pointer)


def load(path: Path) -> Example:
    """Read one example. What is wrong with the file is in `.faults`."""
    from koppling.compile import check_example, well_shaped

    document = read_document(path, str(shown(path)))
    faults = check_example(document)
    document = well_shaped(document, "example")
    if document.value is None:  # somebody is in the midst of writing it
        document = replace(document, value={})
    folder = _FOLDER.fullmatch(path.parent.name)
    connector = path.parent.parent.parent.name
    if folder is None or path.parent.parent.name != "examples":
        faults.append(
            Diagnostic(
                "example-place",
                "is not where examples are looked for",
                Location(document.path),
                help="an example is CONNECTOR/examples/MODULE.vMAJOR/CASE.yaml",
            )
        )
        return Example(connector, path.parent.name, path.stem, path, document, tuple(faults))
    errors = tuple(one for one in faults if one.severity == "error")
    return Example(connector, f"{folder['name']}@{int(folder['major'])}", path.stem, path, document, errors)


def shown(path: Path) -> Path:
    """Return a path as it is easiest to find: from the current folder, where it lies below."""
    try:
        return real(path).relative_to(Path.cwd())
    except ValueError:
        return path


def real(path: Path) -> Path:
    """Return a path without links; one that leads round in circles stays as it is, where `Path.resolve` would raise."""
    return Path(os.path.realpath(path))


def find(roots: Sequence[Path], connectors: Iterable[str]) -> Iterator[Path]:
    """Yield the files of examples in stable order: by connector, module, major version, case.

    Args:
        roots: the search path, the first shadowing the later ones.
        connectors: which ones to look for.
    """
    for connector in sorted(connectors):
        found: dict[tuple[str, str], Path] = {}
        for root in roots:
            for path in (root / connector / "examples").glob("*/*.y*ml"):
                found.setdefault((path.parent.name, path.stem), path)
        for key in sorted(found, key=lambda one: (_ordered(one[0]), one[1])):
            yield found[key]


def _ordered(folder: str) -> tuple[str, int]:
    split = _FOLDER.fullmatch(folder)
    return (split["name"], int(split["major"])) if split else (folder, 0)
