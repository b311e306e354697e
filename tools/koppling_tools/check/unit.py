"""One module with its examples, or one connector's own file: the least that can be checked by itself.

What is found here depends on the contents of these files alone, so it can be remembered by them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from koppling import expression, template
from koppling.compile import check_connector, check_example, check_module, well_shaped
from koppling.compile.grammar import Kind
from koppling.diagnostics import Diagnostic, join_pointer
from koppling.read import Document, Pointer, parse_document, read_document
from koppling_tools import rules
from koppling_tools.check.own_fault import is_own, own_faults
from koppling_tools.check.suppression import Suppression, suppressions
from koppling_tools.examples.load import Example
from koppling_tools.rules.view import Adapted, Facts, ModuleView, Reference

Run = Callable[[Example], Iterator[Any]]


@dataclass(frozen=True)
class Unit:
    """The files of one thing to check. `kind` is connector, module or examples (whose module is not there)."""

    kind: str
    path: Path | None
    connector: Path | None
    examples: tuple[Path, ...] = ()


@dataclass
class Looked:
    """What came of a unit: its faults, its comments by file, and what its neighbours may want to know."""

    diagnostics: list[Diagnostic] = field(default_factory=list)
    comments: dict[str, list[Suppression]] = field(default_factory=dict)
    facts: list[Facts] = field(default_factory=list)


class Reader:
    """Reads files, each once.

    Args:
        texts: what some files hold instead of what stands on disk.
    """

    def __init__(self, texts: Mapping[Path, bytes] | None = None) -> None:
        #: The connectors and modules that were read.
        self.documents: dict[Path, Document] = {}
        self._texts = texts or {}
        self._sound: dict[Path, bool] = {}

    def example(self, path: Path) -> Document:
        """Return an example's file."""
        return parse_document(self._texts[path], str(path)) if path in self._texts else _read(path)

    def read(self, path: Path) -> Document:
        """Return the file of a connector or a module."""
        if path not in self.documents:
            self.documents[path] = self.example(path)
        return self.documents[path]

    def connector(self, path: Path) -> tuple[Document, bool]:
        """Return a connector's file, and whether it is without errors."""
        document = self.read(path)
        if path not in self._sound:
            found: list[Diagnostic] = []
            with own_faults(found, document.path, "the language"):
                found += check_connector(document)
            self._sound[path] = not any(one.severity == "error" for one in found)
        return document, self._sound[path]


def _read(path: Path) -> Document:
    try:
        status = path.stat()
    except OSError:
        return read_document(path)
    return _remembered(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=512)  # an editor asks for the same neighbours at every keystroke
def _remembered(path: Path, _changed: int, _size: int) -> Document:
    return read_document(path)


def look(unit: Unit, day: str, reader: Reader, run: Run | None) -> Looked:
    """Check a unit.

    Args:
        unit: its files.
        day: the ISO day that lifecycles are read at.
        reader: what reads them.
        run: runs an example and yields what is not as it states; None runs none.
    """
    looked = Looked()
    examples = [_example(path, reader.example(path), looked) for path in unit.examples]
    if unit.path is None:
        return looked
    document = reader.read(unit.path)
    looked.comments[document.path] = suppressions(document.text)
    if unit.kind == "connector":
        document = _checked(document, "connector", lambda: check_connector(document), looked)
    else:
        connector, sound = reader.connector(unit.connector) if unit.connector is not None else (None, False)
        before = len(looked.diagnostics)
        document = _checked(document, "module", lambda: check_module(document, connector), looked)
        if document.value is not None and not any(one.severity == "error" for one in looked.diagnostics[before:]):
            shared = well_shaped(connector, "connector") if connector is not None else None
            view = ModuleView(document, shared, examples, day, run if sound else None)
            for rule in rules.all_rules().values():
                if rule.of_module is not None:
                    with own_faults(looked.diagnostics, document.path, f"the rule {rule.name}"):
                        looked.diagnostics += [one.diagnostic(rule.name, rule.severity) for one in rule.of_module(view)]
    if document.value is not None:
        with own_faults(looked.diagnostics, document.path, "what it says of other files"):
            looked.facts.append(facts(document, unit.kind))
    return looked


def _checked(document: Document, kind: Kind, check: Callable[[], list[Diagnostic]], looked: Looked) -> Document:
    """Hold a file against the language, and against the rules that any file keeps to.

    Returns what of it keeps to the shape of the grammar: all that others may look at.
    """
    found: list[Diagnostic] = []
    shaped = replace(document, value=None)
    with own_faults(found, document.path, "the language"):
        found += check()
        shaped = well_shaped(document, kind) if found else document
    looked.diagnostics += found
    if not any(map(is_own, found)):
        _documents(shaped, found, looked)
    return shaped


def _example(path: Path, given: Document, looked: Looked) -> Example:
    looked.comments[given.path] = suppressions(given.text)
    before = len(looked.diagnostics)
    document = _checked(given, "example", lambda: check_example(given), looked)
    folder = path.absolute().parent
    name, _, major = folder.name.rpartition(".v")
    errors = tuple(one for one in looked.diagnostics[before:] if one.severity == "error")
    if document.value is None:
        document = replace(document, value={})  # one that cannot be read is there, still
    return Example(folder.parent.parent.name, f"{name}@{major}", path.stem, path, document, errors)


def _documents(document: Document, found: Sequence[Diagnostic], looked: Looked) -> None:
    """Hold a file against the rules that any file keeps to."""
    if document.value is None or any(one.severity == "error" for one in document.diagnostics):
        return
    said = {(one.location.line, one.location.column) for one in found}
    for rule in rules.all_rules().values():
        if rule.of_document is None:
            continue
        with own_faults(looked.diagnostics, document.path, f"the rule {rule.name}"):
            for one in rule.of_document(document):
                diagnostic = one.diagnostic(rule.name, rule.severity)
                if (diagnostic.location.line, diagnostic.location.column) not in said:  # one word a place is enough
                    looked.diagnostics.append(diagnostic)


# ---- what the neighbours may want to know ----

_DATA = frozenset({"json", "form", "multipart", "query", "headers", "inputs", "examples", "default", "const", "enum"})
_CONNECTION = re.compile(r"connection\.\"?(\w+)")


def facts(document: Document, kind: str) -> Facts:
    """Return what the other files of a connector may want to know of a file."""
    value = document.value
    references = []
    for what, pointer, name in _named_modules(value):
        place = document.locate(pointer)
        inputs, read = _given(value, pointer[:-1]) if what != "replacement" else ((), "")
        references.append(Reference(what, name, join_pointer(*pointer), place.line, place.column, inputs, read))
    connection = value.get("connection")
    declared = connection.get("fields") if isinstance(connection, dict) else None
    fields = []
    for name in declared if isinstance(declared, dict) else ():
        place = document.locate(("connection", "fields", name), key=True)
        fields.append((name, place.line, place.column))
    name = str(value.get("name", ""))
    adapted = tuple(_adapted(document)) if kind == "module" else ()
    return Facts(document.path, kind, name, tuple(references), tuple(_connection(value)), tuple(fields), adapted)


def _given(value: Any, pointer: Pointer) -> tuple[tuple[tuple[str, str], ...], str]:
    """Return the inputs that a module is given where it is named, and what an option reads of its bundles."""
    for step in pointer:
        value = value[step]
    inputs = value.get("inputs")
    named = tuple((str(name), str(one)) for name, one in inputs.items()) if isinstance(inputs, dict) else ()
    return named, str(value.get("value") or "")


def _adapted(document: Document) -> Iterator[Adapted]:
    """Yield the fields of older versions that a module's `adapts` speaks of."""
    adapts = document.value.get("adapts")
    for major, said in (adapts if isinstance(adapts, dict) else {}).items():
        if not isinstance(said, dict):
            continue
        at: Pointer = ("adapts", major)
        rename, drop = said.get("rename"), said.get("drop")
        places = [(str(name), (*at, "rename", name), True) for name in (rename if isinstance(rename, dict) else ())]
        dropped = enumerate(drop if isinstance(drop, list) else ())
        places += [(str(name), (*at, "drop", index), False) for index, name in dropped]
        for name, pointer, key in places:
            place = document.locate(pointer, key=key)
            yield Adapted(str(major), name, place.line, place.column)


def _named_modules(value: Any, pointer: Pointer = ()) -> Iterator[tuple[str, Pointer, str]]:
    """Yield the places where a spec names a module: a replacement's, an option's, a test's, an end's."""
    if isinstance(value, dict):
        for key, one in value.items():
            here = (*pointer, key)
            if key in {"options", "until", "test"} and isinstance(one, dict) and isinstance(one.get("module"), str):
                yield key, (*here, "module"), one["module"]
            if here == ("lifecycle",) and isinstance(one, dict) and isinstance(one.get("replaced_by"), str):
                yield "replacement", (*here, "replaced_by"), one["replaced_by"]
            if key not in _DATA:
                yield from _named_modules(one, here)
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _named_modules(one, (*pointer, index))


def _connection(value: Any) -> list[str]:
    """Return the fields of the connection that the templates of a spec read."""
    found: dict[str, None] = {}
    try:
        for _, reference in template.references(value):
            for chain in expression.references(reference.expression):
                if chain[:1] == ("connection",):
                    found[chain[1] if len(chain) > 1 else "*"] = None
    except expression.ExpressionError:
        return ["*"]  # what does not compile is told elsewhere
    return list(found)
