"""YAML with the place of every key and scalar, as far as it goes.

The parser of `koppling.read` gives nothing of a file that is half typed. This one never fails: it follows indentation,
brackets and quotes up to where it is asked, and knows at the end in which key or value it stopped. It reads what specs
are written in: block and flow maps and lists, plain, quoted and block texts, comments.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from koppling.read import Pointer
from koppling_tools.lsp.scanned import Role, Scalar, Scanned, Stop, unquoted

_PLAIN_KEY: Final = re.compile(
    r"(?:[^\s#'\"\[\]{},&*!|>%@`:-]|[-:](?=\S))(?:[^\n:#]|:(?=\S)|(?<=\S)#)*?(?=\s*:(?:\s|$))"
)
_QUOTED_KEY: Final = re.compile(r"(?:\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\n]|'')*')(?=\s*:(?:\s|$))")
_BLOCK_SCALAR: Final = re.compile(r"[|>][-+0-9]*[ \t]*(?:#.*)?$")
_PROPERTY: Final = re.compile(r"(?:[&!][^\s,\[\]{}]*[ \t]+)+")


def scan(text: str, upto: int | None = None) -> Scanned:
    """Scan a text, or its beginning up to an offset."""
    scanner = _Scanner(text if upto is None else text[:upto])
    scanner.document()
    return scanner.found


@dataclass(slots=True)
class _Level:
    indent: int
    kind: Literal["map", "list"]
    pointer: Pointer
    child: str | int | None = None

    @property
    def here(self) -> Pointer:
        return self.pointer if self.child is None else (*self.pointer, self.child)


class _End(Exception):
    """The text is over, in the middle of something."""


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text.replace("\r", " ")
        self.found = Scanned()
        self.levels: list[_Level] = []
        self.at = 0

    # ---- blocks ----

    def document(self) -> None:
        try:
            while self.at < len(self.text):
                self._line()
        except _End:
            return
        self._stopped_between()

    def _stopped_between(self) -> None:
        """Note where the text is over with nothing begun: the column tells to what the next word would belong."""
        column = self.at - (self.text.rfind("\n", 0, self.at) + 1)
        line = self.text[self.at - column : self.at]
        if line.strip():
            return  # after a scalar, or in a comment: noted there
        self._close(column, keep_list=True)
        if not self.levels:
            self.found.stop = Stop((), "either", self.at)
            return
        top = self.levels[-1]
        if top.indent == column and top.kind == "map":
            self.found.stop = Stop(top.pointer, "key", self.at)
        elif top.kind == "map" and top.child is not None:
            self.found.stop = Stop(top.here, "either", self.at)
        else:
            self.found.stop = Stop(top.here, "value", self.at)

    def _line(self) -> None:
        """Read one line of a block, and whatever of the following ones belongs to its last value."""
        text, begin = self.text, self.at
        end = self._line_end(begin)
        line = text[begin:end]
        stripped = line.lstrip(" \t")
        column = len(line) - len(stripped)
        if not stripped or stripped.startswith(("#", "---", "...", "%")):
            if stripped.startswith("#") and end == len(text):
                self.found.stop = Stop((), "value", end)
                raise _End
            if end == len(text):
                self.at = end
                return
            self.at = end + 1
            return
        self.at = begin + column
        self._node(column, end)

    def _node(self, column: int, end: int) -> None:
        """Read what begins at a column: an element, an entry, or a scalar."""
        text = self.text
        while text.startswith("-", self.at) and (self.at + 1 >= end or text[self.at + 1] in " \t"):
            self._element(column)
            self.at += 1
            while self.at < end and text[self.at] in " \t":
                self.at += 1
            column = self.at - (text.rfind("\n", 0, self.at) + 1)
            if self.at >= end:
                if end == len(text):
                    self.found.stop = Stop(self.levels[-1].here, "either", end)
                    raise _End
                self.at = end + 1
                return
        key = _QUOTED_KEY.match(text, self.at, end) or _PLAIN_KEY.match(text, self.at, end)
        if key is not None:
            self._entry(column, key[0], end)
        else:
            self._lone_value(column, end)

    def _close(self, column: int, *, keep_list: bool) -> None:
        while self.levels and (
            self.levels[-1].indent > column
            or (self.levels[-1].indent == column and self.levels[-1].kind == "list" and not keep_list)
        ):
            self.levels.pop()
        lists = keep_list and len(self.levels) > 1 and self.levels[-1].kind == "list"
        if lists and self.levels[-1].indent == column == self.levels[-2].indent:
            self.levels.pop()  # a line at the column of both a list and its key: a new key is likelier

    def _here(self) -> Pointer:
        return self.levels[-1].here if self.levels else ()

    def _element(self, column: int) -> None:
        while self.levels and self.levels[-1].indent > column:
            self.levels.pop()
        top = self.levels[-1] if self.levels else None
        if top is None or top.kind != "list" or top.indent != column:
            self.levels.append(_Level(column, "list", self._here(), -1))
        level = self.levels[-1]
        level.child = level.child + 1 if isinstance(level.child, int) else 0

    def _entry(self, column: int, raw: str, end: int) -> None:
        self._close(column, keep_list=False)
        top = self.levels[-1] if self.levels else None
        if top is None or top.kind != "map" or top.indent != column:
            self.levels.append(_Level(column, "map", self._here()))
        level = self.levels[-1]
        level.child = unquoted(raw)
        self._add(level.here, "key", self.at, self.at + len(raw))
        self.at = self.text.index(":", self.at + len(raw)) + 1
        self._value(level.here, column, end)

    def _lone_value(self, column: int, end: int) -> None:
        """Read a scalar or a flow that stands alone on its line, or after a dash."""
        self._close(column, keep_list=True)
        top = self.levels[-1] if self.levels else None
        if self.text[self.at] not in "[{" and top is not None and top.kind == "map" and top.indent == column:
            stop = self._plain_end(end)  # a key that has no colon yet
            if end == len(self.text):
                self.found.stop = Stop(top.pointer, "key", self.at)
                raise _End
            self._add((*top.pointer, self.text[self.at : stop]), "key", self.at, stop)
            self.at = end + 1
            return
        floor = top.indent if top else -1
        if top is not None and end == len(self.text) and self.text[self.at] not in "[{'\"":
            role: Literal["either", "value"] = "value" if "${" in self.text[self.at : end] else "either"
            self._plain(top.here, floor, end, role)
            return
        self._value(self._here(), floor, end)

    def _value(self, pointer: Pointer, floor: int, end: int) -> None:
        """Read the value that stands after a colon or a dash; what is indented deeper than the floor belongs to it."""
        text = self.text
        while self.at < end and text[self.at] in " \t":
            self.at += 1
        if found := _PROPERTY.match(text, self.at, end):
            self.at = found.end()
        if self.at >= end or text[self.at] == "#":
            if end == len(text):
                self.found.stop = Stop(pointer, "value", self.at)
                raise _End
            self.at = end + 1
            return
        if text[self.at] in "[{":
            self._flow(pointer, floor)
            self._rest_of_line()
        elif text[self.at] in "'\"":
            self._quoted(pointer, "value", floor)
            self._rest_of_line()
        elif _BLOCK_SCALAR.match(text, self.at, end):
            self._block(pointer, floor, end)
        else:
            self._plain(pointer, floor, end, "value")

    def _rest_of_line(self) -> None:
        end = self._line_end(self.at)
        if end == len(self.text):
            self.found.stop = Stop((), "value", end)
            raise _End
        self.at = end + 1

    def _plain(self, pointer: Pointer, floor: int, end: int, role: Literal["either", "value"]) -> None:
        start, stop = self.at, self._plain_end(end)
        while end < len(self.text):
            following = self._line_end(end + 1)
            line = self.text[end + 1 : following]
            stripped = line.lstrip(" ")
            if not stripped or len(line) - len(stripped) <= floor or stripped.startswith("#"):
                break
            if _PLAIN_KEY.match(stripped) or stripped.startswith("- "):
                break
            self.at = end + 1 + len(line) - len(stripped)
            end, stop = following, self._plain_end(following)
        self._add(pointer, "value", start, stop)
        if end == len(self.text):
            comment = stop < len(self.text.rstrip(" \t"))
            self.found.stop = Stop((), "value", end) if comment else Stop(pointer, role, start)
            raise _End
        self.at = end + 1

    def _plain_end(self, end: int) -> int:
        found = re.compile(r"\s+#").search(self.text, self.at, end)
        stop = found.start() if found else end
        return self.at + len(self.text[self.at : stop].rstrip())

    def _block(self, pointer: Pointer, floor: int, end: int) -> None:
        start = self.at
        while end < len(self.text):
            following = self._line_end(end + 1)
            line = self.text[end + 1 : following]
            if line.strip() and len(line) - len(line.lstrip(" ")) <= floor:
                break
            end = following
        self._add(pointer, "value", start, end)
        if end == len(self.text):
            self.found.stop = Stop(pointer, "value", start)
            raise _End
        self.at = end + 1

    # ---- flows and quotes ----

    def _flow(self, pointer: Pointer, floor: int) -> None:
        opening, start = self.text[self.at], self.at
        self.at += 1
        index = 0
        while True:
            if not self._skip(floor):
                self.found.flows[pointer] = (start, self.at)
                return
            if self.at >= len(self.text):
                child = (*pointer, index) if opening == "[" else pointer
                self._over(child, "key" if opening == "{" else "value", self.at)
            character = self.text[self.at]
            if character in "]}":
                self.at += 1
                self.found.flows[pointer] = (start, self.at)
                return
            if character == ",":
                self.at += 1
                index += 1
            elif opening == "[":
                self._flow_value((*pointer, index), floor)
            else:
                self._flow_entry(pointer, floor)

    def _flow_entry(self, pointer: Pointer, floor: int) -> None:
        start = self.at
        if self.text[start] in "'\"":
            raw = self._quoted_raw(floor)
            if self._open(raw):
                self._over(pointer, "key", start)
        else:
            raw = self._flow_plain(key=True)
            if self.at >= len(self.text):
                self._over(pointer, "key", start)
        if not raw:
            self.at += 1  # a bracket that opens nothing
            return
        child = (*pointer, unquoted(raw))
        self._add(child, "key", start, start + len(raw))
        self._skip(floor)
        if self.text.startswith(":", self.at):
            self.at += 1
            if not self._skip(floor):
                return
            if self.at >= len(self.text):
                self._over(child, "value", self.at)
            if self.text[self.at] not in ",}]":
                self._flow_value(child, floor)

    def _flow_value(self, pointer: Pointer, floor: int) -> None:
        character = self.text[self.at]
        if character in "[{":
            self._flow(pointer, floor)
        elif character in "'\"":
            self._quoted(pointer, "value", floor, flow=True)
        else:
            start = self.at
            raw = self._flow_plain(key=False)
            self._add(pointer, "value", start, start + len(raw))
            if self.at >= len(self.text):
                self._over(pointer, "value", start)
            if self.at == start:
                self.at += 1

    def _flow_plain(self, *, key: bool) -> str:
        """Read a plain scalar within brackets; an unquoted `${…}` is read over, as its writer meant it."""
        text, start = self.text, self.at
        while self.at < len(text):
            if text.startswith("${", self.at):
                close = text.find("}", self.at)
                line = self._line_end(self.at)
                self.at = close + 1 if 0 <= close < line else line
                continue
            character = text[self.at]
            if character in ",[]{}\n" or (character == "#" and text[self.at - 1] in " \t"):
                break
            if key and character == ":" and text[self.at + 1 : self.at + 2] in {"", " ", "\n", ",", "}", '"', "'"}:
                break
            self.at += 1
        raw = text[start : self.at].rstrip()
        if self.at < len(text):
            self.at = start + len(raw)
        return raw

    def _quoted(self, pointer: Pointer, role: Role, floor: int, *, flow: bool = False) -> None:
        start = self.at
        raw = self._quoted_raw(floor)
        self._add(pointer, role, start, start + len(raw))
        if self._open(raw):
            self.found.stop = Stop(pointer, "value", start, flow)
            raise _End

    def _quoted_raw(self, floor: int) -> str:
        """Read up to the closing mark; a mark that nobody closed ends where the next entry of the block begins."""
        text, start, mark = self.text, self.at, self.text[self.at]
        self.at += 1
        while self.at < len(text):
            character = text[self.at]
            if character == mark:
                self.at += 1
                if mark == "'" and text.startswith("'", self.at):
                    self.at += 1
                    continue
                return text[start : self.at]
            if character == "\\" and mark == '"':
                self.at += 1
            elif character == "\n" and self._outside(self.at + 1, floor):
                return text[start : self.at]
            self.at += 1
        self.at = len(text)
        return text[start:]

    def _open(self, raw: str) -> bool:
        """Tell whether the text ends within a quoted scalar: its second mark is not there, or is an escaped one."""
        if self.at < len(self.text):
            return False
        inner = raw[1:-1]
        escaped = raw[0] == '"' and (len(inner) - len(inner.rstrip("\\"))) % 2 == 1
        return len(raw) < 2 or raw[-1] != raw[0] or escaped  # noqa: PLR2004  (two marks)

    def _outside(self, begin: int, floor: int) -> bool:
        """Tell whether a line belongs to the block around, not to what is open."""
        line = self.text[begin : self._line_end(begin)]
        stripped = line.lstrip(" ")
        return bool(stripped) and len(line) - len(stripped) <= floor and stripped[0] not in "]}"

    def _skip(self, floor: int) -> bool:
        """Skip blanks and comments within brackets; False where the block around goes on."""
        text = self.text
        while self.at < len(text):
            if text[self.at] == "\n":
                if self._outside(self.at + 1, floor):
                    return False
                self.at += 1
            elif text[self.at] in " \t":
                self.at += 1
            elif text[self.at] == "#" and text[self.at - 1] in " \t\n":
                self.at = self._line_end(self.at)
            else:
                break
        return True

    # ---- what both need ----

    def _over(self, pointer: Pointer, role: Role, start: int) -> None:
        self.found.stop = Stop(pointer, role, start, flow=True)
        raise _End

    def _add(self, pointer: Pointer, role: Role, start: int, end: int) -> None:
        self.found.scalars.append(Scalar(pointer, role, start, end, self.text[start:end]))

    def _line_end(self, at: int) -> int:
        found = self.text.find("\n", at)
        return len(self.text) if found < 0 else found
