"""A body rebuilt from the events of a stream, as the spec's `fold` says, so that `output` is written once.

What a fold knows of one stream stands in nodes, one for each key of the plan: events go through them once, by the keys
that they have, and the body is made of them when somebody asks. Texts are joined then, not piece by piece.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, Protocol

from koppling.expression import ABSENT, ExpressionError, compile_expression
from koppling.template import whole

_OWN: Final = frozenset({"by", "from"})

# (the part of the event at this level, the roots of the stream) -> what a key of the body is made of, or ABSENT
_Pick = Callable[[Any, dict[str, Any]], Any]


class Fold(Protocol):
    """The body of one stream, as far as it has come."""

    def take(self, column: list[Any], roots: dict[str, Any]) -> None:
        """Fold events in. `roots` are what `${…}` sees: where there is one, the roots of one event alone."""
        ...

    def body(self) -> Any:
        """Return the body so far, ABSENT where no event added anything."""
        ...


def compile_fold(plan: dict[str, Any]) -> Callable[[], Fold]:
    """Compile a `fold`: what it returns begins one stream."""
    return _map_of(plan)


def strategy_of(plan: dict[str, Any]) -> str | None:
    """Return the strategy of an entry that is an expression with one; None where the entry is a map."""
    strategy = next((name for name in _STRATEGIES if name in plan), None)
    return strategy if strategy is not None and set(plan) <= {strategy, "as"} else None


# ---- from plan to nodes ----


def _node_of(plan: Any) -> Callable[[], Any]:
    if isinstance(plan, str):
        return _STRATEGIES[plan]
    strategy = strategy_of(plan)
    if strategy is not None:
        node, convert = _STRATEGIES[strategy], _CONVERSIONS.get(plan.get("as", ""))
        return node if convert is None else lambda: _Converted(node(), convert)
    inner = _map_of(plan)
    if "by" not in plan:
        return inner
    by, kept = plan["by"], plan.get(plan["by"]) != "drop"
    return lambda: _List(by, inner, kept=kept)


def _map_of(plan: dict[str, Any]) -> Callable[[], _Map]:
    keys: list[tuple[str, str, Callable[[], Any]]] = []
    picks: list[tuple[str, _Pick, Callable[[], Any]]] = []
    for key, value in plan.items():
        if key in _OWN or value == "drop":
            continue
        source, pick = _source(key, value)
        if pick is None:
            keys.append((source, key, _node_of(value)))
        else:
            picks.append((key, pick, _node_of(value)))
    return lambda: _Map(keys, picks)


def _source(key: str, plan: Any) -> tuple[str, _Pick | None]:
    """Return the key of the event that a key of the body is made of, or the expression."""
    if isinstance(plan, str):
        return key, None
    strategy = strategy_of(plan)
    text: str = plan.get("from", key) if strategy is None else plan[strategy]
    if _NAME.fullmatch(text) or (strategy is None and "from" not in plan):
        return text, None
    return key, _pick(text)


_NAME: Final = re.compile(r"[A-Za-z_]\w*")


def _pick(text: str) -> _Pick:
    inner = whole(text)
    find = compile_expression(text if inner is None else inner)

    def pick(part: Any, roots: dict[str, Any]) -> Any:
        try:
            value = find(part if inner is None else roots)
        except ExpressionError:
            return ABSENT
        return ABSENT if value is False or value is None else value

    return pick


# ---- nodes ----
#
# A node takes a column: what its key is in each of some events, in their order. Columns of many events cost a fraction
# of what the events cost one by one. Where the vendor said null and nothing else, the body says null, as it does in an
# answer that is not streamed.


_FEW: Final = 3  # of more keys than these it pays to find out first which of them the events have


class _Map:
    """An object, folded key by key."""

    __slots__ = ("_columns", "_many", "_named", "_null", "_picks", "_singles", "_values")

    def __init__(
        self,
        keys: list[tuple[str, str, Callable[[], Any]]],
        picks: list[tuple[str, _Pick, Callable[[], Any]]],
    ) -> None:
        self._null = False
        self._values: dict[str, Any] = {}
        self._singles: list[tuple[str, Any]] = []  # of which one event is enough
        self._columns: list[tuple[str, Any]] = []
        self._picks: list[tuple[_Pick, Any]] = []
        for source, key, make in keys:
            self._values[key] = made = make()
            node = made.node if isinstance(made, _Converted) else made
            (self._singles if isinstance(node, _First | _Last) else self._columns).append((source, node))
        self._named = {name for name, _ in self._columns}
        self._many = len(self._columns) > _FEW
        for key, pick, make in picks:
            self._values[key] = made = make()
            self._picks.append((pick, made.node if isinstance(made, _Converted) else made))

    def take(self, column: list[Any], roots: dict[str, Any]) -> None:
        objects = [one for one in column if type(one) is dict]
        if len(objects) < len(column):
            self._null = self._null or None in column
        for name, node in self._singles:
            node.seek(name, objects)
        if self._columns and objects:
            names = set().union(*objects) if self._many else self._named
            for name, node in self._columns:
                if name in names and (values := [one[name] for one in objects if name in one]):
                    node.take(values, roots)
        for pick, node in self._picks:
            if type(node) is _First:
                node.find(pick, objects, roots)
            elif values := [value for one in objects if (value := pick(one, roots)) is not ABSENT]:
                node.take(values, roots)

    def body(self) -> Any:
        found = {key: value for key, node in self._values.items() if (value := node.body()) is not ABSENT}
        return found or (None if self._null else ABSENT)


class _List:
    """A list, folded element by element: those with the same value at `by` are one. An object alone is one of them."""

    __slots__ = ("_by", "_found", "_kept", "_make", "_null")

    def __init__(self, by: str, make: Callable[[], _Map], *, kept: bool) -> None:
        self._by, self._make, self._kept = by, make, kept
        self._found: dict[Any, _Map] = {}
        self._null: Any = ABSENT

    def take(self, column: list[Any], roots: dict[str, Any]) -> None:
        by, elements = self._by, list[Any]()
        for part in column:
            if type(part) is list:
                elements += part
                if not part:
                    self._null = []
            elif type(part) is dict and by in part:
                elements.append(part)
            elif part is None and self._null is ABSENT:
                self._null = None
        columns: dict[Any, list[Any]] = {}
        count = len(self._found)
        for element in elements:
            if type(element) is not dict:
                continue
            mark = element.get(by)
            if type(mark) is not int and type(mark) is not str:
                mark = count
            if mark in columns:
                columns[mark].append(element)
            else:
                columns[mark] = [element]
                count += mark not in self._found
        for mark, elements in columns.items():
            node = self._found.get(mark)
            if node is None:
                node = self._found[mark] = self._make()
            node.take(elements, roots)

    def body(self) -> Any:
        if not self._found:
            return self._null
        order = sorted(self._found, key=lambda mark: mark if isinstance(mark, int) else 0)
        return [self._element(mark) for mark in order]

    def _element(self, mark: Any) -> Any:
        found = self._found[mark].body()
        found = {} if found is ABSENT else found
        return {self._by: mark, **found} if self._kept else found


class _First:
    __slots__ = ("_value",)

    def __init__(self) -> None:
        self._value: Any = ABSENT

    def seek(self, name: str, objects: list[Any]) -> None:
        """Take the first value of a key, null where nothing else is there."""
        if self._value is not ABSENT and self._value is not None:
            return
        for one in objects:
            value = one.get(name, ABSENT)
            if value is not ABSENT:
                self._value = value
                if value is not None:
                    return

    def find(self, pick: _Pick, objects: list[Any], roots: dict[str, Any]) -> None:
        """Take what an expression finds first; it is evaluated no more then."""
        if self._value is ABSENT:
            values = (pick(one, roots) for one in objects)
            self._value = next((value for value in values if value is not ABSENT), ABSENT)

    def take(self, column: list[Any], _roots: dict[str, Any]) -> None:
        """Take what expressions found."""
        self._value = column[0] if self._value is ABSENT else self._value

    def body(self) -> Any:
        return self._value


class _Last:
    __slots__ = ("_value",)

    def __init__(self) -> None:
        self._value: Any = ABSENT

    def seek(self, name: str, objects: list[Any]) -> None:
        """Take the last value of a key, null where nothing else is there."""
        for one in reversed(objects):
            value = one.get(name, ABSENT)
            if value is not ABSENT:
                if value is not None:
                    self._value = value
                    return
                if self._value is ABSENT:
                    self._value = None

    def take(self, column: list[Any], _roots: dict[str, Any]) -> None:
        """Take what expressions found."""
        self._value = column[-1]

    def body(self) -> Any:
        return self._value


class _Concat:
    """Texts or lists, joined. What is neither replaces what there was."""

    __slots__ = ("_null", "_pieces")

    def __init__(self) -> None:
        self._null = False
        self._pieces: list[Any] = []

    def take(self, column: list[Any], _roots: dict[str, Any]) -> None:
        if None in column:
            self._null = True
            column = [value for value in column if value is not None]
        self._pieces += column

    def body(self) -> Any:
        pieces = self._pieces
        if not pieces:
            return None if self._null else ABSENT
        kind = str if isinstance(pieces[-1], str) else list
        if kind is str:
            with suppress(TypeError):  # there is something else among them
                return "".join(pieces)
        at = len(pieces)
        while at and isinstance(pieces[at - 1], kind):
            at -= 1
        joined = pieces[at:]
        if not joined:
            return pieces[-1]
        return "".join(joined) if kind is str else [one for piece in joined for one in piece]


class _Append:
    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: Any = ABSENT

    def take(self, column: list[Any], _roots: dict[str, Any]) -> None:
        found = [value for value in column if value is not None]
        if found and not self._found:
            self._found = found
        elif found:
            self._found += found
        elif self._found is ABSENT:
            self._found = None

    def body(self) -> Any:
        return list(self._found) if isinstance(self._found, list) else self._found


_STRATEGIES: dict[str, Callable[[], Any]] = {"first": _First, "last": _Last, "concat": _Concat, "append": _Append}


class _Converted:
    """What a node has, in the form that an answer in one piece has."""

    __slots__ = ("_convert", "node")

    def __init__(self, node: Any, convert: Callable[[str], Any]) -> None:
        self.node, self._convert = node, convert

    def body(self) -> Any:
        found = self.node.body()
        if not isinstance(found, str):
            return found
        try:
            return self._convert(found)
        except ValueError:
            return found


_UNIT: Final = re.compile(r"[^=]+=*")


def _base64(joined: str) -> str:
    """Return pieces of base64 as one: a piece that ends in padding was encoded by itself."""
    if "=" not in joined.rstrip("="):
        return joined
    import base64

    return base64.b64encode(b"".join(base64.b64decode(one, validate=True) for one in _UNIT.findall(joined))).decode()


_CONVERSIONS: dict[str, Callable[[str], Any]] = {"base64": _base64, "json": json.loads}
