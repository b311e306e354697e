"""A JMESPath expression as text, however broken: the names that it reads, and what its end could go on with.

The library that runs expressions tells nothing of half of one. This follows brackets, dots and operators, and writes
down how to come from the subject to the place where the text is over: a list of steps, each an expression.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Final, Literal

_TOKEN: Final = re.compile(
    r"""(?P<space>\s+)
    | (?P<raw>'(?:[^'\\]|\\.)*') | (?P<literal>`(?:[^`\\]|\\.)*`) | (?P<quoted>"(?:[^"\\]|\\.)*")
    | (?P<name>[A-Za-z_]\w*) | (?P<number>-?\d+)
    | (?P<operator>\|\||&&|==|!=|<=|>=|<|>|!) | (?P<flat>\[\]) | (?P<filter>\[\?)
    | (?P<mark>[][(){}.,:|&@*]) | (?P<open>['"`].*) | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step from a subject onward: each value of a projection, the elements of the lists found, or one value."""

    expression: str
    mode: Literal["each", "elements", "value"]


@dataclass(frozen=True, slots=True)
class Name:
    """A name with those before it in its chain: `input.model` gives ("input",) and ("input", "model")."""

    chain: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Tail:
    """What could stand at the end of a text.

    `steps` lead to the values whose keys fit; `rooted` where these are the roots themselves. `fragment` is what of the
    word is there already, from `start` on; `quoted` where it began with a quotation mark. `chain` are the names so far
    where there are names only.
    """

    steps: tuple[Step, ...]
    rooted: bool
    fragment: str
    start: int
    quoted: bool = False
    chain: tuple[str, ...] = ()
    begins: bool = False


@dataclass(slots=True)
class _Frame:
    opener: str
    steps: tuple[Step, ...]
    rooted: bool
    begin: int
    start: int = 0
    outer: tuple[tuple[Step, ...], bool] = ((), True)
    first: str | None = None
    names: list[str] | None = field(default_factory=list)

    def fresh(self, at: int) -> None:
        """Begin a new chain: its names are read from this frame's subject."""
        self.start, self.names = at, []


@dataclass(frozen=True, slots=True)
class Scanned:
    """The names of an expression read from its roots, and its tail: None in a literal, after a value, in a key."""

    names: tuple[Name, ...]
    tail: Tail | None


def scan(text: str) -> Scanned:
    """Scan an expression, whole or up to a cursor."""
    return _Scanner(text).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = [one for one in _TOKEN.finditer(text) if one.lastgroup != "space"]
        self._frames = [_Frame("", (), True, 0, 0, ((), True))]
        self._names: list[Name] = []

    def scan(self) -> Scanned:
        for index, token in enumerate(self._tokens):
            if token.lastgroup == "open":
                return Scanned(tuple(self._names), self._open(index, token))
            self._take(index, token)
        return Scanned(tuple(self._names), self._tail())

    def _before(self, index: int) -> str:
        return self._tokens[index - 1][0] if index > 0 else ""

    def _after(self, index: int) -> str:
        return self._tokens[index + 1][0] if index + 1 < len(self._tokens) else ""

    def _take(self, index: int, token: re.Match[str]) -> None:  # noqa: C901  (a row for each kind of token)
        frame = self._frames[-1]
        kind, said = token.lastgroup, token[0]
        if kind in {"name", "quoted"}:
            self._name(index, token, frame)
        elif kind == "filter":
            self._push("[", self._through(frame, index, token, "elements"), token.end(), rooted=False)
        elif kind == "operator":
            frame.fresh(token.end())
        elif kind in {"raw", "literal", "number", "flat", "other"}:
            frame.names = None
        elif said in "[{(":
            self._bracket(index, token, frame)
        elif said in "]})":
            if len(self._frames) > 1:
                self._frames.pop()
            self._frames[-1].names = None
        elif said == "|":
            frame.steps = (*frame.steps, Step(self._text[frame.begin : token.start()].strip(), "value"))
            frame.rooted, frame.begin = False, token.end()
            frame.fresh(token.end())
        elif said in ",:":
            if said == "," and frame.first is None:
                frame.first = self._text[frame.begin : token.start()].strip()
            frame.steps, frame.rooted = frame.outer
            frame.begin = token.end()
            frame.fresh(token.end())
        elif said == "&":
            first = frame.first
            frame.steps = (*frame.steps, Step(first, "elements")) if first else (Step("`null`", "value"),)
            frame.rooted, frame.begin = False, token.end()
            frame.fresh(token.end())
        elif said in "@*":
            frame.names = None

    def _name(self, index: int, token: re.Match[str], frame: _Frame) -> None:
        if self._after(index) == "(" or (frame.opener == "{" and self._after(index) == ":"):
            frame.names = None
            return
        if self._before(index) != ".":
            frame.names = []
        if frame.names is None:
            return
        word = token[0][1:-1] if token.lastgroup == "quoted" else token[0]
        frame.names = [*frame.names, word]
        if frame.rooted:
            self._names.append(Name(tuple(frame.names), token.start(), token.end()))

    def _bracket(self, index: int, token: re.Match[str], frame: _Frame) -> None:
        said, before = token[0], index - 1
        if said == "(" and before >= 0 and self._tokens[before].lastgroup == "name":
            before -= 1  # the function's name: what is before it counts
        dotted = before >= 0 and self._tokens[before][0] == "."
        steps, rooted = frame.steps, frame.rooted
        if dotted:
            chain = self._text[frame.start : self._tokens[before].start()].strip()
            steps, rooted = (*steps, Step(chain, "each")), False
        self._push(said, steps, token.end(), rooted=rooted)

    def _through(
        self, frame: _Frame, index: int, token: re.Match[str], mode: Literal["each", "elements"]
    ) -> tuple[Step, ...]:
        del index
        return (*frame.steps, Step(self._text[frame.start : token.start()].strip() or "@", mode))

    def _push(self, opener: str, steps: tuple[Step, ...], at: int, *, rooted: bool) -> None:
        self._frames.append(_Frame(opener, steps, rooted, at, at, (steps, rooted)))

    # ---- the end ----

    def _open(self, index: int, token: re.Match[str]) -> Tail | None:
        """Return the tail of a text that is over inside a quoted name; inside a literal there is none."""
        if not token[0].startswith('"'):
            return None
        tail = self._continued(index)
        return tail and replace(tail, fragment=token[0][1:], start=token.start(), quoted=True)

    def _tail(self) -> Tail | None:
        if not self._tokens:
            return Tail((), rooted=True, fragment="", start=len(self._text), begins=True)
        last = self._tokens[-1]
        ended = last.end() == len(self._text)
        if last.lastgroup == "name" and ended:
            tail = self._continued(len(self._tokens) - 1)
            return tail and replace(tail, fragment=last[0], start=last.start())
        if last.lastgroup in {"name", "quoted", "raw", "literal", "number", "flat", "other"} or last[0] in "]})@*":
            return None
        return self._continued(len(self._tokens))

    def _continued(self, index: int) -> Tail | None:
        """Return the tail for a word that would be the token of this index."""
        frame, before = self._frames[-1], self._before(index)
        at = len(self._text)
        if before == ".":
            dot = self._tokens[index - 1].start()
            chain = self._text[frame.start : dot].strip()
            names = tuple(one for one in re.split(r"\s*\.\s*", chain) if one)
            plain = all(re.fullmatch(r'[A-Za-z_]\w*|"[^"\\]*"', one) for one in names)
            known = tuple(one.strip('"') for one in names) if frame.rooted and plain else ()
            return Tail((*frame.steps, Step(chain or "@", "each")), rooted=False, fragment="", start=at, chain=known)
        if frame.opener == "{" and before in {"{", ","}:
            return None  # the name of a key: its writer's own
        if frame.opener == "[" and before == "[" and self._indexes(frame):
            return None
        return Tail(frame.steps, frame.rooted, "", at, begins=True)

    def _indexes(self, frame: _Frame) -> bool:
        """Tell whether a `[` takes an index: something stands right before it."""
        opening = frame.begin - 1
        if self._text[opening : opening + 1] != "[":
            return False  # of a filter
        return bool(re.search(r"[\w\"\])}]$", self._text[:opening]))
