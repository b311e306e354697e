"""Where a cursor stands: in which key or value, and where that is an expression, how far in it."""

from __future__ import annotations

from dataclasses import dataclass

from koppling.read import Pointer
from koppling_tools.lsp.scan import scan
from koppling_tools.lsp.scanned import Stop
from koppling_tools.lsp.yaml_text import decode


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between two characters.

    `word` is what stands before it in its scalar, quotes left out and escapes read; `start` is where the scalar began.
    `offsets` leads from each character of `word` to its place in the text.
    """

    pointer: Pointer
    role: str
    start: int
    offset: int
    word: str
    quote: str
    offsets: tuple[int, ...]
    flow: bool

    def place(self, index: int) -> int:
        """Return the offset in the text of a character of `word`."""
        return self.offsets[index] if index < len(self.offsets) else self.offset


def cursor_at(text: str, offset: int) -> Cursor:
    """Return where an offset stands, from what is before it alone."""
    stop: Stop = scan(text, offset).stop
    raw = text[stop.start : offset]
    quote = raw[0] if raw[:1] in {'"', "'"} else ""
    inner = stop.start + len(quote)
    word, offsets = decode(text[inner:offset], quote, inner)
    return Cursor(stop.pointer, stop.role, stop.start, offset, word, quote, offsets, stop.flow)


def open_reference(word: str) -> int | None:
    """Return where the expression of a `${` begins that is not closed yet; None where none is open."""
    start, found = 0, None
    while (at := word.find("${", start)) >= 0:
        if at > 0 and word[at - 1] == "$":
            start = at + 2
            continue
        end = closing(word, at + 2)
        if end is None:
            found = at + 2
            break
        start = end + 1
    if found is None:
        return None
    return found + 1 if word[found : found + 1] == "+" else found


def closing(word: str, at: int) -> int | None:
    """Return where the `}` stands that closes what begins at a place; None where none does."""
    depth, quote, position = 0, "", at
    while position < len(word):
        character = word[position]
        if quote:
            if character == "\\":
                position += 1
            elif character == quote:
                quote = ""
        elif character in "'\"`":
            quote = character
        elif character == "{":
            depth += 1
        elif character == "}":
            if not depth:
                return position
            depth -= 1
        position += 1
    return None
