"""Source text with its colours: Pygments says what is what, the style sheet how it looks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final, Literal

from koppling_tools.docs.html import Element, Node, tag

Language = Literal["json", "python", "bash", "text"]

_KINDS: Final = (  # the first part of a token's name that matches
    ("Comment", "c"),
    ("Keyword", "k"),
    ("Name.Tag", "n"),
    ("Literal.String", "s"),
    ("Literal.Number", "m"),
    ("Name.Builtin", "k"),
    ("Operator.Word", "k"),
)
_KEY: Final = re.compile(r"^([ ]*(?:- )*)(\"[^\"\n]*\"|'[^'\n]*'|[^\s:#'\"\[{-][^\s:]*)(:)(?= |$)", re.MULTILINE)
_INPUT: Final = re.compile(r"\binput\.([A-Za-z_]\w*)")


def block(text: str, language: Language = "text", *, label: str | None = None) -> Element:
    """Return a block of code that scrolls by itself and can be reached by key."""
    return _pre(list(_coloured(text, language)), label)


def template(text: str, link: Callable[[str], str | None], *, label: str | None = None) -> Element:
    """Return a block of YAML with its `${…}` marked.

    Args:
        text: the YAML.
        link: the address of an input, by name.
        label: what it is, for those who hear the page.
    """
    return _pre(list(references(text, link, keys=True)), label)


def _pre(children: list[Node], label: str | None) -> Element:
    return tag(
        "pre", tag("code", children), class_="code", tabindex=0, role="region" if label else None, aria_label=label
    )


def references(text: str, link: Callable[[str], str | None], *, keys: bool = False) -> Iterator[Node]:
    """Yield a text with each of its `${…}` marked, and each input in them linked to its field."""
    at = 0
    for start, end in _places(text):
        yield from _keyed(text[at:start]) if keys else [text[at:start]]
        yield tag("span", list(_linked(text[start:end], link)), class_="ref")
        at = end
    yield from _keyed(text[at:]) if keys else [text[at:]]


def expression(text: str, link: Callable[[str], str | None]) -> Element:
    """Return an expression, or a text with `${…}`, in a line."""
    return tag("code", list(references(text, link)) if "${" in text else text, class_="expression")


def _linked(text: str, link: Callable[[str], str | None]) -> Iterator[Node]:
    at = 0
    for found in _INPUT.finditer(text):
        if address := link(found[1]):
            yield text[at : found.start()]
            yield tag("a", found[0], href=address)
            at = found.end()
    yield text[at:]


def _places(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each `${…}` begins and ends; braces in quotes do not count."""
    at = 0
    while (start := text.find("${", at)) >= 0:
        at = start + 2
        if text[start - 1 : start] == "$":
            continue
        depth, quote, end = 1, "", at
        while end < len(text) and depth:
            one = text[end]
            if quote:
                quote = "" if one == quote and text[end - 1] != "\\" else quote
            elif one in "'`":
                quote = one
            else:
                depth += (one == "{") - (one == "}")
            end += 1
        if not depth:
            yield start, end
            at = end


def _keyed(text: str) -> Iterator[Node]:
    at = 0
    for found in _KEY.finditer(text):
        yield text[at : found.start(2)]
        yield tag("span", found[2], class_="n")
        at = found.end(2)
    yield text[at:]


def _coloured(text: str, language: Language) -> Iterator[Node]:
    if language == "text":
        yield text
        return
    for kind, words in _merged(_lexer(language).get_tokens(text)):
        yield tag("span", words, class_=kind) if kind and words.strip() else words


def _merged(tokens: Any) -> Iterator[tuple[str, str]]:
    """Yield (class, text) of tokens, neighbours of one class as one; the line break that a lexer adds is left out."""
    kind, words = "", ""
    for token, text in tokens:
        name = str(token).removeprefix("Token.")
        found = next((short for prefix, short in _KINDS if name.startswith(prefix)), "")
        if found != kind and words:
            yield kind, words
            words = ""
        kind, words = found, words + text
    if words := words.removesuffix("\n"):
        yield kind, words


@cache
def _lexer(language: Language) -> Any:
    from pygments.lexers import BashLexer, JsonLexer, PythonLexer  # type: ignore[import-untyped]  # it has no types

    made = {"json": JsonLexer, "python": PythonLexer, "bash": BashLexer}
    return made[language](stripnl=False, ensurenl=True)
