"""YAML files read with the place of everything in them. The only file that knows ruamel.yaml.

Nodes are composed by the C parser and made into plain values here: scalars follow the core schema of YAML 1.2, so a
date stays text and `yes` is a word.
"""

from __future__ import annotations

import errno
import json
import math
import re
import stat
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from koppling.diagnostics import Diagnostic, Location, join_pointer

# A spec is somebody's file. These bounds are far beyond any honest one.
BIGGEST: Final = 2 << 20
DEEPEST: Final = 64
MOST_NODES: Final = 200_000
MOST_ALIASES: Final = 1_000

Pointer = tuple[str | int, ...]

_MANY = 4 * DEEPEST
# Each level of a block style takes a column of its line, or its indicator does.
_RUN = re.compile(rf"(?:\A|[\n\r\x85\u2028\u2029])[ \t?:\-]{{{_MANY}}}")
_LONGEST_NUMBER = 400  # digits; int() refuses more than 4300
_TAG = "tag:yaml.org,2002:"
_INT = re.compile(r"[-+]?\d+")
_OCTAL_OR_HEX = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?")
_WORDS: Final[dict[str, Any]] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}


@dataclass(frozen=True, slots=True)
class Document:
    """A file as a value, with the places of its keys and values. `value` is None where it could not be read."""

    path: str
    value: Any
    text: str = field(default="", repr=False)
    diagnostics: tuple[Diagnostic, ...] = ()
    values: dict[Pointer, tuple[int, int, bool]] = field(default_factory=dict, repr=False)
    keys: dict[Pointer, tuple[int, int]] = field(default_factory=dict, repr=False)

    def locate(self, pointer: Pointer, *, key: bool = False, offset: int = 0) -> Location:
        """Return where a value stands (or its key), or the nearest thing around it.

        Args:
            pointer: keys and indexes that lead to it.
            key: the place of the key in its map, where the value has one.
            offset: so many characters into a text that stands on one line.
        """
        while pointer not in self.values and pointer:
            pointer, key, offset = pointer[:-1], False, 0
        if key and pointer in self.keys:
            line, column = self.keys[pointer]
            return Location(self.path, line, column)
        line, column, quoted = self.values.get(pointer, (1, 1, False))
        return Location(self.path, line, column + offset + (1 if offset and quoted else 0))

    def fault(
        self,
        rule: str,
        message: str,
        pointer: Pointer,
        *,
        help: str = "",  # noqa: A002  (the word that a Diagnostic uses)
        key: bool = False,
        offset: int = 0,
    ) -> Diagnostic:
        """Return a fault at a place of this document."""
        place = self.locate(pointer, key=key, offset=offset)
        return Diagnostic(rule, message, place, pointer=join_pointer(*pointer), help=help)


def read_document(path: Path, shown: str | None = None) -> Document:
    """Read a YAML file. Faults of the file are in `.diagnostics`; nothing is raised for them.

    Args:
        path: the file.
        shown: the path as messages should write it, when not as given.
    """
    name = shown or str(path)
    try:
        data = read_regular(path)
    except OSError as error:
        reason = error.strerror or str(error)
        return Document(name, None, "", (Diagnostic("unreadable", f"cannot be read: {reason}", Location(name)),))
    return parse_document(data, name)


def read_regular(path: Path) -> bytes:
    """Return the bytes of a file, of a large one no more than tell that it is too large.

    Raises:
        OSError: it cannot be read, or is a pipe, a socket or a device, for which a reader may wait for ever.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "is a folder" if stat.S_ISDIR(mode) else "is no regular file", str(path))
    with path.open("rb") as file:
        return file.read(BIGGEST + 1)


def parse_document(data: bytes, name: str) -> Document:
    """Make a document of the bytes of a YAML file."""
    if len(data) > BIGGEST:
        fault = Diagnostic("too-large", f"a spec has at most {BIGGEST >> 20} MiB", Location(name))
        return Document(name, None, "", (fault,))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        fault = Diagnostic("yaml-syntax", "is not UTF-8", Location(name, line, 1), help="save the file as UTF-8")
        return Document(name, None, "", (fault,))
    node, fault_or_none = _compose(text, name)
    if fault_or_none is not None:
        return Document(name, None, text, (fault_or_none,))
    if node is None:
        fault = Diagnostic("yaml-syntax", "the file is empty", Location(name, 1, 1), help="write it, or remove it")
        return Document(name, None, text, (fault,))
    builder = _Builder(name)
    try:
        value = builder.build(node, ())
    except _Bound as bound:
        fault = Diagnostic("yaml-bounds", str(bound), Location(name, bound.line, bound.column))
        return Document(name, None, text, (*builder.diagnostics, fault))
    return Document(name, value, text, tuple(builder.diagnostics), builder.values, builder.keys)


def _compose(text: str, name: str) -> tuple[Any, Diagnostic | None]:
    from ruamel.yaml.cyaml import CSafeLoader  # 125 ms that a compiled spec does not pay
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    if _is_too_deep(text):
        return None, Diagnostic("yaml-bounds", f"is nested more than {DEEPEST} deep", Location(name, 1, 1))
    loader = CSafeLoader(text)
    try:
        return loader.get_single_node(), None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Location(name, mark.line + 1, mark.column + 1) if mark else Location(name, 1, 1)
        return None, Diagnostic("yaml-syntax", *_syntax_words(error, text, place))
    except (YAMLError, RecursionError, ValueError) as error:
        place, help_text = Location(name, 1, 1), ""
        if (control := re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", text)) is not None:
            line = text.count("\n", 0, control.start()) + 1
            place = Location(name, line, control.start() - text.rfind("\n", 0, control.start()))
            help_text = "remove it, or write it as an escape in double quotes"
        return None, Diagnostic("yaml-syntax", f"is no YAML: {str(error).splitlines()[0]}", place, help=help_text)


def _is_too_deep(text: str) -> bool:
    """Tell whether a text is nested so deep that composing its nodes, which recurses in C, could end the process.

    Only a text with hundreds of brackets, or of indicators or blanks at the beginning of a line, can be; of such a text
    the parser tells, which does not recurse.
    """
    if text.count("[") + text.count("{") <= _MANY and _RUN.search(text) is None:
        return False
    from ruamel.yaml.cyaml import CSafeLoader
    from ruamel.yaml.error import YAMLError
    from ruamel.yaml.events import CollectionEndEvent, CollectionStartEvent, StreamEndEvent

    loader, depth, event = CSafeLoader(text), 0, None
    try:
        while depth <= _MANY and not isinstance(event, StreamEndEvent):
            event = loader.get_event()
            depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
    except (YAMLError, ValueError):  # composing comes no further either, and tells what is wrong
        return False
    return depth > _MANY


def _syntax_words(error: Any, text: str, place: Location) -> tuple[Any, ...]:
    """Return message, place, severity, pointer, help of a syntax fault; the commonest mistakes are named."""
    problem = error.problem or "is no YAML"
    context = f" {error.context}" if error.context else ""
    lines = text.splitlines()
    near = "\n".join(lines[max(0, place.line - 2) : place.line + 1])
    help_text = ""
    if "single document" in context + problem:
        problem, context, help_text = "holds more than one document", "", "write one document a file; remove the `---`"
    elif "\\t" in problem or "\t" in near.replace("\t ", "\t"):
        help_text = "indent with spaces, not tabs"
    elif re.search(r"[\[{,]\s*(?:[\w-]+:\s*)?[^\s\"'\[{,}][^\"'\[{,}]*\$\{|[\[{,:]\s*\$\{", near) and re.search(
        r"[{\[].*\$\{", near
    ):
        place = _dollar(lines, place)
        help_text = 'inside {…} and […] an expression is quoted: "${…}"'
    elif (meant := _colon(lines, problem, place, error.context_mark)) is not None:
        problem, place, help_text = meant
    elif "unexpected ':'" in problem:
        help_text = "inside {…} and […] a text that holds `:` is quoted"
    elif re.search(r"\$\{[^\"']*: ", near):
        place = _dollar(lines, place)
        help_text = 'an expression that holds `: ` is quoted: "${…}"'
    else:
        help_text = next((said for part, said in _UNFINISHED.items() if part in problem + context), "")
    if mark := next((at for at, line in enumerate(lines, 1) if line.startswith(("<<<<<<< ", ">>>>>>> "))), None):
        place = Location(place.path, mark, 1)
        problem, context = "a merge was left unfinished", ""
        help_text = "keep one side, and remove the lines of <, = and >"
    said = problem + context
    for theirs, ours in _OUR_WORDS.items():
        said = said.replace(theirs, ours)
    return f"is no YAML: {said}", place, "error", "", help_text


# What a parser calls otherwise than the page on the language.
_OUR_WORDS = {
    "flow mapping": "map in {…}",
    "block mapping": "map",
    "mapping values are": "a second `: ` is",
    "flow sequence": "list in […]",
    "block collection": "list",
    "block sequence entries are": "a list behind a key is",
    "scalar": "text",
}
# Characters that look like a blank, or like nothing.
_UNSEEN = re.compile("[\u00a0\u00ad\u1680\u2000-\u200f\u202f\u205f\u2060\u3000\ufeff]")
# Where a blank would mean something: before a key, behind its colon.
_HIDDEN = re.compile(rf"(?:^[ -]*|: *){_UNSEEN.pattern}")


def unseen(text: str) -> str:
    """Return what to do about the first character of a text that nobody sees; nothing where there is none."""
    found = _UNSEEN.search(text)
    if found is None:
        return ""
    name = unicodedata.name(found[0], "character").lower()
    return f"U+{ord(found[0]):04X} ({name}) stands here, and is no blank; write a blank"


def _colon(lines: list[str], problem: str, place: Location, began: Any) -> tuple[str, Location, str] | None:
    """Return what is wrong, where and what to write, of a colon or its blank that is missing.

    The parser notices it on the next line.
    """
    at = place.line
    if "find expected ':'" in problem and began is not None:
        at = began.line + 1
    elif "mapping values" in problem:
        above = next((one for one in range(at - 1, 0, -1) if not re.match(r"\s*(?:#|$)", lines[one - 1])), 0)
        if above and _is_bare(lines[above - 1]) and _indent(lines[above - 1]) == _indent(lines[at - 1]):
            at, problem = above, "could not find expected ':'"
        elif _HIDDEN.search(lines[at - 1]) is None:
            return None
    elif "unexpected ':'" not in problem or _HIDDEN.search(lines[at - 1]) is None:
        return None
    line = lines[at - 1]
    if (hidden := _HIDDEN.search(line)) is not None:
        return problem, Location(place.path, at, hidden.end()), unseen(hidden[0])
    glued = re.match(r"\s*([\w$-]+):(\S+)", line)
    help_text = f"a blank follows the colon: `{glued[1]}: {glued[2]}`" if glued else _UNFINISHED["expected ':'"]
    return problem, Location(place.path, at, _indent(line) + 1), help_text


def _is_bare(line: str) -> bool:
    """Tell whether a line has neither a key nor a list's element."""
    return not re.search(r":(?:\s|$)|^\s*-", line, re.ASCII)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


# What a parser says of a text that somebody is in the midst of writing.
_UNFINISHED = {
    "invalid Unicode character escape": "half of a surrogate pair is no character; write it, or \\U and eight digits",
    "unknown escape character": "in double quotes a \\ begins an escape; write \\\\, or put the text in single quotes",
    "hexdecimal number": "\\x has two digits, \\u four, \\U eight",
    "expected ':'": "a key is followed by a colon and its value: `key: value`",
    "quoted scalar": "close the quote",
    "flow node": "close the bracket",
    "flow sequence": "close the bracket with ], and part its elements by commas",
    "flow mapping": "close the brace with }, and part its entries by commas",
    "mapping values are not allowed": "quote a text that holds `: `; the keys of one map stand in one column",
    "block mapping": "the keys of one map stand in one column",
    "block collection": "the elements of one list stand in one column, each behind a -",
    "anchor": "quote a text that begins with & or *",
    "alias": "quote a text that begins with & or *",
    "cannot start any token": "quote a text that begins with @, ` or %",
}


def _dollar(lines: list[str], place: Location) -> Location:
    """Return the place of the `$` that the parser stumbled over."""
    for line in (place.line, place.line - 1):
        if 0 < line <= len(lines) and (found := re.search(r"(?<![\"'\w])\$\{", lines[line - 1])):
            return Location(place.path, line, found.start() + 1)
    return place


class _Bound(Exception):
    def __init__(self, message: str, node: Any) -> None:
        super().__init__(message)
        self.line, self.column = node.start_mark.line + 1, node.start_mark.column + 1


class _Builder:
    """Makes plain values of nodes, and notes the places."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.diagnostics: list[Diagnostic] = []
        self.values: dict[Pointer, tuple[int, int, bool]] = {}
        self.keys: dict[Pointer, tuple[int, int]] = {}
        self._nodes = 0
        self._seen: set[int] = set()
        self._open: set[int] = set()
        self._aliases = 0

    def build(self, node: Any, pointer: Pointer) -> Any:
        self._count(node, pointer)
        mark = node.start_mark
        if isinstance(node.value, str):
            self.values[pointer] = (mark.line + 1, mark.column + 1, bool(node.style) and node.style in "'\"")
            return self._scalar(node, pointer)
        self.values[pointer] = (mark.line + 1, mark.column + 1, False)
        self._open.add(id(node))
        found = self._mapping(node, pointer) if node.tag == f"{_TAG}map" else self._sequence(node, pointer)
        self._open.discard(id(node))
        return found

    def _count(self, node: Any, pointer: Pointer) -> None:
        self._nodes += 1
        if id(node) in self._open:
            raise _Bound("an alias holds itself", node)
        if id(node) in self._seen:
            self._aliases += 1
        self._seen.add(id(node))
        if self._nodes > MOST_NODES or self._aliases > MOST_ALIASES:
            raise _Bound("its aliases unfold to too much", node)
        if len(pointer) > DEEPEST:
            raise _Bound(f"is nested more than {DEEPEST} deep", node)

    def _mapping(self, node: Any, pointer: Pointer) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            mark = key_node.start_mark
            place = Location(self.path, mark.line + 1, mark.column + 1)
            if not isinstance(key_node.value, str):
                self._fault(
                    "yaml-key",
                    "a key is text",
                    place,
                    pointer,
                    'an expression here is quoted: "${…}"' if _looks_like_reference(key_node) else "",
                )
                continue
            if key_node.value == "$" and not key_node.style and not isinstance(value_node.value, str):
                self._fault(
                    "yaml-syntax",
                    "an unquoted `${…}` became a map",
                    place,
                    pointer,
                    'inside {…} and […] an expression is quoted: "${…}"',
                )
                continue
            key = key_node.value
            child = (*pointer, key)
            if key in found:
                first = self.keys[child]
                self._fault(
                    "duplicate-key",
                    f"the key {key!r} stands here twice; the first is on line {first[0]}",
                    place,
                    child,
                    "remove one of them",
                )
                continue
            self.keys[child] = (mark.line + 1, mark.column + 1)
            found[key] = self.build(value_node, child)
        return found

    def _sequence(self, node: Any, pointer: Pointer) -> list[Any]:
        if node.tag != f"{_TAG}seq":
            self._tag_fault(node, pointer)
            return []
        return [self.build(one, (*pointer, index)) for index, one in enumerate(node.value)]

    def _scalar(self, node: Any, pointer: Pointer) -> Any:
        tag, text = node.tag, node.value
        if not tag.startswith(_TAG) or tag.removeprefix(_TAG) not in {
            "str",
            "int",
            "float",
            "bool",
            "null",
            "timestamp",
            "value",
            "merge",
        }:
            self._tag_fault(node, pointer)
            return text
        if node.style or tag == f"{_TAG}str":
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INT.fullmatch(text):
            return int(text) if len(text) < _LONGEST_NUMBER else text
        if len(text) < _LONGEST_NUMBER and _OCTAL_OR_HEX.fullmatch(text):
            return int(text, 0)
        if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
            return number
        return text

    def _tag_fault(self, node: Any, pointer: Pointer) -> None:
        mark = node.start_mark
        place = Location(self.path, mark.line + 1, mark.column + 1)
        self._fault(
            "yaml-tag", f"the tag {node.tag} is not known here", place, pointer, "write the value without a tag"
        )

    def _fault(self, rule: str, message: str, place: Location, pointer: Pointer, help_text: str = "") -> None:
        self.diagnostics.append(Diagnostic(rule, message, place, pointer=join_pointer(*pointer), help=help_text))


def _looks_like_reference(node: Any) -> bool:
    return any(isinstance(one, tuple) for one in node.value)


def read_json(path: Path) -> dict[str, Any]:
    """Return a JSON file of our own, such as the grammar.

    Raises:
        OSError: it is not there.
    """
    found = json.loads(path.read_bytes())
    assert isinstance(found, dict)  # noqa: S101  (our own file; for the type checker)
    return found


@dataclass(frozen=True, slots=True)
class Span:
    """Where a value stands in a text, in characters from 0; `flow` is a map or list in braces or brackets."""

    start: int
    end: int
    kind: str  # scalar, map or list
    flow: bool


def spans(text: str) -> dict[Pointer, Span]:
    """Return where each value of a YAML text stands, for whoever rewrites it. Empty where the text is no YAML.

    The end of a map or list in block style is where the next thing begins.
    """
    node, fault = _compose(text, "")
    found: dict[Pointer, Span] = {}
    if fault is None and node is not None:
        lines = [0]
        for line in text.splitlines(keepends=True):
            lines.append(lines[-1] + len(line))
        _span(node, (), found, lines)
    return found


def _span(node: Any, pointer: Pointer, found: dict[Pointer, Span], lines: list[int]) -> None:
    start, end = (lines[mark.line] + mark.column for mark in (node.start_mark, node.end_mark))
    if isinstance(node.value, str):
        found[pointer] = Span(start, end, "scalar", False)
        return
    mapping = node.tag == f"{_TAG}map"
    found[pointer] = Span(start, end, "map" if mapping else "list", bool(node.flow_style))
    if len(pointer) > DEEPEST:
        return
    for index, one in enumerate(node.value):
        key, inner = one if mapping else (None, one)
        if key is None or isinstance(key.value, str):
            _span(inner, (*pointer, index if key is None else key.value), found, lines)
