"""Where a name leads: to a field, a definition, a module, a cursor."""

from __future__ import annotations

from pathlib import Path

from koppling.read import Pointer
from koppling_tools.lsp.answers import Place
from koppling_tools.lsp.expression_names import expressions
from koppling_tools.lsp.files import Files, Spec
from koppling_tools.lsp.names import definition, names_modules
from koppling_tools.lsp.scanned import Scalar
from koppling_tools.lsp.uses import field_at, uses


def define(files: Files, path: Path, offset: int) -> list[Place]:
    """Return the places that declare what is named at a place."""
    spec = files.spec(path)
    scalar = files.scanned(path).at(offset) if spec else None
    if spec is None:
        return []
    found = field_at(files, path, offset)
    if found is not None:
        return [one.place for one in uses(files, found[0]) if one.declares]
    if scalar is None:
        return []
    if scalar.role == "value":
        if scalar.pointer[-1:] == ("$ref",):
            target = definition(files, spec, scalar.text)
            return _key(files, *target) if target else []
        if names_modules(spec, scalar.pointer):
            module = files.module(spec, scalar.text)
            return [Place(module)] if module else []
        if spec.kind == "module":
            return _cursor(files, spec, scalar, offset)
    if spec.kind == "example" and (len(scalar.pointer) == 1):
        module = files.module_of_example(spec)
        return [Place(module)] if module else []
    return []


def references(files: Files, path: Path, offset: int, *, declarations: bool = True) -> list[Place]:
    """Return every place that names the field, or the definition, that is named at a place."""
    found = field_at(files, path, offset)
    if found is not None:
        return [one.place for one in uses(files, found[0]) if declarations or not one.declares]
    spec, scalar = files.spec(path), files.scanned(path).at(offset)
    if spec is None or scalar is None:
        return []
    if scalar.role == "key" and len(scalar.pointer) == 2 and scalar.pointer[0] == "$defs":  # noqa: PLR2004  ($defs/name)
        home, name = path, scalar.text
    elif scalar.role == "value" and scalar.pointer[-1:] == ("$ref",):
        target = definition(files, spec, scalar.text)
        if target is None:
            return []
        home, name = target[0], str(target[1][-1])
    else:
        return []
    own = _key(files, home, ("$defs", name)) if declarations else []
    return [*own, *_refs(files, home, name)]


def _refs(files: Files, home: Path, name: str) -> list[Place]:
    spec = files.spec(home)
    if spec is None:
        return []
    shared = [] if spec.kind != "connector" else list(files.modules(spec).values())
    found: list[Place] = []
    for path, wanted in [(home, f"#/$defs/{name}"), *((one, f"connector#/$defs/{name}") for one in shared)]:
        found += [
            Place(path, *scalar.inner)
            for scalar in files.scanned(path).scalars
            if scalar.role == "value" and scalar.pointer[-1:] == ("$ref",) and scalar.text == wanted
        ]
    return found


def _key(files: Files, path: Path, pointer: Pointer) -> list[Place]:
    key = files.scanned(path).find(pointer, "key")
    return [Place(path, *key.inner)] if key else []


def _cursor(files: Files, spec: Spec, scalar: Scalar, offset: int) -> list[Place]:
    """Return the key of `pages.next` that a `${page.name}` reads."""
    for one in expressions(files, spec, scalar):
        for name in one.names:
            if name.start <= offset <= name.end and name.chain[0] == "page" and len(name.chain) > 1:
                keys = files.scanned(spec.path).scalars
                wanted = ("pages", "next", name.chain[1])
                return [
                    Place(spec.path, *key.inner) for key in keys if key.role == "key" and key.pointer[-3:] == wanted
                ]
    return []
