"""How far a fault reaches: our diagnostics say where it begins, an editor underlines up to an end."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Final

from koppling.diagnostics import Diagnostic
from koppling_tools.lsp.positions import offset_of
from koppling_tools.lsp.scanned import Scanned

MEANT: Final = re.compile(r"did you mean ['`](?P<word>[^'`]+)['`]\?")
_QUOTED: Final = re.compile(r"['`]([^'`\n]+)['`]")


def span(text: str, scanned: Scanned, diagnostic: Diagnostic) -> tuple[int, int]:
    """Return the stretch of text that a fault is about: the wrong word where that is known, else its key or value."""
    start = offset_of(text, diagnostic.location)
    if diagnostic.location.line == 0:
        return 0, 0
    around = _around(text, scanned, start)
    word = wrong_word(diagnostic)
    if word is not None and (found := _word_in(text, around, word)):
        return found
    return around


def _around(text: str, scanned: Scanned, start: int) -> tuple[int, int]:
    line_end = text.find("\n", start)
    line_end = len(text) if line_end < 0 else line_end
    scalar = scanned.at(start)
    if scalar is not None and scalar.end > start:
        first_line = text.find("\n", scalar.start, scalar.end)
        end = scalar.end if first_line < 0 else max(first_line, start + 1)
        if text.startswith("${", start):
            close = text.find("}", start, end)
            end = close + 1 if close > 0 else end
        return start, max(end, start + 1)
    for begin, end in scanned.flows.values():
        if begin == start:
            return start, min(end, line_end)
    return start, max(start, start + len(text[start:line_end].split("#", maxsplit=1)[0].rstrip()))


def _word_in(text: str, around: tuple[int, int], word: str) -> tuple[int, int] | None:
    pattern = rf"(?<![\w]){re.escape(word)}(?![\w])"
    found = re.compile(pattern).search(text, *around) or re.compile(pattern).search(
        text, around[0], _line(text, around[0])
    )
    return (found.start(), found.end()) if found else None


def _line(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def meant(diagnostic: Diagnostic) -> str | None:
    """Return the word that a fault's help says was meant."""
    found = MEANT.search(diagnostic.help)
    return found["word"] if found else None


def wrong_word(diagnostic: Diagnostic) -> str | None:
    """Return the word that the near miss of a fault would replace."""
    near = meant(diagnostic)
    if near is None:
        return None
    said = [_as_short(word, near) for word in _QUOTED.findall(diagnostic.message)]
    said.append(diagnostic.pointer.rpartition("/")[2])
    words = [word for word in said if word and word != near]
    return max(words, key=lambda word: SequenceMatcher(None, word, near).ratio(), default=None)


def _as_short(word: str, near: str) -> str:
    """Return the last part of a word, where the near miss is only a last part, too."""
    for mark in "./":
        if mark in word and mark not in near:
            word = word.rpartition(mark)[2]
    return word
