"""One spec file being changed: its text, and the places of everything in it."""

from __future__ import annotations

import copy
import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from koppling.read import Pointer, Span, parse_document, read_regular, spans
from koppling_tools.console.mistakes import Misuse

_BOM: Final = "\ufeff"
_PLAIN: Final = re.compile(r"[A-Za-z0-9_/][A-Za-z0-9_ .@/+()'-]*")
# What YAML does not take as it is, or what nobody would see: https://yaml.org/spec/1.2.2/#51-character-set
_HIDDEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_OTHER: Final = {"true", "false", "null", "yes", "no", "on", "off", "~", ""}


class Edit:
    """A file and the changes to it.

    Raises:
        Misuse: it cannot be read, or has faults that keep its places from being known.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            whole = read_regular(path).decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Misuse(f"{path} cannot be read: {error}") from None
        self._bom = _BOM if whole.startswith(_BOM) else ""
        self.before = self.text = whole.removeprefix(_BOM)
        self.value: Any = None
        self._spans: dict[Pointer, Span] = {}
        self._read()

    def _read(self) -> None:
        document = parse_document(self.text.encode(), str(self.path))
        faults = [one for one in document.diagnostics if one.severity == "error"]
        if faults or not isinstance(document.value, dict):
            told = f": {faults[0].message}" if faults else ""
            raise Misuse(f"{self.path} has faults that must be mended first{told}; see `koppling validate {self.path}`")
        self.value, self._spans = document.value, spans(self.text)

    def get(self, pointer: Pointer) -> Any:
        """Return what stands at a place, None where nothing does."""
        found = self.value
        for step in pointer:
            try:
                found = found[step]
            except (KeyError, IndexError, TypeError):
                return None
        return found

    def set(self, pointer: Pointer, value: Any, *, after: tuple[str, ...] = ()) -> None:
        """Write a value at a place. Its map is there; the key may not be.

        Args:
            pointer: the place.
            value: text, number, true, false, null, or a map or list of such, which is written in braces.
            after: keys of the same map; a new key comes after the last of them that is there, else at the end.
        """
        expected = copy.deepcopy(self.value)
        _put(expected, pointer, value, after)
        if pointer in self._spans:
            self._replace(pointer, value)
        else:
            self._insert(pointer, value, after)
        self._read()
        if self.value != expected:
            raise Misuse(
                f"{self.path} is written in a way that this cannot change safely; edit {_told(pointer)} by hand"
            )

    def remove(self, key: str) -> None:
        """Take a key of the file itself out, with all that stands under it. A comment above it stays.

        Raises:
            Misuse: it is written in a way that this cannot change safely.
        """
        expected = {name: one for name, one in self.value.items() if name != key}
        found = re.search(rf"^{re.escape(key)}\s*:", self.text, flags=re.MULTILINE)
        if found is not None:
            self._splice(found.start(), self._end_of_block((key,), 0), "")
            self._read()
        if self.value != expected:
            raise Misuse(f"{self.path} is written in a way that this cannot change safely; take out `{key}` by hand")

    def replace_entry(self, pointer: Pointer, key: str, value: Mapping[str, None]) -> None:
        """Write another key, with nothing but names in its map, in the place of an entry that is a list.

        Raises:
            Misuse: it is written in a way that this cannot change safely.
        """
        expected = copy.deepcopy(self.value)
        holder = _at(expected, pointer[:-1])
        del holder[pointer[-1]]
        holder[key] = dict(value)
        start, span = self._start_of_entry(pointer), self._spans[pointer]
        written = f"{key}: {{{', '.join(f'{key_as(name)}: ' for name in value)}}}"
        if span.flow:
            self._splice(start, span.end, written)
        else:
            end = self._end_of_block(pointer, start - self.text.rfind("\n", 0, start) - 1)
            tail = self.text[:end][len(self.text[:end].rstrip()) :]
            self._splice(start, end, written + tail)
        self._hold(expected, pointer)

    def remove_entry(self, pointer: Pointer) -> None:
        """Take a key with a scalar out of a map that keeps others.

        Raises:
            Misuse: it is written in a way that this cannot change safely.
        """
        expected = copy.deepcopy(self.value)
        del _at(expected, pointer[:-1])[pointer[-1]]
        start, end = self._start_of_entry(pointer), self._spans[pointer].end
        if self._spans[pointer[:-1]].flow:
            if comma := re.compile(r"\s*,\s*").match(self.text, end):
                end = comma.end()
            else:
                start = len(self.text[:start].rstrip().removesuffix(","))
        else:
            start = self.text.rfind("\n", 0, start) + 1
            end = self.text.find("\n", end) + 1 or len(self.text)
        self._splice(start, end, "")
        self._hold(expected, pointer)

    def _start_of_entry(self, pointer: Pointer) -> int:
        """Return where the key of an entry begins; where its value does, if that is not known."""
        at = self._spans[pointer].start
        found = re.search(rf"([\"']?){re.escape(str(pointer[-1]))}\1\s*:\s*\Z", self.text[:at])
        return found.start() if found else at

    def _hold(self, expected: Any, pointer: Pointer) -> None:
        """Read what was written, and refuse it where it says something else, or loses a comment."""
        self._read()
        if self.value != expected or self.text.count("#") != self.before.count("#"):
            raise Misuse(
                f"{self.path} is written in a way that this cannot change safely; edit {_told(pointer)} by hand"
            )

    def _replace(self, pointer: Pointer, value: Any) -> None:
        span = self._spans[pointer]
        if span.kind != "scalar" and not span.flow:
            raise Misuse(f"{self.path}: {_told(pointer)} is written over several lines; edit it by hand")
        written = written_as(value, flow=self._within_flow(pointer))
        quote = self.text[span.start : span.start + 1]
        if isinstance(value, str) and written == value and quote in {'"', "'"} and quote not in value:
            written = f"{quote}{value}{quote}"
        gap = "" if span.end > span.start or self.text[: span.start].endswith(" ") else " "
        self._splice(span.start, span.end, gap + written)

    def _insert(self, pointer: Pointer, value: Any, after: tuple[str, ...]) -> None:
        *parent, key = pointer
        span = self._spans[tuple(parent)]
        if span.kind == "scalar":  # `blue:` with nothing after it
            gap = "" if self.text[: span.start].endswith(" ") else " "
            self._splice(span.start, span.end, f"{gap}{{{key}: {written_as(value, flow=True)}}}")
            return
        entry = f"{key}: {written_as(value, flow=span.flow)}"
        siblings = [one for one in self._spans if len(one) == len(pointer) and one[:-1] == tuple(parent)]
        chosen = [one for one in siblings if one[-1] in after]
        if span.flow:
            last = (chosen or siblings)[-1:]
            at = self._spans[last[0]].end if last else span.start + 1
            self._splice(at, at, f", {entry}" if last else entry)
            return
        first = self.text.rfind("\n", 0, span.start) + 1
        indent = " " * (span.start - first)
        at = self._end_of_block(chosen[-1] if chosen else siblings[-1], len(indent))
        newline = "\r\n" if "\r\n" in self.text else "\n"
        lead = "" if self.text[:at].endswith("\n") else newline
        self._splice(at, at, f"{lead}{indent}{entry}{newline}")

    def _end_of_block(self, pointer: Pointer, indent: int) -> int:
        """Return where the line after an entry of a block map begins; comments belong to what follows them."""
        at = self.text.find("\n", self._spans[pointer].start)
        if at < 0:
            return len(self.text)
        end = at = at + 1
        while at < len(self.text):
            following = self.text.find("\n", at) + 1 or len(self.text)
            line = self.text[at:following]
            if line.strip() and not line.lstrip().startswith("#"):
                if len(line) - len(line.lstrip(" ")) <= indent and not self._inside(pointer, at):
                    break
                end = following
            at = following
        return end

    def _inside(self, pointer: Pointer, at: int) -> bool:
        span = self._spans[pointer]
        return (span.flow or span.kind == "scalar") and at < span.end

    def _within_flow(self, pointer: Pointer) -> bool:
        return any(self._spans[pointer[:length]].flow for length in range(len(pointer)))

    def _splice(self, start: int, end: int, text: str) -> None:
        self.text = self.text[:start] + text + self.text[end:]

    @property
    def diff(self) -> str:
        """What changed, as a unified diff; empty where nothing did."""
        before, after = self.before.splitlines(keepends=True), self.text.splitlines(keepends=True)
        return "".join(difflib.unified_diff(before, after, str(self.path), str(self.path), n=1))

    def save(self, path: Path | None = None) -> None:
        """Write the file.

        Raises:
            Misuse: it cannot be written.
        """
        target = path or self.path
        try:
            target.write_bytes((self._bom + self.text).encode())
        except OSError as error:
            raise Misuse(f"{target} cannot be written: {error.strerror or error}") from None


def _at(value: Any, pointer: Pointer) -> Any:
    for step in pointer:
        value = value[step]
    return value


def _put(value: Any, pointer: Pointer, new: Any, after: tuple[str, ...]) -> None:
    for step in pointer[:-2]:
        value = value[step]
    if len(pointer) > 1:
        if value[pointer[-2]] is None:
            value[pointer[-2]] = {}
        value = value[pointer[-2]]
    del after  # the order of keys is no part of a value
    value[pointer[-1]] = new


def _told(pointer: Pointer) -> str:
    return "/".join(str(step) for step in pointer)


def written_as(value: Any, *, flow: bool) -> str:
    """Return a value as YAML on one line, with quotes where it needs them."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key_as(key)}: {written_as(one, flow=True)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(written_as(one, flow=True) for one in value) + "]"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    return text_as(value, flow=flow)


def key_as(key: str) -> str:
    """Return the key of a map as YAML."""
    return key if re.fullmatch(r"\$[A-Za-z]+", str(key)) else text_as(str(key), flow=True)


def text_as(text: str, *, flow: bool) -> str:
    """Return a text as a YAML scalar on one line: plain where every reader takes it so, else in double quotes."""
    plain = text
    if not flow:
        plain = re.sub(r"\$\{([^{}]*)\}", r"\1", plain[:1] + plain[1:].replace(",", ""))
    number = re.fullmatch(r"[-+.\d][\d_.eExXoa-fA-F+-]*", text) and not re.fullmatch(r"\d+(-\d+)+|\d+\.\d+\.\d+", text)
    simple = _PLAIN.fullmatch(plain) and text == text.strip() and " #" not in text and ": " not in text
    if simple and text.lower() not in _OTHER and not number:
        return text
    quoted = (
        text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    )
    return '"' + _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted) + '"'
