"""Cases written as data: a file of the folder `spec`, a change that leaves a cursor mark in it, and what is expected."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from koppling.read import read_document

HERE = Path(__file__).parent


def cases(name):
    document = read_document(HERE / "typing" / f"{name}.yaml")
    assert not document.diagnostics, document.diagnostics
    return document.value


def marked(home, case):
    """Return the file of a case, and its text with the cursor mark."""
    path = home / case["file"]
    text = path.read_text(encoding="utf-8")
    assert text.count(case["at"]) >= 1, f"{case['at']!r} is not in {case['file']}"
    return path, text.replace(case["at"], case["type"], 1)


def applied(text, edits, units=2, codec="utf-16-le"):
    """Return a text with the edits of an answer in it."""
    lines = text.splitlines(keepends=True) or [""]
    starts = [sum(map(len, lines[:index])) for index in range(len(lines) + 1)]

    def offset(place):
        line = lines[place["line"]] if place["line"] < len(lines) else ""
        before = line.encode(codec)[: place["character"] * units].decode(codec)
        return starts[place["line"]] + len(before)

    spans = sorted(
        ((offset(e["range"]["start"]), offset(e["range"]["end"]), e["newText"]) for e in edits), reverse=True
    )
    for (start, _, _), (_, end, _) in pairwise(spans):
        assert end <= start, "edits overlap"
    for start, end, new in spans:
        text = text[:start] + new + text[end:]
    return text
