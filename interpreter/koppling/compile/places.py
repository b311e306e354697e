"""Every expression of a spec against the roots of its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from koppling import expression, template
from koppling.compile.merge import Merged
from koppling.diagnostics import Diagnostic, suggestion
from koppling.expression import ExpressionError
from koppling.fold import strategy_of
from koppling.read import Document, Pointer
from koppling.template import Reference, TemplateError

CONNECTION = ("connection",)
REQUEST = ("input", "connection", "page", "call")
RESPONSE = ("input", "status", "headers", "links", "body", "item", "event", "event_name")
STREAM = ("input", "status", "headers", "links", "event", "event_name")
LIMITS = ("input", "connection")
ERRORS = ("status", "headers", "body")
BEFORE_BODY = ("input", "status", "headers")

_PAGE = ("number", "offset", "size")


@dataclass(frozen=True, slots=True)
class Known:
    """What the names under a root may be; a root that is not here takes any."""

    names: dict[str, frozenset[str]]

    def check(self, chain: tuple[str, ...], roots: tuple[str, ...]) -> tuple[str, str] | None:
        """Return what is wrong with a chain of names, and a help; None where nothing is."""
        root = chain[0]
        if root not in roots:
            if root in set(RESPONSE + REQUEST):
                return f"`{root}` cannot be used here", f"roots of this place: {', '.join(roots)}"
            if root in self.names.get("input", ()):
                return f"there is no `{root}` here", f"did you mean `input.{root}`?"
            return f"there is no `{root}` here", suggestion(root, roots)
        if len(chain) > 1 and root in self.names and chain[1] not in self.names[root]:
            what = {
                "input": "no field",
                "connection": "no field of the connection",
                "page": "no cursor of `pages`",
                "call": "nothing of a call",
            }[root]
            return f"`{root}.{chain[1]}` is {what}", suggestion(chain[1], self.names[root])
        return None


class Checker:
    """Collects what is wrong with the expressions of one document."""

    def __init__(self, document: Document, known: Known, merged: Merged | None = None) -> None:
        self._document = document
        self._known = known
        self._merged = merged
        self.found: list[Diagnostic] = []

    def template(self, tree: Any, pointer: Pointer, roots: tuple[str, ...]) -> None:
        """Check every `${…}` of a tree."""
        if isinstance(tree, dict):
            for key, value in tree.items():
                self.template(value, (*pointer, key), roots)
        elif isinstance(tree, list):
            for index, value in enumerate(tree):
                self.template(value, (*pointer, index), roots)
        elif isinstance(tree, str) and "${" in tree:
            for part in self._parts(tree, pointer):
                if isinstance(part, Reference):
                    self._reference(part.expression, pointer, part.offset, roots)

    def expression(self, text: Any, pointer: Pointer, roots: tuple[str, ...]) -> None:
        """Check a key whose value is an expression: bare, or one `${…}`."""
        if not isinstance(text, str):
            return
        if "${" not in text:
            self._compiles(text, pointer, 0)
            return
        parts = self._parts(text, pointer)
        if parts and (len(parts) > 1 or not isinstance(parts[0], Reference)):
            self._fault(
                "expression-syntax",
                "an expression is bare, or one whole `${…}`; this mixes them",
                pointer,
                0,
                "drop the `${` and `}`, or write the whole of it inside one `${…}`",
            )
        elif parts and isinstance(parts[0], Reference):
            self._reference(parts[0].expression, pointer, 0, roots)

    def whole(self, text: Any, pointer: Pointer, roots: tuple[str, ...]) -> None:
        """Check a `when` that is read before there is a body: it must be one `${…}`."""
        if isinstance(text, str) and not text.startswith("${"):
            self._fault(
                "wrong-root",
                "there is no body yet where this is read",
                pointer,
                0,
                f"write ${{…}} over {', '.join(roots)}",
            )
        else:
            self.expression(text, pointer, roots)

    def _parts(self, text: str, pointer: Pointer) -> list[str | Reference]:
        try:
            return template.parse(text)
        except TemplateError as error:
            self._fault("expression-syntax", str(error), pointer, error.offset)
            return []

    def _reference(self, text: str, pointer: Pointer, offset: int, roots: tuple[str, ...]) -> None:
        if not self._compiles(text, pointer, offset + 2):
            return
        for chain in dict.fromkeys(expression.references(text)):
            fault = self._known.check(chain, roots)
            if fault is not None:
                rule = "wrong-root" if "cannot be used" in fault[0] else "undefined-reference"
                self._fault(rule, fault[0], pointer, offset, fault[1])

    def _compiles(self, text: str, pointer: Pointer, offset: int) -> bool:
        try:
            expression.check_expression(text)
        except ExpressionError as error:
            self._fault("expression-syntax", str(error), pointer, offset + error.offset)
            return False
        return True

    def refuse(self, rule: str, message: str, pointer: Pointer, help_text: str) -> None:
        """Note a fault of a key."""
        origin = self._merged.origin(pointer) if self._merged else pointer
        self.found.append(self._document.fault(rule, message, origin, key=True, help=help_text))

    def _fault(self, rule: str, message: str, pointer: Pointer, offset: int, help_text: str = "") -> None:
        origin = self._merged.origin(pointer) if self._merged else pointer
        self.found.append(self._document.fault(rule, message, origin, help=help_text, offset=offset))


def check_operation(
    document: Document, merged: Merged, inputs: frozenset[str], connection: frozenset[str]
) -> Iterator[Diagnostic]:
    """Yield what is wrong with the expressions of one merged operation."""
    cursors = frozenset(
        name for case in _cases(merged.tree["response"]) for name in (case.get("pages") or {}).get("next", {})
    )
    known = Known(
        {
            "input": inputs,
            "connection": connection,
            "page": frozenset(_PAGE) | cursors,
            "call": frozenset({"id", "key"}),
        }
    )
    checker = Checker(document, known, merged)
    for key, value in merged.tree["request"].items():
        checker.template(value, ("request", key), CONNECTION if key == "base_url" else REQUEST)
    for key, value in merged.tree["telemetry"].items():
        if key.startswith("response_"):
            checker.expression(value, ("telemetry", key), RESPONSE)
        else:
            checker.template(value, ("telemetry", key), ("input",))
    response = merged.tree["response"]
    if isinstance(response, list):
        for index, case in enumerate(response):
            _check_case(checker, case, ("response", index))
    else:
        _check_case(checker, response, ("response",))
    yield from checker.found


def _cases(response: Any) -> list[dict[str, Any]]:
    return response if isinstance(response, list) else [response]


def _check_case(checker: Checker, case: dict[str, Any], at: Pointer) -> None:
    checker.whole(case.get("when"), (*at, "when"), BEFORE_BODY)
    for key in ("output", "envelope"):
        _check_output(checker, case.get(key), (*at, key))
    for name, text in (case.get("usage") or {}).items():
        checker.expression(text, (*at, "usage", name), RESPONSE)
    checker.expression(case.get("items"), (*at, "items"), RESPONSE)
    checker.template(case.get("limit"), (*at, "limit"), ("input",))
    pages, wait, follow, stream = (case.get(key) or {} for key in ("pages", "wait", "follow", "stream"))
    for name, text in (pages.get("next") or {}).items():
        checker.expression(text, (*at, "pages", "next", name), RESPONSE)
    for key in ("target", "while"):
        checker.expression(pages.get(key), (*at, "pages", key), RESPONSE)
    for key in ("target", "until", "fail"):
        checker.expression(wait.get(key), (*at, "wait", key), RESPONSE)
    checker.template(wait.get("every"), (*at, "wait", "every"), RESPONSE)
    checker.template(follow.get("when"), (*at, "follow", "when"), ("input",))
    until = follow.get("until") or {}
    checker.template(until.get("inputs"), (*at, "follow", "until", "inputs"), ("input",))
    checker.expression(until.get("when"), (*at, "follow", "until", "when"), ("input", "body"))
    checker.expression(stream.get("error"), (*at, "stream", "error"), RESPONSE)
    if isinstance(stream.get("done"), dict):
        checker.expression(stream["done"].get("when"), (*at, "stream", "done", "when"), RESPONSE)
    _check_output(checker, stream.get("delta"), (*at, "stream", "delta"))
    _check_fold(checker, stream.get("fold"), (*at, "stream", "fold"))


def _check_output(checker: Checker, output: Any, at: Pointer) -> None:
    if isinstance(output, str):
        checker.expression(output, at, RESPONSE)
        return
    for name, value in (output or {}).items():
        if isinstance(value, dict):
            checker.expression(value.get("value"), (*at, name, "value"), RESPONSE)
            for key in ("name", "media_type", "unless"):
                checker.template(value.get(key), (*at, name, key), RESPONSE)
        else:
            checker.expression(value, (*at, name), RESPONSE)


def _check_fold(checker: Checker, fold: Any, at: Pointer) -> None:
    for name, value in (fold or {}).items():
        if value == "drop" and fold.get("by") != name:
            checker.refuse(
                "grammar",
                f"`{name}` needs no dropping: a fold takes what it names and no more",
                (*at, name),
                "`drop` is for the key that `by` names",
            )
        elif name == "from":
            checker.expression(value, (*at, name), STREAM)
        elif isinstance(value, dict):
            strategy = strategy_of(value)
            if strategy is not None:
                checker.expression(value[strategy], (*at, name, strategy), STREAM)
            else:
                _check_fold(checker, value, (*at, name))


def check_limits(document: Document, tree: dict[str, Any], at: Pointer, known: Known) -> Iterator[Diagnostic]:
    """Yield what is wrong with the expressions of the rate limits."""
    checker = Checker(document, known)
    for name, one in (tree.get("limits") or {}).items():
        for key in ("weight", "scope"):
            checker.template(one.get(key), (*at, "limits", name, key), LIMITS)
    yield from checker.found


def check_errors(document: Document, tree: dict[str, Any], at: Pointer, known: Known) -> Iterator[Diagnostic]:
    """Yield what is wrong with the expressions of an error map."""
    checker = Checker(document, known)
    for index, entry in enumerate(tree.get("errors") or ()):
        checker.expression(entry.get("when"), (*at, "errors", index, "when"), ERRORS)
    for name, text in (tree.get("error_body") or {}).items():
        checker.expression(text, (*at, "error_body", name), ERRORS)
    yield from checker.found
