"""The first page, of all connectors; and the page of all dates."""

from __future__ import annotations

from collections import Counter

from koppling.model import ConnectorSpec
from koppling_tools.docs.atlas import STATES, Atlas, page_of_connector, place_of
from koppling_tools.docs.dates import Dated
from koppling_tools.docs.html import Element, Node, tag
from koppling_tools.docs.layout import Place, badge, document, prose, table
from koppling_tools.docs.timeline import words


def index_page(atlas: Atlas, *, rules: bool) -> str:
    """Return the page of all connectors."""
    place = Place("index.html", "Connectors")
    modules = sum(len(one) for one in atlas.modules.values())
    cards = [_card(atlas, place, one) for one in atlas.connectors.values()]
    count = f"{_many(len(cards), 'connector')}, {_many(modules, 'module')}"
    body = [
        tag("header", tag("h1", "Connectors"), tag("p", count, class_="summary"), class_="head"),
        tag("ul", cards, class_="cards connectors"),
    ]
    return document(place, body, atlas.span, rules=rules)


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _card(atlas: Atlas, place: Place, connector: ConnectorSpec) -> Element:
    states = Counter(atlas.state(one) for one in atlas.modules[connector.name])
    summary = str(connector.plan.get("summary") or "")
    counts: list[Node] = [
        [tag("span", f"{states[state]} {state}", class_=f"badge {state}"), " "] for state in STATES if states[state]
    ]
    return tag(
        "li",
        tag("a", connector.title, href=place.link(page_of_connector(connector.name)), class_="whole"),
        tag("p", tag("code", connector.name), f" {connector.version}", class_="name"),
        tag("p", prose(summary)) if summary else None,
        tag("p", counts or "no modules", class_="counts"),
        class_="card",
    )


def dates_page(atlas: Atlas, *, rules: bool) -> str:
    """Return the page of everything that has dates: what is to come first, then what has been, the newest first."""
    place = Place("dates.html", "Dates", (("Connectors", "index.html"),))
    events = sorted(
        ((day, what, one) for found in atlas.dated.values() for one in found for day, what in one.dates()),
        key=lambda event: (event[0], event[2].connector),
    )
    coming = [event for event in events if event[0] > atlas.day]
    past = [event for event in reversed(events) if event[0] <= atlas.day]
    body: list[Node] = [
        tag(
            "header",
            tag("h1", "Dates"),
            tag("p", "What begins, is deprecated, and retires, and when. A day counts from its beginning, in UTC.", class_="summary"),
            class_="head",
        ),
        tag(
            "section",
            place.heading(2, "To come", "to-come"),
            _events(atlas, place, coming) or tag("p", "Nothing that is known."),
        ),
    ]
    years = dict.fromkeys(day[:4] for day, _, _ in past)
    for year in years:
        shown = [event for event in past if event[0].startswith(year)]
        body.append(tag("section", place.heading(2, year, f"year-{year}"), _events(atlas, place, shown)))
    return document(place, body, atlas.span, rules=rules)


_HAPPENED = {"since": "begins", "deprecated": "deprecated", "retired": "retires"}


def _events(atlas: Atlas, place: Place, events: list[tuple[str, str, Dated]]) -> Node:
    rows: list[list[Node]] = []
    for day, what, one in events:
        life = one.lifecycle
        state = {"since": "active"}.get(what, what)
        rows.append(
            [
                tag("time", day, datetime=day),
                tag("span", _HAPPENED[what], class_=f"badge {state}"),
                [tag("a", _name(one), href=place.link(place_of(one))), " ", tag("span", one.kind, class_="what")],
                tag("code", life.replaced_by) if life.replaced_by and what != "since" else None,
                prose(life.reason) if life.reason and what != "since" else None,
            ]
        )
    head = ["Day", "", "What", "Use instead", "Why"]
    for column in (4, 3):
        if not any(row[column] for row in rows):
            head.pop(column)
            rows = [row[:column] + row[column + 1 :] for row in rows]
    return table(head, rows, class_="dates")


def _name(one: Dated) -> Node:
    if one.module is None:
        return tag("code", one.connector)
    name = tag("code", one.module.full_name)
    return name if one.kind == "module" else [name, " · ", tag("code", one.label)]


__all__ = ["badge", "dates_page", "index_page"]
