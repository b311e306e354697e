"""A value as YAML in the way in which people write examples: what fits on a line stands on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from koppling_tools.editing.text import written_as

_WIDEST: Final = 120


def laid_out(value: dict[str, Any]) -> str:
    """Return a map as a YAML document."""
    lines = (
        line
        for key, one in value.items()
        for line in ([f"{key}:", *_blocks(one)] if key == "exchanges" else _map({key: one}, 0))
    )
    return "".join(f"{line}\n" for line in lines)


def _blocks(value: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the maps of a list, each of their keys on a line of its own."""
    for one in value:
        first, *rest = _map(one, 4)
        yield f"  - {first.lstrip()}"
        yield from rest


def _map(value: dict[str, Any], indent: int) -> Iterator[str]:
    blank = " " * indent
    for key, one in value.items():
        name = written_as(key, flow=True)
        short = f"{blank}{name}: {written_as(one, flow=False)}"
        if not isinstance(one, dict | list) or not one or len(short) <= _WIDEST:
            yield short
            continue
        yield f"{blank}{name}:"
        yield from _map(one, indent + 2) if isinstance(one, dict) else _list(one, indent + 2)


def _list(value: list[Any], indent: int) -> Iterator[str]:
    blank = " " * indent
    for one in value:
        short = f"{blank}- {written_as(one, flow=False)}"
        if not isinstance(one, dict | list) or not one or len(short) <= _WIDEST:
            yield short
            continue
        inner = list(_map(one, indent + 2) if isinstance(one, dict) else _list(one, indent + 2))
        yield f"{blank}- {inner[0].lstrip()}"
        yield from inner[1:]
