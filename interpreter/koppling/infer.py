"""What an expression yields, told from what it reads: the shape of its value, and what in it can never match.

The rules are JMESPath's: https://jmespath.org/specification.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from koppling.expression import syntax
from koppling.shape import (
    ANYTHING,
    BOOLEAN,
    INTEGER,
    NOTHING,
    NULL,
    NUMBER,
    STRING,
    Shape,
    array_of,
    object_of,
    shape_of,
    unite,
)

Fault = Literal["dead-path", "not-a-list", "unlike-types"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that can never match. `start` counts characters into the expression; `known` are the keys there are."""

    fault: Fault
    message: str
    start: int
    word: str = ""
    known: tuple[str, ...] = ()


def infer(text: str, subject: Shape) -> tuple[Shape, list[Finding]]:
    """Return the shape of what an expression yields, and what in it can never match.

    Args:
        text: the expression.
        subject: the shape of what it is evaluated on.

    Raises:
        ExpressionError: the text is no JMESPath.
    """
    reader = _Reader()
    return reader.read(syntax(text), subject), list(dict.fromkeys(reader.found))


_ANY: Final = frozenset({"null", "boolean", "number", "string", "array", "object"})
_TEXT: Final = frozenset({"string"})
_NUMBER: Final = frozenset({"number"})
_LIST: Final = frozenset({"array"})
_OBJECT: Final = frozenset({"object"})
_COUNTED: Final = frozenset({"string", "array", "object"})

# What each argument may be; the last counts for all that follow.
_ARGUMENTS: Final[dict[str, tuple[frozenset[str], ...]]] = {
    "abs": (_NUMBER,),
    "avg": (_LIST,),
    "ceil": (_NUMBER,),
    "contains": (_TEXT | _LIST, _ANY),
    "ends_with": (_TEXT,),
    "floor": (_NUMBER,),
    "join": (_TEXT, _LIST),
    "keys": (_OBJECT,),
    "length": (_COUNTED,),
    "map": (_ANY, _LIST),
    "max": (_LIST,),
    "max_by": (_LIST, _ANY),
    "merge": (_OBJECT,),
    "min": (_LIST,),
    "min_by": (_LIST, _ANY),
    "reverse": (_TEXT | _LIST,),
    "sort": (_LIST,),
    "sort_by": (_LIST, _ANY),
    "starts_with": (_TEXT,),
    "sum": (_LIST,),
    "values": (_OBJECT,),
    "base64": (_TEXT,),
    "base64_decode": (_TEXT,),
    "from_json": (_TEXT,),
    "split": (_TEXT,),
    "replace": (_TEXT,),
}

_RESULTS: Final[dict[str, Shape]] = {
    "abs": NUMBER,
    "avg": unite(NUMBER, NULL),
    "ceil": INTEGER,
    "contains": BOOLEAN,
    "ends_with": BOOLEAN,
    "floor": INTEGER,
    "join": STRING,
    "keys": array_of(STRING),
    "length": INTEGER,
    "starts_with": BOOLEAN,
    "sum": NUMBER,
    "to_number": unite(NUMBER, NULL),
    "to_string": STRING,
    "type": STRING,
    "base64": STRING,
    "base64_decode": STRING,
    "to_json": STRING,
    "from_json": ANYTHING,
    "split": array_of(STRING),
    "replace": STRING,
}


class _Reader:
    def __init__(self) -> None:
        self.found: list[Finding] = []

    def read(self, node: dict[str, Any], subject: Shape) -> Shape:
        read: Callable[[dict[str, Any], Shape], Shape] = getattr(self, f"_{node['type']}")
        return read(node, subject)

    def _say(self, fault: Fault, message: str, node: dict[str, Any], word: str = "", known: Any = ()) -> None:
        self.found.append(Finding(fault, message, _start(node), word, tuple(known)))

    # ---- names ----

    def _field(self, node: dict[str, Any], subject: Shape) -> Shape:
        name = node["value"]
        value = subject.field(name)
        if value.only_null and not subject.only_null and not _once(subject, name):
            if subject.fields is None:
                self._say("dead-path", f"`{name}` is read of what is {_told(subject)}", node)
            else:
                self._say("dead-path", f"there is never a `{name}` there", node, name, subject.fields)
        return value

    def _identity(self, _node: dict[str, Any], subject: Shape) -> Shape:
        return subject

    _current = _identity

    def _subexpression(self, node: dict[str, Any], subject: Shape) -> Shape:
        for child in node["children"]:
            subject = self.read(child, subject)
        return subject

    _pipe = _index_expression = _subexpression

    def _literal(self, node: dict[str, Any], _subject: Shape) -> Shape:
        return shape_of(node["value"])

    # ---- lists ----

    def _elements(self, node: dict[str, Any], subject: Shape, what: str) -> Shape:
        if subject.anything:
            return ANYTHING
        if subject.items is None:
            if not subject.only_null:
                self._say("not-a-list", f"{what} a list, and this is {_told(subject)}", node)
            return NOTHING
        return ANYTHING if subject.items.nothing else subject.items

    def _index(self, node: dict[str, Any], subject: Shape) -> Shape:
        return unite(self._elements(node, subject, f"`[{node['value']}]` takes an element of"), NULL)

    def _slice(self, node: dict[str, Any], subject: Shape) -> Shape:
        return _projected(subject, self._elements(node, subject, "a slice is taken of"))

    def _projection(self, node: dict[str, Any], subject: Shape) -> Shape:
        left, right = node["children"]
        whole = self.read(left, subject)
        return _projected(whole, self._each(right, self._elements(left, whole, "`[*]` goes over")))

    def _filter_projection(self, node: dict[str, Any], subject: Shape) -> Shape:
        left, right, condition = node["children"]
        whole = self.read(left, subject)
        element = self._elements(left, whole, "`[?…]` goes over")
        self._each(condition, element)
        return _projected(whole, self._each(right, element))

    def _flatten(self, node: dict[str, Any], subject: Shape) -> Shape:
        whole = self.read(node["children"][0], subject)
        element = self._elements(node["children"][0], whole, "`[]` flattens")
        inner = element if element.items is None else unite(Shape(element.scalars, None, element.fields), element.items)
        return _projected(whole, inner)

    def _value_projection(self, node: dict[str, Any], subject: Shape) -> Shape:
        left, right = node["children"]
        whole = self.read(left, subject)
        if whole.anything or whole.fields is None:
            if not whole.anything and not whole.only_null:
                self._say("not-a-list", f"`*` goes over the values of an object, and this is {_told(whole)}", left)
            return _projected(whole, ANYTHING, "object")
        value = whole.rest or NOTHING
        for one in whole.fields.values():
            value = unite(value, one)
        return _projected(whole, self._each(right, value), "object")

    def _each(self, node: dict[str, Any], element: Shape) -> Shape:
        """Return what is kept of each element: a projection leaves nulls out."""
        value = self.read(node, element)
        return Shape(value.scalars - {"null"}, value.items, value.fields, value.rest, value.anything)

    # ---- conditions ----

    def _or_expression(self, node: dict[str, Any], subject: Shape) -> Shape:
        left, right = (self.read(child, subject) for child in node["children"])
        return unite(Shape(left.scalars - {"null"}, left.items, left.fields, left.rest, left.anything), right)

    def _and_expression(self, node: dict[str, Any], subject: Shape) -> Shape:
        left, right = (self.read(child, subject) for child in node["children"])
        return unite(left, right)

    def _not_expression(self, node: dict[str, Any], subject: Shape) -> Shape:
        self.read(node["children"][0], subject)
        return BOOLEAN

    def _comparator(self, node: dict[str, Any], subject: Shape) -> Shape:
        left, right = (self.read(child, subject) for child in node["children"])
        if not (left.anything or right.anything or left.only_null or right.only_null):
            if node["value"] in {"eq", "ne"}:
                if not left.kinds & right.kinds:
                    told = f"{_told(left)} is compared with {_told(right)}: the two are never equal"
                    self._say("unlike-types", told, node)
            elif "number" not in left.kinds or "number" not in right.kinds:
                told = f"only numbers have an order, and here {_told(left)} is compared with {_told(right)}"
                self._say("unlike-types", told, node)
        return BOOLEAN if node["value"] in {"eq", "ne"} else unite(BOOLEAN, NULL)

    # ---- what is made ----

    def _multi_select_list(self, node: dict[str, Any], subject: Shape) -> Shape:
        items = NOTHING
        for child in node["children"]:
            items = unite(items, self.read(child, subject))
        return _made(subject, array_of(items))

    def _multi_select_dict(self, node: dict[str, Any], subject: Shape) -> Shape:
        fields = {child["value"]: self.read(child["children"][0], subject) for child in node["children"]}
        return _made(subject, object_of(fields))

    def _expref(self, _node: dict[str, Any], _subject: Shape) -> Shape:
        return ANYTHING  # what it is applied to is known to its function alone

    def _function_expression(self, node: dict[str, Any], subject: Shape) -> Shape:
        name, children = node["value"], node["children"]
        shapes = [self.read(child, subject) for child in children]
        accepted = _ARGUMENTS.get(name, ())
        for index, shape in enumerate(shapes):
            takes = accepted[min(index, len(accepted) - 1)] if accepted else _ANY
            if not shape.anything and not shape.only_null and not shape.kinds & takes:
                told = f"`{name}` takes {_listed(takes)}, and this is {_told(shape)}"
                self._say("unlike-types", told, children[index] if _start(children[index]) else node)
        return self._result(name, children, shapes)

    def _result(self, name: str, children: list[dict[str, Any]], shapes: list[Shape]) -> Shape:
        if name in _RESULTS:
            return _RESULTS[name]
        if name in {"sort_by", "max_by", "min_by", "map"} and len(children) == 2:  # noqa: PLR2004  (a list and `&…`)
            whole, by = (shapes[1], children[0]) if name == "map" else (shapes[0], children[1])
            element = ANYTHING if whole.anything or not whole.items or whole.items.nothing else whole.items
            inner = self.read(by["children"][0], element) if by["type"] == "expref" else ANYTHING
            if name == "map":
                return array_of(inner)
            return shapes[0] if name == "sort_by" else unite(element, NULL)
        if name in {"sort", "reverse"}:
            return shapes[0]
        if name in {"max", "min"}:
            return unite(shapes[0].items or ANYTHING, NULL)
        if name == "not_null":
            found = NULL
            for shape in shapes:
                found = unite(found, shape)
            return found
        if name == "to_array":
            only = shapes[0]
            rest = Shape(only.scalars, None, only.fields, only.rest, only.anything)
            return array_of(rest if only.items is None else unite(rest, only.items))
        return ANYTHING


def _once(subject: Shape, name: str) -> bool:
    """Return whether a key was seen, if only ever with null: somebody knows it."""
    return subject.fields is not None and name in subject.fields


def _projected(whole: Shape, element: Shape, kind: str = "array") -> Shape:
    """Return a projection's list; null where there may have been none to go over."""
    sure = not whole.anything and whole.kinds == {kind}
    return array_of(element) if sure else unite(array_of(element), NULL)


def _made(subject: Shape, found: Shape) -> Shape:
    return unite(found, NULL) if subject.nullable else found


def _start(node: Any) -> int:
    """Return where the first name in a node stands."""
    if not isinstance(node, dict):
        return 0
    if "start" in node:
        return int(node["start"])
    return next((found for child in node.get("children", []) if (found := _start(child))), 0)


_WORDS: Final = {"string": "text", "array": "a list", "object": "an object", "number": "a number"}
_WORDS_TOO: Final = {"boolean": "true or false", "null": "null"}


def _told(shape: Shape) -> str:
    return _listed(shape.kinds - {"null"} or shape.kinds)


def _listed(kinds: frozenset[str]) -> str:
    words = [word for kind, word in (_WORDS | _WORDS_TOO).items() if kind in kinds]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
