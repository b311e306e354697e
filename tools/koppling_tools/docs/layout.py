"""The frame of every page: head, navigation, search, foot. And the small pieces that several pages show."""

from __future__ import annotations

from dataclasses import dataclass, field
from posixpath import relpath
from typing import Final

from koppling_tools.docs.dates import Span
from koppling_tools.docs.html import Element, Node, is_safe, tag

GENERATOR: Final = "koppling docs"
"""What each page says that it was made by; a page that says so is ours to remove."""


@dataclass(frozen=True)
class Place:
    """Where a page is, and what stands above it."""

    address: str  # from the site's root
    title: str
    above: tuple[tuple[str, str], ...] = ()  # (title, address)
    contents: list[tuple[str, str, int]] = field(default_factory=list)  # (title, anchor, level), for "on this page"

    def link(self, address: str) -> str:
        """Return an address of the site as seen from this page."""
        path, mark, anchor = address.partition("#")
        if path == self.address and mark:
            return f"#{anchor}"
        return relpath(path, self.address.rpartition("/")[0] or ".") + mark + anchor

    def heading(self, level: int, title: str, anchor: str, *beside: Node, listed: bool = True) -> Element:
        """Return a heading with a permanent link to itself, and note it for "on this page"."""
        if listed:
            self.contents.append((title, anchor, level))
        return tag(f"h{level}", title, *beside, permalink(anchor, title), id=anchor)


def permalink(anchor: str, title: str) -> Element:
    """Return the link of a thing to itself."""
    return tag("a", "#", class_="permalink", href=f"#{anchor}", aria_label=f"Link to {title}")


def document(place: Place, main: Node, span: Span | None, *, rules: bool = False) -> str:
    """Return a whole page.

    Args:
        place: where it is.
        main: what it says.
        span: the days for which it holds, where it shows states; else None.
        rules: whether the site has a page of rules.
    """
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="generator", content=GENERATOR),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", place.title if place.address == "index.html" else f"{place.title} · Connectors"),
        tag("link", rel="icon", href=place.link("icon.svg"), type="image/svg+xml"),
        tag("link", rel="stylesheet", href=place.link("site.css")),
        tag("script", src=place.link("site.js")),  # in the head: the chosen colours come before the first picture
    )
    body = tag(
        "body",
        tag("a", "Skip to the page", class_="skip", href="#main"),
        _top(place, rules=rules),
        _stale(span),
        tag(
            "div",
            tag("main", _crumbs(place), main, id="main", tabindex=-1),
            _contents(place),
            class_="frame" if place.contents else "frame wide",
        ),
        _foot(span),
    )
    page = tag("html", head, body, lang="en", data_root=place.link("index.html").removesuffix("index.html"))
    return f"<!doctype html>\n{page}\n"


def _top(place: Place, *, rules: bool) -> Element:
    pages = [("Connectors", "index.html"), ("Dates", "dates.html"), *([("Rules", "rules.html")] if rules else [])]
    links = [
        tag("a", title, href=place.link(address), aria_current="page" if address == place.address else None)
        for title, address in pages
    ]
    return tag(
        "header",
        tag("a", _mark(), tag("span", "Koppling"), class_="brand", href=place.link("index.html")),
        tag("nav", links, aria_label="Site"),
        tag("div", class_="search", data_search=True),
        tag("div", class_="theme", data_theme=True),
        class_="top",
    )


def _mark() -> Element:
    rings = [
        tag("circle", cx=x, cy=12, r=6.5, fill="none", stroke="currentColor", stroke_width="2.6", class_=name)  # type: ignore[arg-type]  # numbers become text
        for x, name in ((8.5, "left"), (17.5, "right"))
    ]
    return tag("svg", rings, viewBox="0 0 26 24", width=26, height=24, aria_hidden="true")


def _stale(span: Span | None) -> Node:
    if span is None or span.end is None:
        return None
    return tag(
        "p",
        "Something here changed on ",
        tag("time", span.end, datetime=span.end),
        ", after these pages were made.",
        class_="stale",
        hidden=True,
        data_from=span.end,
    )


def _crumbs(place: Place) -> Node:
    if not place.above:
        return None
    steps = [tag("li", tag("a", title, href=place.link(address))) for title, address in place.above]
    return tag("nav", tag("ol", steps), class_="crumbs", aria_label="Above this page")


def _contents(place: Place) -> Node:
    if not place.contents:
        return None
    rows = [
        tag("li", tag("a", title, href=f"#{anchor}"), class_=f"level-{level}")
        for title, anchor, level in place.contents
    ]
    return tag("aside", tag("nav", tag("p", "On this page"), tag("ul", rows), aria_label="On this page"), class_="toc")


def _foot(span: Span | None) -> Element:
    said: list[Node] = []
    if span is not None and span.start is not None:
        said += ["States as of ", tag("time", span.start, datetime=span.start)]
        said += [", until ", tag("time", span.end, datetime=span.end), "."] if span.end else [", the last date known."]
    return tag("footer", tag("p", said or "Made from the specs."))


def badge(state: str) -> Element:
    """Return a state as a badge."""
    return tag("span", state, class_=f"badge {state}")


def outside(address: str, *words: Node) -> Node:
    """Return a link that leaves the site; the words alone, where the address is none that is only visited."""
    if not is_safe(address):
        return words or address
    return tag("a", *(words or (address,)), href=address, class_="outside", rel="noopener noreferrer")


def rows(pairs: list[tuple[Node, Node]], class_: str = "facts") -> Node:
    """Return terms with what is said about them; nothing for none."""
    if not pairs:
        return None
    return tag("dl", [tag("div", tag("dt", term), tag("dd", said)) for term, said in pairs], class_=class_)


def table(head: list[str], body: list[list[Node]], *, class_: str = "", label: str | None = None) -> Node:
    """Return a table that stacks where the page is narrow; nothing for no rows."""
    if not body:
        return None
    lines = [
        # a stacked cell says its column itself; an empty one says nothing
        tag(
            "tr",
            [
                tag("td", cell, data_head=title, class_="" if cell else "empty")
                for title, cell in zip(head, one, strict=True)
            ],
        )
        for one in body
    ]
    return tag(
        "table",
        tag("caption", label, class_="unseen") if label else None,
        tag("thead", tag("tr", [tag("th", title, scope="col") for title in head])),
        tag("tbody", lines),
        class_=f"stacks {class_}".strip(),
    )


def prose(text: str) -> list[Node]:
    """Return words of a spec with what stands between backticks as code."""
    parts = " ".join(text.split()).split("`")
    if len(parts) % 2 == 0:
        return [" ".join(text.split())]
    return [tag("code", part) if at % 2 else part for at, part in enumerate(parts) if part]
