"""The first page, of all connectors; and the page of all dates."""

from __future__ import annotations

from collections import Counter
from typing import Final

from koppling.model import ConnectorSpec
from koppling_tools.docs.atlas import STATES, Atlas, page_of_connector, place_of, replacement_of
from koppling_tools.docs.dates import Dated
from koppling_tools.docs.html import Element, Node, join, tag
from koppling_tools.docs.layout import Place, document, prose


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
            tag(
                "p",
                "What begins, is deprecated, and retires, and when. A day counts from its beginning, in UTC.",
                class_="summary",
            ),
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


_HAPPENED: Final = {"since": "begins", "deprecated": "deprecated", "retired": "retires"}


def _events(atlas: Atlas, place: Place, events: list[tuple[str, str, Dated]]) -> Node:
    """Return events by day; nothing for none."""
    days: dict[str, list[Node]] = {}
    for day, what, one in events:
        days.setdefault(day, []).append(_event(atlas, place, what, one))
    if not days:
        return None
    rows = [
        tag("li", tag("time", day, datetime=day), tag("ul", told), class_="day", id=f"day-{day}")
        for day, told in days.items()
    ]
    return tag("ol", rows, class_="events")


def _event(atlas: Atlas, place: Place, what: str, one: Dated) -> Element:
    life = one.lifecycle
    said: list[Node] = []
    if what != "since" and life.replaced_by:
        address = replacement_of(atlas, one)
        name = tag("code", life.replaced_by)
        said.append(tag("span", "use ", tag("a", name, href=place.link(address)) if address else name))
    if what != "since" and life.reason:
        said.append(tag("span", prose(life.reason)))
    return tag(
        "li",
        tag("span", _HAPPENED[what], class_=f"badge {'active' if what == 'since' else what}"),
        tag(
            "div",
            tag("a", _name(one), href=place.link(place_of(one))),
            " ",
            tag("span", one.kind, class_="what"),
            tag("p", join(". ", said), class_="what") if said else None,
        ),
    )


def _name(one: Dated) -> Node:
    if one.module is None:
        return tag("code", one.connector)
    name = tag("code", one.module.full_name)
    return name if one.kind == "module" else [name, " · ", tag("code", one.label)]
