"""What the server's parts answer, in offsets and paths; the protocol's own forms are made of these in `positions`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Icon = Literal["field", "root", "key", "value", "function", "module", "definition"]


@dataclass(frozen=True, slots=True)
class Offer:
    """One completion: `insert` goes in the place of what stands from `start` to `end`."""

    label: str
    insert: str
    start: int
    end: int
    icon: Icon
    detail: str = ""
    documentation: str = ""
    deprecated: bool = False


@dataclass(frozen=True, slots=True)
class Hover:
    """Words (Markdown) about a stretch of text."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of a file."""

    path: Path
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Edit:
    """New text for a stretch of a file."""

    path: Path
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Symbol:
    """One row of an outline; `start` to `end` is all of it, `key_end` ends its name."""

    name: str
    detail: str
    icon: Literal["key", "field", "operation", "definition", "example"]
    start: int
    key_end: int
    end: int
    children: list[Symbol] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that mends a fault."""

    title: str
    edits: tuple[Edit, ...]
    preferred: bool = False
