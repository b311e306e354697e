"""Offsets in a text to the positions of the protocol, and back.

The protocol counts lines from 0 and, in a line, units of the encoding that was agreed on (UTF-16 unless the client
offers better); a text of ours is counted in characters. Our diagnostics count lines as YAML breaks them, which is at
some characters more than the protocol does.
https://microsoft.github.io/language-server-protocol/specifications/lsp/3.18/specification/#position
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final

from lsprotocol import types as lsp

from koppling.diagnostics import Location

_BREAK: Final = re.compile(r"\r\n|\n|\r")
_YAML_BREAK: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_UNITS: Final = {lsp.PositionEncodingKind.Utf8: "utf-8", lsp.PositionEncodingKind.Utf16: "utf-16-le"}
_WIDTH: Final = {"utf-8": 1, "utf-16-le": 2}


class Lines:
    """The lines of one text.

    Args:
        text: what the file holds.
        encoding: the units that were agreed on.
    """

    def __init__(self, text: str, encoding: lsp.PositionEncodingKind | str = lsp.PositionEncodingKind.Utf16) -> None:
        self.text = text
        self._starts = [0, *(one.end() for one in _BREAK.finditer(text))]
        self._codec = _UNITS.get(lsp.PositionEncodingKind(encoding))

    def position(self, offset: int) -> lsp.Position:
        """Return the position of an offset."""
        line = bisect_right(self._starts, offset) - 1
        return lsp.Position(line, self._units(self.text[self._starts[line] : offset]))

    def range(self, start: int, end: int) -> lsp.Range:
        """Return the range of a stretch."""
        return lsp.Range(self.position(start), self.position(end))

    def offset(self, position: lsp.Position) -> int:
        """Return the offset of a position; one beyond the end of its line is that end."""
        if position.line >= len(self._starts):
            return len(self.text)
        start = self._starts[position.line]
        end = self._starts[position.line + 1] if position.line + 1 < len(self._starts) else len(self.text)
        line = self.text[start:end].rstrip("\r\n")
        if self._codec is None or line.isascii():
            return start + min(position.character, len(line))
        data = line.encode(self._codec, "surrogatepass")[: position.character * _WIDTH[self._codec]]
        return start + len(data.decode(self._codec, "ignore"))

    def _units(self, text: str) -> int:
        if self._codec is None or text.isascii():
            return len(text)
        return len(text.encode(self._codec, "surrogatepass")) // _WIDTH[self._codec]


def offset_of(text: str, place: Location) -> int:
    """Return the offset that a diagnostic of ours names."""
    if place.line <= 1:
        return max(0, min(place.column - 1, len(text)))
    starts = [0, *(one.end() for one in _YAML_BREAK.finditer(text))]
    if place.line > len(starts):
        return len(text)
    return min(starts[place.line - 1] + max(0, place.column - 1), len(text))
