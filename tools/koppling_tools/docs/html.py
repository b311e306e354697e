"""HTML as a tree that escapes itself: text is text, whatever it holds, and there is no way to say otherwise.

A node is an `Element`, a text, a sequence of nodes, or None, which is nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Final, TypeAlias

Node: TypeAlias = "Element | str | int | Iterable[Node] | None"
Attribute: TypeAlias = "str | int | bool | None"

_VOID: Final = {"br", "hr", "img", "input", "link", "meta"}
# Any other begins a line of its own, so that a changed spec is a small change of the committed page.
_INLINE: Final = {
    "a", "b", "button", "circle", "code", "i", "line", "mark", "rect", "span", "strong", "text", "time"
}  # fmt: skip
_UNESCAPED: Final = {"script", "style"}  # elements whose text HTML does not unescape; they may hold none
_SCHEME: Final = re.compile(r"[\s\x00-\x20]*([A-Za-z][A-Za-z0-9+.\-]*):")
_SAFE_SCHEMES: Final = {"http", "https", "mailto"}


@dataclass(frozen=True, slots=True)
class Element:
    """One element. Make it with `tag`."""

    name: str
    attributes: tuple[tuple[str, str | bool], ...]
    children: tuple[Node, ...]

    def __str__(self) -> str:
        out: list[str] = []
        _write(self, out, keep=False)
        return "".join(out).lstrip("\n")


def tag(element: str, /, *children: Node, **attributes: Attribute) -> Element:
    """Make an element.

    Args:
        element: its name.
        children: what it holds.
        attributes: `class_` is class, `aria_label` is aria-label; None and False leave one out, True is a bare one. An
            address of a scheme that a browser might run (`javascript:`) is left out.

    Raises:
        ValueError: a script or style with text of its own.
    """
    if element in _UNESCAPED and children:
        raise ValueError(f"<{element}> holds no text here; link to a file")
    found: list[tuple[str, str | bool]] = []
    for key, value in attributes.items():
        name = key.rstrip("_").replace("_", "-")
        if value is None or value is False or (name in {"href", "src"} and not is_safe(str(value))):
            continue
        found.append((name, True if value is True else str(value)))
    return Element(element, tuple(found), children)


def is_safe(address: str) -> bool:
    """Return whether a link to an address only leads somewhere: http, https, mailto, or relative."""
    scheme = _SCHEME.match(address)
    return scheme is None or scheme[1].lower() in _SAFE_SCHEMES


def join(between: Node, nodes: Iterable[Node]) -> list[Node]:
    """Return nodes with another one between them."""
    found: list[Node] = []
    for node in nodes:
        found += [between, node] if found else [node]
    return found


def _write(node: Node, out: list[str], *, keep: bool) -> None:
    """Add the parts of a node to `out`. `keep` is inside of `pre`, where each line break would be seen."""
    if node is None:
        return
    if isinstance(node, str | int):
        out.append(escape(_printable(str(node)), quote=False))
        return
    if not isinstance(node, Element):
        for one in node:
            _write(one, out, keep=keep)
        return
    if not keep and node.name not in _INLINE:
        out.append("\n")
    out.append(f"<{node.name}{''.join([_attribute(*one) for one in node.attributes])}>")
    if node.name in _VOID:
        return
    if node.name == "pre":
        keep = True
        out.append("\n")  # a first line break in `pre` is skipped; with one of ours, none of the text's is
    for child in node.children:
        _write(child, out, keep=keep)
    out.append(f"</{node.name}>")


def _attribute(name: str, value: str | bool) -> str:
    return f" {name}" if value is True else f' {name}="{escape(_printable(str(value)))}"'


def _printable(text: str) -> str:
    """Replace what HTML forbids in a document: control characters, lone surrogates."""
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]", "\ufffd", text)
