"""Names as the language has them, made of names as vendors have them."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Final

from koppling_tools.console.mistakes import Misuse

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHORT: Final = {"api", "id", "ip", "url", "uri", "uuid", "http", "https", "json", "xml", "html", "sms", "pdf", "csv"}


def snake(text: str) -> str:
    """Return a text as a name in snake case; empty where no letter of it is left."""
    import unicodedata

    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    parted = re.sub(r"([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])", r"\1\3_\2\4", plain)
    found = re.sub(r"[^A-Za-z0-9]+", "_", parted).strip("_").lower()
    return f"_{found}" if found[:1].isdigit() else found


def identifier(text: str) -> str:
    """Return the name of a field: the vendor's own where the language takes it, else one like it."""
    return text if _NAME.fullmatch(text) else snake(text) or "value"


def title_of(name: str) -> str:
    """Return what a form calls a field, or a list calls a module."""
    words = snake(name).strip("_").split("_")
    found = " ".join(one.upper() if one in _SHORT else one for one in words)
    return found[:1].upper() + found[1:] or name or "Value"


def free(name: str, taken: Container[str]) -> str:
    """Return a name, or the first numbered one like it, that is not taken."""
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    return found


def checked(name: str, what: str) -> str:
    """Return a name that a person chose.

    Raises:
        Misuse: it is none; with one like it.
    """
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        return name
    like = snake(name).strip("_")
    near = f"; did you mean {like!r}?" if like and not like[0].isdigit() else ""
    raise Misuse(f"{name!r} is no name for a {what}: letters, digits and _, a letter first{near}")
