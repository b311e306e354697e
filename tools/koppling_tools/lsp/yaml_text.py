"""What a scalar says, character by character with its place; and words as they are written inside one."""

from __future__ import annotations

import re
import sys
from typing import Final

_ESCAPE: Final = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_PLAIN: Final = re.compile(r"[A-Za-z_./][\w./@+-]*(?: [\w./@+-]+)*")
_RESERVED: Final = frozenset({"null", "true", "false", "~"})


def decode(raw: str, quote: str, base: int = 0) -> tuple[str, tuple[int, ...]]:
    """Return what the inside of a scalar says, and for each of its characters where it stands."""
    if quote not in {'"', "'"} or ("\\" if quote == '"' else "''") not in raw:
        return raw, tuple(range(base, base + len(raw)))
    said, offsets, at = "", [], 0
    while at < len(raw):
        offsets.append(base + at)
        if quote == "'" and raw.startswith("''", at):
            said, at = said + "'", at + 2
        elif quote == '"' and (escape := _ESCAPE.match(raw, at)):
            said, at = said + _meaning(escape[0]), escape.end()
        else:
            said, at = said + raw[at], at + 1
    return said, tuple(offsets)


def _meaning(escape: str) -> str:
    if escape[1] in "xuU" and len(escape) > 2:  # noqa: PLR2004  (a cursor may stand before its digits)
        number = int(f"0x{escape[2:]}", 0)
        return chr(number) if number <= sys.maxunicode else "?"
    return {"n": "\n", "t": "\t", "0": "\0", "r": "\r"}.get(escape[1], escape[1])


def encode(said: str, quote: str) -> str:
    """Return a word as it is written inside a scalar with these quotes."""
    if quote == '"':
        return said.replace("\\", "\\\\").replace('"', '\\"')
    return said.replace("'", "''") if quote == "'" else said


def scalar(said: str) -> str:
    """Return a text as a whole scalar, quoted where it must be."""
    if _PLAIN.fullmatch(said) and said not in _RESERVED and not re.fullmatch(r"[-+.\d].*", said):
        return said
    return '"' + encode(said, '"') + '"'
