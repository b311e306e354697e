"""JMESPath, with the difference between absent and null that a request needs.

The only file that knows the jmespath library.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final, Protocol


class _Absent:
    """The value of what is not there. False, equal to nothing but itself."""

    def __reduce__(self) -> str:
        return "ABSENT"

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()

# A spec is somebody's text: an expression of a hundred kilobytes or a thousand brackets must not stop the process.
LONGEST: Final = 4_000

_STEP = re.compile(r'\.?([A-Za-z_]\w*)|\.?"((?:[^"\\])*)"|\[(-?\d+)\]')
_PLAIN = re.compile(r'(?:[A-Za-z_]\w*|"[^"\\]*")(?:\.[A-Za-z_]\w*|\."[^"\\]*"|\[-?\d+\])*')


class ExpressionError(ValueError):
    """An expression that does not compile, or cannot be evaluated on this value.

    `offset` counts characters from 0, `help` tells what to write instead, where that is known.
    """

    def __init__(self, message: str, offset: int = 0, help: str = "") -> None:  # noqa: A002  (as in a Diagnostic)
        super().__init__(message)
        self.offset = offset
        self.help = help


class Expression(Protocol):
    """A compiled expression: call it with its subject, get the value or ABSENT."""

    def __call__(self, subject: Any, /) -> Any:
        """Return the value for this subject."""
        ...


@lru_cache(maxsize=4096)
def plain_path(text: str) -> tuple[str | int, ...] | None:
    """Return the steps of an expression that is names, dots and indexes only, else None."""
    if not _PLAIN.fullmatch(text):
        return None
    return tuple(
        int(step[3]) if step[3] is not None else step[1] if step[1] is not None else step[2]
        for step in _STEP.finditer(text)
    )


@lru_cache(maxsize=4096)
def compile_expression(text: str) -> Expression:
    """Compile JMESPath text.

    A plain path tells absent from null; any other expression that yields null is ABSENT. What is no plain path is
    parsed when it is first evaluated: specs are checked when they are planned, and a call pays only for what it uses.
    """
    text = text.strip()
    steps = plain_path(text)
    return _search(text) if steps is None else along(steps, ABSENT)


def check_expression(text: str) -> None:
    """Check that a text is JMESPath, of functions that there are.

    Raises:
        ExpressionError: it is not; with the offset of the fault.
    """
    text = text.strip()
    if len(text) > LONGEST:
        raise ExpressionError(f"an expression has at most {LONGEST} characters, this one has {len(text)}")
    if plain_path(text) is None:
        _check_calls(_parse(text).parsed, text)


def _check_calls(node: dict[str, Any], text: str) -> None:
    """Check the names of the functions that are called, and how many arguments they are given.

    Raises:
        ExpressionError: there is none of that name, or it takes another number.
    """
    if node["type"] == "function_expression":
        name, given = node["value"], len(node["children"])
        called = re.search(rf"\b{re.escape(name)}\s*\(", text)
        offset = called.start() if called else 0
        known = _options().custom_functions.FUNCTION_TABLE
        if name not in known:
            from koppling.diagnostics import suggestion

            raise ExpressionError(f"there is no function `{name}`", offset, suggestion(name, known, most=40))
        takes = known[name]["signature"]
        more = bool(takes) and takes[-1].get("variadic", False)
        if given < len(takes) or (given > len(takes) and not more):
            wanted = f"{'at least ' if more else ''}{len(takes)} argument{'' if len(takes) == 1 else 's'}"
            page = "https://jmespath.org/specification.html#built-in-functions tells what each is"
            raise ExpressionError(f"`{name}` takes {wanted}, and is given {given}", offset, page)
    for child in node["children"]:
        if isinstance(child, dict):
            _check_calls(child, text)


def along(steps: tuple[str | int, ...], missing: Any) -> Callable[..., Any]:
    """Return what follows a plain path through a subject, `missing` where it leads nowhere.

    It raises nothing.
    """
    if len(steps) == 1:
        only = steps[0]

        def one(subject: Any, _roots: Any = None) -> Any:
            return subject.get(only, missing) if isinstance(subject, dict) else missing

        return one

    def find(subject: Any, _roots: Any = None) -> Any:
        for step in steps:
            if type(step) is int:
                if not isinstance(subject, list) or not -len(subject) <= step < len(subject):
                    return missing
                subject = subject[step]
            else:
                if not isinstance(subject, dict) or step not in subject:
                    return missing
                subject = subject[step]
        return subject

    return find


def _search(text: str) -> Expression:
    def find(subject: Any) -> Any:
        import jmespath.exceptions  # 8 ms that a call of plain paths does not pay

        try:
            value = _parse(text).search(subject, options=_options())
        except (
            jmespath.exceptions.JMESPathError,
            RecursionError,
            ArithmeticError,
            TypeError,
            ValueError,
            AttributeError,
        ) as error:
            raise ExpressionError(f"{text!r} cannot be evaluated here: {_first_line(error)}") from error
        return ABSENT if value is None else value

    return find


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


@lru_cache(maxsize=4096)
def _parse(text: str) -> Any:
    import jmespath
    import jmespath.exceptions

    try:
        return jmespath.compile(text)
    except jmespath.exceptions.ParseError as error:
        offset = getattr(error, "lex_position", 0) or 0
        said = (getattr(error, "msg", "") or str(error).splitlines()[0]).strip().rstrip(".:")
        raise ExpressionError(f"{text!r} is no JMESPath: {said}", offset, _from_elsewhere(text)) from error
    except (jmespath.exceptions.JMESPathError, RecursionError, ValueError) as error:
        raise ExpressionError(f"{text!r} is no JMESPath: {_first_line(error)}", 0, _from_elsewhere(text)) from error


def _from_elsewhere(text: str) -> str:
    """Return what to write in place of a path of JSONPath, jq or JSON Pointer; nothing of anything else."""
    if text.startswith("$"):
        return f"JMESPath has no `$`; write {text[1:].lstrip('.') or '@'}"
    if re.match(r"\.[\w\[]", text):
        return f"write {text[1:]}"
    if re.fullmatch(r"(?:/\w+)+", text):
        steps = text[1:].split("/")
        path = "".join(f"[{one}]" if one.isdigit() else f".{one}" for one in steps).lstrip(".")
        return f"write {path}"
    return ""


@lru_cache(maxsize=1)
def _options() -> Any:
    """Return the options that carry the six functions of the language beside JMESPath's own."""
    import base64

    import jmespath
    from jmespath.functions import Functions, signature

    text: Any = {"types": ["string"]}
    anything: Any = {"types": []}

    class More(Functions):
        @signature(text)
        def _func_base64(self, value: str) -> str:
            return base64.b64encode(value.encode()).decode()

        @signature(text)
        def _func_base64_decode(self, value: str) -> str:
            return base64.b64decode(value, validate=True).decode()

        @signature(anything)
        def _func_to_json(self, value: Any) -> str:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

        @signature(text)
        def _func_from_json(self, value: str) -> Any:
            return json.loads(value)

        @signature(text, text)
        def _func_split(self, value: str, separator: str) -> list[str]:
            return value.split(separator) if separator else list(value)

        @signature(text, text, text)
        def _func_replace(self, value: str, old: str, new: str) -> str:
            return value.replace(old, new)

    return jmespath.Options(custom_functions=More())


def syntax(text: str) -> dict[str, Any]:
    """Return the syntax tree of an expression.

    A node is `{"type", "value", "children", "start", "end"}`; the last two, where the node is a name, count characters
    into the text.

    Raises:
        ExpressionError: the text is no JMESPath.
    """
    from jmespath.lexer import Lexer

    tree = json.loads(json.dumps(_parse(text).parsed))
    named = {"unquoted_identifier", "quoted_identifier"}
    tokens = iter([one for one in Lexer().tokenize(text) if one["type"] in named])
    for node in _named(tree):  # in the order of the text
        token = next(tokens)
        node["start"] = start = token["start"]
        node["end"] = text.index('"', start + 1) + 1 if text[start] == '"' else start + len(token["value"])
    return tree  # type: ignore[no-any-return]  # what json.loads gives


def _named(node: Any) -> Iterator[dict[str, Any]]:
    """Yield the nodes that stand for one name each, in the order of the text."""
    if not isinstance(node, dict):  # the bounds of a slice
        return
    if node["type"] in {"field", "key_val_pair", "function_expression"}:
        yield node
    children = node.get("children", [])
    if node["type"] == "filter_projection":  # its condition stands before what is read of the elements
        children = [children[0], children[2], children[1]]
    for child in children:
        yield from _named(child)


def references(text: str) -> Iterator[tuple[str, ...]]:
    """Yield the names that an expression reads from its subject, as far as they can be told.

    `input.model` gives ("input", "model").

    Raises:
        ExpressionError: where the text is no JMESPath.
    """
    steps = plain_path(text.strip())
    if steps is not None:
        yield tuple(step for step in steps if isinstance(step, str))
        return
    yield from _names(_parse(text.strip()).parsed)


def _names(node: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    kind, children = node["type"], node.get("children", [])
    if kind == "field":
        yield (node["value"],)
    elif kind in {"subexpression", "index_expression"}:
        # What stands to the right is read from what the left found: it lengthens the chain or starts none of its own.
        for chain in _names(children[0]):
            for right in children[1:]:
                if right["type"] != "field":
                    break
                chain = (*chain, right["value"])  # noqa: PLW2901  (it grows)
            yield chain
    elif kind in {"pipe", "projection", "value_projection", "filter_projection", "flatten"}:
        yield from _names(children[0])
    elif kind != "expref":
        for child in children:
            yield from _names(child)


Roots = dict[str, Any]
Evaluate = Callable[[Roots], Any]
