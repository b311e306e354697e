"""Specs that are not written yet, and what is to be said of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Notes:
    """What the language cannot say, or what a person should look at: each kind with the places it was met in."""

    found: dict[str, list[str]] = field(default_factory=dict)

    def add(self, what: str, where: str = "") -> None:
        """Note a thing once for each place."""
        places = self.found.setdefault(what, [])
        if where and where not in places:
            places.append(where)

    def lines(self, most: int = 4) -> list[str]:
        """Return them as sentences, with the first places of each."""
        return [f"{what}{_places(places, most)}" for what, places in self.found.items()]


def _places(places: list[str], most: int) -> str:
    if not places:
        return ""
    more = f" and {len(places) - most} more" if len(places) > most else ""
    return f" ({', '.join(places[:most])}{more})"


@dataclass
class Case:
    """An example to be: what the request and the output are is told by running it.

    An optional case is left out where it does not hold; `otherwise` are inputs that are tried after the first ones.
    """

    title: str
    inputs: dict[str, Any]
    response: dict[str, Any]
    optional: bool = False
    otherwise: dict[str, Any] | None = None
    as_of: str | None = None


@dataclass
class Module:
    """A module to be. `whence` tells in a report what it was made of."""

    name: str
    tree: dict[str, Any]
    cases: dict[str, Case]
    whence: str = ""
    notes: Notes = field(default_factory=Notes)
    comments: list[str] = field(default_factory=list)

    @property
    def versioned(self) -> str:
        """Its file's name without the suffix."""
        return f"{self.name}.v{str(self.tree['version']).partition('.')[0]}"


@dataclass
class Draft:
    """A connector to be, or modules for one that is there (`shared` is None). `unread` tells what was no module."""

    connector: str
    shared: dict[str, Any] | None
    modules: list[Module]
    comments: list[str] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)
    unread: dict[str, str] = field(default_factory=dict)
