"""The page of the rules that specs are checked by, made of what the rules say of themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from koppling_tools.docs.code import template
from koppling_tools.docs.html import Element, Node, tag
from koppling_tools.docs.layout import Place, document, outside, prose
from koppling_tools.rules import Rule

_ADDRESS: Final = re.compile(r"(https?://[^\s)>\]]+[^\s)>\].,;])")


def rules_page(rules: Iterable[Rule]) -> str:
    """Return the page of all rules, by id. An id is the anchor of its rule: `rules.html#unknown-key`."""
    place = Place("rules.html", "Rules", (("Connectors", "index.html"),))
    found = sorted(rules, key=lambda one: one.name)
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


def _rule(place: Place, rule: Rule) -> Element:
    severity = tag("span", rule.severity, class_=f"mark severity {rule.severity}")
    paragraphs = [rule.summary, *re.split(r"\n\s*\n", rule.why)]
    return tag(
        "section",
        place.heading(2, rule.name, rule.name, " ", severity),
        [tag("p", list(_words(one))) for one in paragraphs if one],
        tag("div", _example(rule, "Wrong", rule.wrong), _example(rule, "Right", rule.right), class_="pairs"),
        class_="rule",
    )


def _example(rule: Rule, title: str, text: str) -> Element:
    shown = template(text, lambda _: None, label=f"{rule.name}: {title}")
    return tag("div", tag("h3", title), shown, class_=title.lower())


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
