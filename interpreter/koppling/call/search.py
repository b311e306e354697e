"""Searches: the items of an answer, over its pages, followed while they grow."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

from koppling.call.answer import case_of, fetch
from koppling.call.authorize import authorized
from koppling.call.deadline import pause
from koppling.call.failures import own_error, same_origin
from koppling.call.reading import Events, roots_of
from koppling.call.state import Answer, Call, Position
from koppling.diagnostics import Problem
from koppling.effects import Effect, Emit, Life, Reply
from koppling.errors import InputInvalid
from koppling.expression import Roots
from koppling.extract import Follow, format_of
from koppling.model import Request, Response, Result
from koppling.render import absolute


def search(call: Call, *, emit: bool) -> Life:
    """Read pages until there are no more, or the limit is reached. Emits each bundle, or collects them."""
    bundles = _Bundles(call, emit=emit)
    if (follow := call.follow) is not None:
        last = yield from _followed(call, follow, bundles)
    else:
        last = yield from _pages(call, bundles)
    if last is None:  # a limit of nothing
        return Result([], Response(0, {}), tuple(call.attempts), None, call.operation.module.full_name)
    return call.result(last, bundles.found)


class _Bundles:
    """Where bundles go: to the caller, or into a list. `left` is what the limit still allows."""

    def __init__(self, call: Call, *, emit: bool) -> None:
        self.found: list[Any] = []
        limit = call.limit
        self.left = None if limit is None else limit - call.position.given
        self.skip = 0
        self._call, self._emit = call, emit

    @property
    def full(self) -> bool:
        return self.left is not None and self.left <= 0

    def take(self, bundle: Any, _item: Any) -> Generator[Effect, Any, None]:
        if self.skip:
            self.skip -= 1
            return
        if self.left is not None:
            self.left -= 1
        self._call.position.given += 1
        if self._emit:
            yield Emit((bundle,))
        else:
            self.found.append(bundle)


class _Round:
    """Where the bundles of one round of a followed list go: those that were not seen before."""

    left = None

    def __init__(self, rules: Follow, seen: set[str]) -> None:
        self._rules, self._seen = rules, seen
        self.fresh: list[tuple[Any, Any]] = []
        self.full = False

    def take(self, bundle: Any, item: Any) -> Generator[Effect, Any, None]:
        yield from ()
        key = item.get(self._rules.key) if isinstance(item, dict) else None
        mark = json.dumps(item if key is None else key, sort_keys=True)
        if mark not in self._seen:
            self._seen.add(mark)
            self.fresh.append((bundle, item))
        elif self._rules.newest_first:  # all that follows was seen in an earlier round
            self.full = True


def _followed(call: Call, rules: Follow, bundles: _Bundles) -> Generator[Effect, Any, Answer | None]:
    seen: set[str] = set()
    finished = False
    bundles.skip = call.position.given  # one that goes on reads all again, and leaves out what was given
    while True:
        call.position, fresh = Position(given=call.position.given), _Round(rules, seen)
        last = yield from _pages(call, fresh)
        for bundle, item in reversed(fresh.fresh) if rules.newest_first else fresh.fresh:
            if bundles.full:
                break
            yield from bundles.take(bundle, item)
        if finished or bundles.full:
            return last
        roots: Roots = {"input": call.prepared.values}
        state = yield from call.begin(rules.module, rules.inputs(roots), call)
        finished = bool(rules.done(state.output, {**roots, "body": state.output}))
        if not finished:
            yield from pause(call, last.request if last else call.render(), rules.every)


def _pages(call: Call, bundles: _Bundles | _Round) -> Generator[Effect, Any, Answer | None]:
    """Read page after page from the call's position; return the last answer."""
    place, answer = call.position, None
    if not place.page and place.address is None:
        place.page = call.first_page(bundles.left)
    skip, seen, items = place.taken, set[str](), list[Any]()
    pages = call.operation.pages
    counted = pages is not None and (pages.number is not None or pages.offset is not None)
    while not bundles.full:
        request = call.render(place.page) if place.address is None else _linked(call, place.address)
        mark = place.address or json.dumps({key: value for key, value in place.page.items() if key != "size"})
        if mark in seen:
            raise own_error(
                call,
                request,
                Reply(200, {}, b""),
                "inconsistency",
                "page_loop",
                "the vendor's pages lead back to one that was read already",
            )
        seen.add(mark)
        if call.operation.items_are_events:
            return (yield from _live(call, request, bundles, skip))
        answer = yield from fetch(call, request)
        items, before = _items(answer), items
        if counted and items and items == before:
            raise own_error(
                call,
                request,
                Reply(answer.status, answer.headers, b""),
                "inconsistency",
                "page_loop",
                "the vendor answers every page alike",
            )
        place.taken = min(skip, len(items))
        for item in items[skip:]:
            if bundles.full:
                return answer
            place.taken += 1
            yield from bundles.take(answer.case.bundle(item, {**answer.roots, "item": item}), item)
        skip = 0
        if not _turn(call, answer, len(items), bundles.left):
            break
    return answer


def _live(call: Call, request: Request, bundles: _Bundles | _Round, skip: int) -> Generator[Effect, Any, Answer]:
    """Take the elements of a stream of events as they come."""
    request, reply = yield from authorized(call, request, streamed=True)
    roots = roots_of(call, reply)
    case = case_of(call, request, reply, roots)
    place, place.taken = call.position, 0
    events = Events(call, format_of(case.format, reply.headers), request, reply)
    while not bundles.full and (found := (yield from events.more())):
        for event in found:
            place.taken += 1
            if place.taken > skip:
                yield from bundles.take(case.bundle(event, {**roots, "item": event}), event)
            if bundles.full:
                break
    return Answer(case, reply.status, reply.headers, None, {**roots, "body": None}, request)


def _linked(call: Call, address: str) -> Request:
    """Return the request for a page's address, which came from an answer of this origin or from a resume token."""
    first = call.render()
    try:
        url = absolute(first, address)
    except ValueError:
        url = None
    if url is None:
        raise InputInvalid(call.operation.module.full_name, (Problem("", "this resume token leads to another origin"),))
    return call.onward(first, url)


def _items(answer: Answer) -> list[Any]:
    found = answer.case.items(answer.body, answer.roots) if answer.case.items else None
    return found if isinstance(found, list) else []


def _turn(call: Call, answer: Answer, count: int, left: int | None) -> bool:
    """Set the position on the next page; tell whether there is one."""
    pages, place = answer.case.pages, call.position
    if pages is None or (pages.going_on is not None and not pages.going_on(answer.body, answer.roots)):
        return False
    if pages.link is None and pages.target is None:
        page = pages.next(place.page, count, answer.body, answer.roots, left)
        if page is None:
            return False
        place.page, place.taken = page, 0
        return True
    target = pages.target(answer.body, answer.roots) if pages.target else answer.roots["links"].get(pages.link)
    if not target:
        return False
    reply = Reply(answer.status, answer.headers, b"")
    place.address = same_origin(call, answer.request, reply, target, "the address of the next page")
    place.taken = 0
    return True
