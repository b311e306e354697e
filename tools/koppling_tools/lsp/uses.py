"""A field, and everywhere that it is named: its key, lists, rules, expressions, and the inputs of examples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from koppling.read import Pointer
from koppling_tools.lsp.answers import Place
from koppling_tools.lsp.expression_names import all_names, expressions
from koppling_tools.lsp.files import Files, Spec
from koppling_tools.lsp.scanned import Scalar
from koppling_tools.lsp.spec_places import fields_of

Root = Literal["input", "connection"]
_RULES: Final = {"if", "then", "else", "not"}
_LISTS: Final = {"allOf", "anyOf", "oneOf"}


@dataclass(frozen=True, slots=True)
class Field:
    """A field: of a module's inputs, or of the connection. `home` is the file that declares it."""

    root: Root
    name: str
    home: Path


@dataclass(frozen=True, slots=True)
class Use:
    """One place that names a field."""

    place: Place
    declares: bool = False


def field_at(files: Files, path: Path, offset: int) -> tuple[Field, Use] | None:
    """Return the field that is named at a place, and the word that names it."""
    spec = files.spec(path)
    scalar = files.scanned(path).at(offset) if spec else None
    if spec is None or scalar is None:
        return None
    found = _named(files, spec, scalar)
    if found is not None:
        field, use = found
        return (field, use) if use.place.start <= offset <= use.place.end else None
    for one in expressions(files, spec, scalar):
        for name in one.names if one.rooted else ():
            if name.start <= offset <= name.end and len(name.chain) == 2:  # noqa: PLR2004  (root and field)
                field_or_none = _of_chain(files, spec, name.chain)
                return (field_or_none, Use(Place(path, name.start, name.end))) if field_or_none else None
    return None


def exists(files: Files, field: Field) -> bool:
    """Tell whether a field is declared."""
    return field.name in declared(files, field)


def declared(files: Files, field: Field) -> dict[str, Any]:
    """Return all fields that stand beside a field."""
    value = files.value(field.home)
    if field.root == "input":
        return fields_of(value, None)
    return _map(_map(_map(value).get("connection")).get("fields"))


def uses(files: Files, field: Field) -> list[Use]:
    """Return every place that names a field, in its file, its examples and its neighbours, in stable order."""
    found: list[Use] = []
    for path in _files(files, field):
        spec = files.spec(path)
        if spec is None:
            continue
        for scalar in files.scanned(path).scalars:
            named = _named(files, spec, scalar)
            if named is not None and named[0] == field:
                found.append(named[1])
        if spec.kind != "example":
            found += [
                Use(Place(path, name.start, name.end))
                for name in all_names(files, spec)
                if name.chain == (field.root, field.name) and _of_chain(files, spec, name.chain) == field
            ]
    return sorted(dict.fromkeys(found), key=lambda one: (one.place.path != field.home, one.place.path, one.place.start))


def _files(files: Files, field: Field) -> Iterator[Path]:
    yield field.home
    home = files.spec(field.home)
    if home is None:
        return
    modules = [one for one in files.modules(home).values() if one.is_relative_to(home.folder)]
    connector = files.connector_file(home)
    yield from (one for one in [*modules, *([connector] if connector else [])] if one != field.home)
    for module in modules if field.root == "connection" else [field.home]:
        yield from files.examples(module)


def _of_chain(files: Files, spec: Spec, chain: tuple[str, ...]) -> Field | None:
    if chain[0] == "input":
        return Field("input", chain[1], spec.path)
    if chain[0] == "connection" and (home := files.connector_file(spec)) is not None:
        return Field("connection", chain[1], home)
    return None


def _named(files: Files, spec: Spec, scalar: Scalar) -> tuple[Field, Use] | None:
    """Return the field that a key or a value names outside of expressions."""
    start, end = scalar.inner
    use = Use(Place(spec.path, start, end))
    pointer, key = scalar.pointer, scalar.role == "key"
    if spec.kind == "example":
        return _in_example(files, spec, scalar, use)
    if spec.kind == "connector":
        match pointer:
            case ("connection", "fields", str(name)) if key:
                return Field("connection", name, spec.path), Use(use.place, declares=True)
            case ("connection", "required", int()) if not key:
                return Field("connection", scalar.text, spec.path), use
        return _elsewhere(files, spec, scalar, use)
    inner = pointer[2:] if pointer[:1] == ("operations",) else pointer
    if _names_input(inner, key=key):
        declares = inner[:1] == ("fields",) or pointer == ("select", "field")
        name = str(pointer[-1]) if key else scalar.text
        return Field("input", name, spec.path), Use(use.place, declares and inner[-1] != "replaced_by")
    return _elsewhere(files, spec, scalar, use)


def _names_input(pointer: Pointer, *, key: bool) -> bool:
    match pointer:
        case ("fields", _):
            return key
        case ("required", int()) | ("select", "field") | ("fields", _, "lifecycle", "replaced_by"):
            return not key
        case ("response", *_, "stream", "set", _):
            return key
        case ("validation", *rest):
            return _in_rules(tuple(rest), key=key)
    return False


def _in_rules(pointer: Pointer, *, key: bool) -> bool:
    """Tell whether a place in `validation` names an input: below `properties` they are another thing's keys."""
    while pointer and (pointer[0] in _RULES or (pointer[0] in _LISTS and len(pointer) > 1)):
        pointer = pointer[1:] if pointer[0] in _RULES else pointer[2:]
    match pointer:
        case ("properties", _) | ("dependentRequired", _):
            return key
        case ("required", int()) | ("dependentRequired", _, int()):
            return not key
    return False


def _in_example(files: Files, spec: Spec, scalar: Scalar, use: Use) -> tuple[Field, Use] | None:
    module, connector = files.module_of_example(spec), files.connector_file(spec)
    match scalar.pointer:
        case ("inputs", str(name)) if scalar.role == "key" and module:
            return Field("input", name, module), use
        case ("error", "problems", int(), "pointer") if scalar.role == "value" and module:
            name = scalar.text.removeprefix("/").partition("/")[0]
            start = use.place.start + 1
            return (Field("input", name, module), Use(Place(spec.path, start, start + len(name)))) if name else None
        case ("connection", str(name)) if scalar.role == "key" and connector:
            return Field("connection", name, connector), use
        case ("error", "field") if scalar.role == "value" and connector:
            return Field("connection", scalar.text, connector), use
    return None


def _elsewhere(files: Files, spec: Spec, scalar: Scalar, use: Use) -> tuple[Field, Use] | None:
    """Return the field of another module that the inputs of an option, a test or an end name."""
    pointer = scalar.pointer
    if scalar.role != "key" or len(pointer) < 3 or pointer[-2] != "inputs":  # noqa: PLR2004  (who, inputs, name)
        return None
    if pointer[-3] not in {"options", "until", "test"}:
        return None
    named: Any = files.value(spec.path)
    for step in pointer[:-2]:
        try:
            named = named[step]
        except (KeyError, IndexError, TypeError):
            return None
    module = files.module(spec, str(_map(named).get("module")))
    return (Field("input", str(pointer[-1]), module), use) if module else None


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
