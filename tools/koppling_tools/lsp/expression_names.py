"""The names that the `${…}` of a file read, each with its place in the text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from koppling_tools.lsp.cursor import closing
from koppling_tools.lsp.files import Files, Spec
from koppling_tools.lsp.jmespath_text import scan
from koppling_tools.lsp.scanned import Scalar
from koppling_tools.lsp.spec_places import ExpressionPlace, place_of
from koppling_tools.lsp.yaml_text import decode


@dataclass(frozen=True, slots=True)
class ReadName:
    """One name of an expression; `chain` are the names that lead to it, itself the last."""

    chain: tuple[str, ...]
    start: int
    end: int
    scalar: Scalar
    place: ExpressionPlace


@dataclass(frozen=True, slots=True)
class Expression:
    """One expression of a file, and where it stands. `rooted` where it is a `${…}`."""

    text: str
    start: int
    end: int
    rooted: bool
    place: ExpressionPlace
    names: tuple[ReadName, ...]


def expressions(files: Files, spec: Spec, scalar: Scalar) -> Iterator[Expression]:
    """Yield the expressions of one scalar."""
    place = place_of(spec.kind, scalar.pointer, files.value(spec.path)) if scalar.role == "value" else None
    if place is None:
        return
    begin, end = scalar.inner
    text, offsets = decode((files.text(spec.path) or "")[begin:end], scalar.quote, begin)

    def at(index: int) -> int:
        return offsets[index] if index < len(offsets) else end

    def made(start: int, stop: int, *, rooted: bool) -> Expression:
        names = tuple(
            ReadName(one.chain, at(start + one.start), at(start + one.end), scalar, place)
            for one in scan(text[start:stop]).names
        )
        return Expression(text[start:stop].strip(), at(start), at(stop), rooted, place, names)

    if "${" not in text:
        if place.bare:
            yield made(0, len(text), rooted=False)
        return
    position = 0
    while (dollar := text.find("${", position)) >= 0:
        if dollar > 0 and text[dollar - 1] == "$":
            position = dollar + 2
            continue
        start = dollar + (3 if text.startswith("+", dollar + 2) else 2)
        stop = closing(text, start)
        stop = len(text) if stop is None else stop
        yield made(start, stop, rooted=True)
        position = stop + 1


def all_names(files: Files, spec: Spec) -> Iterator[ReadName]:
    """Yield every name that the `${…}` of a file read from their roots."""
    for scalar in files.scanned(spec.path).scalars:
        if scalar.role == "value" and "${" in scalar.raw:
            for one in expressions(files, spec, scalar):
                if one.rooted:
                    yield from one.names
