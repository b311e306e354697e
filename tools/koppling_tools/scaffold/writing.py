"""A value as the YAML of a spec: short things on one line, long ones over several."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any, Final

from koppling_tools.editing.text import key_as, written_as

WIDTH: Final = 120
# Half a character, which JSON can name and no file can hold.
_LONE: Final = re.compile("[\ud800-\udfff]")
# These are read line by line, however short they are.
_OPENED: Final = {"fields", "$defs", "connection", "exchanges"}


def spec_text(tree: dict[str, Any], comments: Iterable[str] = ()) -> str:
    """Return the text of a spec file without its first line, which depends on where it stands.

    Args:
        tree: what it says, its keys in their order.
        comments: what is said at its head, a paragraph each.
    """
    lines = [line for one in comments for line in _comment(one)]
    before = ""
    for key, value in tree.items():
        entry = list(_entry(key, value, 0))
        if (
            before
            and (len(entry) > 1 or before == "long")
            and key in {*_OPENED, "auth", "request", "response", "errors"}
        ):
            lines.append("")
        lines += entry
        before = "long" if len(entry) > 1 else "short"
    return _LONE.sub("\ufffd", "\n".join(lines)) + "\n"


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="#   ", break_on_hyphens=False) or ["#"]


def _entry(key: str, value: Any, indent: int) -> Iterator[str]:
    pad = " " * indent
    head = f"{pad}{key_as(key)}:"
    opened = key in _OPENED and indent == 0
    line = f"{head} {written_as(value, flow=isinstance(value, dict | list))}"
    if (not value and isinstance(value, dict | list)) or (
        len(line) <= WIDTH and not (opened and isinstance(value, dict))
    ):
        yield line
    elif isinstance(value, dict):
        yield head
        for name, one in value.items():
            yield from _entry(name, one, indent + 2)
    elif isinstance(value, list):
        yield head
        yield from _elements(value, indent + 2)
    elif isinstance(value, str) and _foldable(value):
        yield f"{head} >-"
        yield from textwrap.wrap(
            value, WIDTH, initial_indent=f"{pad}  ", subsequent_indent=f"{pad}  ", break_on_hyphens=False,
            break_long_words=False,
        )  # fmt: skip
    else:
        yield line


def _elements(values: list[Any], indent: int) -> Iterator[str]:
    pad = " " * indent
    for value in values:
        line = f"{pad}- {written_as(value, flow=isinstance(value, dict | list))}"
        inner: list[str] = []
        if len(line) > WIDTH and value and isinstance(value, dict):
            inner = [line for name, one in value.items() for line in _entry(name, one, indent + 2)]
        elif len(line) > WIDTH and value and isinstance(value, list):
            inner = list(_elements(value, indent + 2))
        if inner:
            yield f"{pad}- {inner[0].lstrip(' ')}"
            yield from inner[1:]
        else:
            yield line


def _foldable(text: str) -> bool:
    """Tell whether folding keeps a text as it is: words of visible characters with one space between them."""
    return bool(
        re.fullmatch(
            r"[!-~\u00a1-\u2027\u2030-\ud7ff\ue000-\ufefe]+( [!-~\u00a1-\u2027\u2030-\ud7ff\ue000-\ufefe]+)*", text
        )
    )
