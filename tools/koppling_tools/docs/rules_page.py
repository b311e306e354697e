"""The page of the rules that specs are checked by, made of what the rules say of themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from inspect import cleandoc
from typing import Final

from koppling_tools.docs.code import template
from koppling_tools.docs.html import Element, Node, tag
from koppling_tools.docs.layout import Place, document, outside, prose

_HEADING: Final = re.compile(r"(?P<title>[A-Z][\w' ]{0,40}?)(?: \((?P<note>[^)]*)\))?::?")
_ADDRESS: Final = re.compile(r"(https?://[^\s)>\]]+[^\s)>\].,;])")


@dataclass(frozen=True, slots=True)
class RuleText:
    """What a rule says of itself.

    `severity` is error, warning or advice. `text` is the docstring of the rule's file: paragraphs, and blocks of
    YAML, indented below a line `Wrong:` or `Right:`; those stand beside each other where there is room.
    """

    id: str
    severity: str
    text: str


def rules_page(rules: Iterable[RuleText]) -> str:
    """Return the page of all rules, by id. An id is the anchor of its rule: `rules.html#unknown-key`."""
    place = Place("rules.html", "Rules", (("Connectors", "index.html"),))
    found = sorted(rules, key=lambda one: one.id)
    body: list[Node] = [
        tag(
            "header",
            tag("h1", "Rules"),
            tag("p", "What ", tag("code", "koppling validate"), " looks for.", class_="summary"),
            class_="head",
        )
    ]
    body += [_rule(place, one) for one in found]
    return document(place, body, None, rules=True)


def _rule(place: Place, rule: RuleText) -> Element:
    severity = tag("span", rule.severity, class_=f"mark severity {rule.severity}")
    blocks: list[Node] = []
    said: list[Node] = []
    for title, note, text in _parts(cleandoc(rule.text)):
        if title is None:
            said += [tag("p", list(_words(one))) for one in re.split(r"\n\s*\n", text) if one.strip()]
            continue
        heading = tag("h3", title, [" ", tag("span", note, class_="what")] if note else None)
        class_ = {"wrong": "wrong", "right": "right"}.get(title.split()[0].lower(), "")
        blocks.append(tag("div", heading, template(text, lambda _: None, label=f"{rule.id}: {title}"), class_=class_))
    return tag(
        "section",
        place.heading(2, rule.id, rule.id, " ", severity),
        said,
        tag("div", blocks, class_="pairs") if blocks else None,
        class_="rule",
    )


def _parts(text: str) -> Iterator[tuple[str | None, str, str]]:
    """Yield (title, note, text) of the blocks of a docstring, and (None, "", text) of what stands between them."""
    lines = text.splitlines()
    plain: list[str] = []
    at = 0
    while at < len(lines):
        heading = _HEADING.fullmatch(lines[at].rstrip())
        end = at + 1
        while end < len(lines) and (not lines[end].strip() or lines[end].startswith(" ")):
            end += 1
        block = cleandoc("\n" + "\n".join(lines[at + 1 : end])).strip("\n")
        if heading is None or not block:
            plain.append(lines[at])
            at += 1
            continue
        if plain:
            yield None, "", "\n".join(plain)
            plain = []
        yield heading["title"], heading["note"] or "", block
        at = end
    if plain:
        yield None, "", "\n".join(plain)


def _words(text: str) -> Iterator[Node]:
    """Yield words with what stands between backticks as code, and addresses as links."""
    for at, part in enumerate(_ADDRESS.split(" ".join(text.split()))):
        if at % 2:
            yield outside(part)
        else:
            yield [
                part[: len(part) - len(part.lstrip())],
                prose(part),
                part[len(part.rstrip()) :] if part.strip() else None,
            ]
