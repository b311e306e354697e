"""Lifecycles as a chart in time: a bar for each thing, from its first day to its last, in its three states."""

from __future__ import annotations

from datetime import date
from typing import Final

from koppling_tools.docs.atlas import Atlas, place_of, replacement_of
from koppling_tools.docs.dates import Dated
from koppling_tools.docs.html import Element, Node, tag
from koppling_tools.docs.layout import Place, badge, outside, prose

_MARGIN: Final = 60  # days before the first date and after the last


def chart(atlas: Atlas, place: Place, things: list[Dated], *, label: str, named: bool = False) -> Node:
    """Return a chart of things that have dates; nothing for none.

    Args:
        atlas: where they are from.
        place: the page that it stands on.
        things: what it shows.
        label: what the chart shows, in words.
        named: name the module of each thing as well.
    """
    if not things:
        return None
    scale = _Scale(things, atlas.span.start)
    rows = [_row(atlas, place, one, scale, named=named) for one in things]
    return tag("div", _axis(scale), tag("ul", rows), class_="timeline", role="group", aria_label=label)


class _Scale:
    """Days to shares of the width."""

    def __init__(self, things: list[Dated], today: str | None) -> None:
        days = [_number(day) for one in things for day, _ in one.dates()]
        days += [_number(today)] if today else []
        self.first, self.last = min(days) - _MARGIN, max(days) + _MARGIN
        self.today = _number(today) if today else None

    def at(self, day: int) -> float:
        return 100 * (day - self.first) / (self.last - self.first)

    def years(self) -> list[int]:
        first, last = date.fromordinal(self.first).year + 1, date.fromordinal(self.last).year
        step = max(1, (last - first) // 5)
        return list(range(first, last + 1, step))


def _number(day: str) -> int:
    return date.fromisoformat(day).toordinal()


def _percent(share: float) -> str:
    return f"{share:.2f}%"


def _axis(scale: _Scale) -> Element:
    marks: list[Node] = []
    for year in scale.years():
        at = _percent(scale.at(date(year, 1, 1).toordinal()))
        marks += [tag("line", x1=at, x2=at, y1="70%", y2="100%"), tag("text", str(year), x=at, y="60%")]
    legend = [
        tag("span", tag("svg", tag("rect", width="100%", height="100%", class_=one), class_="swatch"), one)
        for one in ("active", "deprecated", "retired")
    ]
    return tag(
        "div",
        tag("p", legend, class_="legend"),
        tag("svg", marks, class_="axis"),
        class_="scale",
        aria_hidden="true",
    )


def _row(atlas: Atlas, place: Place, one: Dated, scale: _Scale, *, named: bool) -> Element:
    label = one.label
    if named and one.module is not None and one.kind != "module":
        label = f"{one.module.name}@{one.module.major} · {label}"
    elif one.kind == "module" and one.module is not None:
        label = f"{one.module.name}@{one.module.major}"
    state = one.lifecycle.state(atlas.day)
    return tag(
        "li",
        tag(
            "div",
            tag("a", label, href=place.link(place_of(one))),
            " ",
            badge(state),
            class_="who",
        ),
        _bar(one, scale),
        tag("div", words(atlas, place, one), class_="when"),
    )


def _bar(one: Dated, scale: _Scale) -> Element:
    life = one.lifecycle
    end = scale.at(_number(life.retired)) if life.retired else 100.0
    start = scale.at(_number(life.since)) if life.since else 0.0
    turn = min(scale.at(_number(life.deprecated)), end) if life.deprecated else end
    parts: list[Node] = []
    for name, left, right in (("active", start, turn), ("deprecated", turn, end), ("retired", end, 100.0)):
        if right > left:
            parts.append(tag("rect", class_=name, x=_percent(left), width=_percent(right - left), y=0, height="100%"))
    if scale.today is not None:
        at = _percent(scale.at(scale.today))
        parts.append(tag("line", class_="today", x1=at, x2=at, y1=0, y2="100%"))
    return tag("svg", parts, class_="bar", aria_hidden="true")


def words(atlas: Atlas, place: Place, one: Dated) -> list[Node]:
    """Return the dates of a thing in words, what to use instead, and why."""
    life = one.lifecycle
    said: list[Node] = []
    for key, words_of in (("since", "since"), ("deprecated", "deprecated"), ("retired", "retired")):
        if day := getattr(life, key):
            said.append(tag("span", words_of, " ", tag("time", day, datetime=day), class_="date"))
    if life.replaced_by:
        address = replacement_of(atlas, one)
        name = tag("code", life.replaced_by)
        said.append(tag("span", "use ", tag("a", name, href=place.link(address)) if address else name))
    if life.reason:
        said.append(tag("span", prose(life.reason), class_="reason"))
    if life.source:
        said.append(outside(life.source, "source"))
    return [[one, " "] for one in said]
