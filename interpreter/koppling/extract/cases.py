"""The ways in which an answer is read: its case, with pages, waiting, following, streaming."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from koppling.expression import Roots
from koppling.extract.values import Evaluate, output_of, shown, text_of, value_of
from koppling.fold import Fold, compile_fold
from koppling.template import compile_template


@dataclass(frozen=True, slots=True)
class Wait:
    """How a job is polled until it is done.

    `every` is the first pause, `backoff` how many times as long as the one before each further one is, up to `cap`.
    """

    when: Evaluate | None
    status: int | None
    path: str | None
    target: Evaluate | None
    every: Evaluate
    backoff: float
    cap: float
    until: Evaluate | None
    fail: Evaluate | None
    deadline: Evaluate


@dataclass(frozen=True, slots=True)
class Pages:
    """How the next page is asked for. Exactly one of `cursors`, `link`, `target`, `number`, `offset` is set."""

    cursors: dict[str, Evaluate]
    link: str | None
    target: Evaluate | None
    number: int | None
    offset: int | None
    going_on: Evaluate | None
    largest: int | None
    always: bool

    def first(self, left: int | None) -> dict[str, Any]:
        """Return the root `page` of the first page; `left` is what the limit allows."""
        page: dict[str, Any] = {}
        if self.number is not None:
            page["number"] = self.number
        if self.offset is not None:
            page["offset"] = self.offset
        return self._sized(page, left)

    def next(
        self, page: dict[str, Any], count: int, body: Any, roots: Roots, left: int | None
    ) -> dict[str, Any] | None:
        """Return the root `page` of the next page, None where this was the last.

        `count` is how many items this one had.
        """
        if self.number is not None or self.offset is not None:
            if not count:
                return None
            turned = {key: page[key] + step for key, step in (("number", 1), ("offset", count)) if key in page}
            if self.number is not None:  # a page's number means something only among pages of one size
                return turned if "size" not in page else {**turned, "size": page["size"]}
        else:
            turned = {name: find(body, roots) for name, find in self.cursors.items()}
            if any(value is None or value == "" for value in turned.values()):
                return None
        return self._sized(turned, left)

    def _sized(self, page: dict[str, Any], left: int | None) -> dict[str, Any]:
        if self.largest is not None and (left is not None or self.always):
            page["size"] = self.largest if left is None else min(left, self.largest)
        return page


@dataclass(frozen=True, slots=True)
class Follow:
    """How a list of events is kept coming."""

    when: Evaluate
    newest_first: bool
    key: str
    every: float
    module: str
    inputs: Callable[[Roots], Any]
    done: Evaluate


class Stream:
    """How a stream is asked for, read, shown and folded; what reads it is compiled when the first one is read.

    A whole stream ends with `mark`, or has an event that fulfils `complete`.
    """

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        done = plan.get("done")
        self.set: dict[str, Any] = plan.get("set", {})
        self._told = {name: value for name, value in self.set.items() if not isinstance(value, dict)}
        self.format: str = plan.get("format", "sse")
        self.mark: str | None = done if isinstance(done, str) else None

    @cached_property
    def complete(self) -> Evaluate | None:
        """Whether an event is the last of a whole stream."""
        done = self._plan.get("done")
        return value_of(done["when"]) if isinstance(done, dict) else None

    @cached_property
    def error(self) -> Evaluate | None:
        """The error that an event tells of."""
        return value_of(self._plan["error"]) if "error" in self._plan else None

    @cached_property
    def delta(self) -> Evaluate:
        """What is shown of an event."""
        return shown(self._plan["delta"])

    @cached_property
    def fold(self) -> Callable[[], Fold]:
        """What begins the body of one stream."""
        return compile_fold(self._plan["fold"])

    @cached_property
    def rooted(self) -> bool:
        """Whether some expression is a `${…}`."""
        return "${" in repr([self._plan.get(key) for key in ("fold", "delta", "error", "done")])

    def asked(self, values: Mapping[str, Any]) -> bool:
        """Tell whether inputs ask for a stream themselves: with all that `set` says, its maps apart."""
        for name, value in self._told.items():
            if values.get(name) != value:
                return False
        return bool(self._told)

    def added(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return inputs with what streaming sets; in a map, what the caller gave wins."""
        found = dict(given)
        for name, value in self.set.items():
            own = given.get(name, value)
            if not isinstance(value, dict):
                found[name] = value
            else:
                found[name] = {**value, **own} if isinstance(own, Mapping) else own
        return found


class Case:
    """One way in which an answer is read."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.when = value_of(plan["when"]) if "when" in plan else None
        self.format: str = plan.get("format", "json")
        self.output = output_of(plan["output"]) if "output" in plan else None
        self.items = value_of(plan["items"]) if "items" in plan else None
        # Elements of a stream of lines can be shown as they come, where nothing but the line is looked at.
        self.items_are_events = plan.get("items") == "@" and self.format in {"sse", "ndjson"}
        self.envelope = output_of(plan["envelope"]) if "envelope" in plan else None
        self._usage = output_of(plan["usage"]) if plan.get("usage") else None
        self.limit = text_of(plan["limit"]) if "limit" in plan else None
        self.pages = _pages(plan["pages"]) if "pages" in plan else None
        self.wait = _wait(plan["wait"]) if "wait" in plan else None
        self.follow = _follow(plan["follow"]) if "follow" in plan else None
        self.stream = Stream(plan["stream"]) if "stream" in plan else None

    def bundle(self, subject: Any, roots: Roots) -> Any:
        """Return the output over a body or an item."""
        return subject if self.output is None else self.output(subject, roots)

    def usage(self, body: Any, roots: Roots) -> dict[str, int | float] | None:
        """Return what a call used, as far as its answer tells in numbers."""
        if self._usage is None:
            return None
        found = self._usage(body, roots)
        return {name: one for name, one in found.items() if type(one) in (int, float)} or None


def _pages(plan: dict[str, Any]) -> Pages:
    size = plan.get("size", {})
    return Pages(
        cursors={name: value_of(text) for name, text in plan.get("next", {}).items()},
        link=plan.get("link"),
        target=value_of(plan["target"]) if "target" in plan else None,
        number=plan["number"].get("start", 1) if "number" in plan else None,
        offset=plan["offset"].get("start", 0) if "offset" in plan else None,
        going_on=value_of(plan["while"]) if "while" in plan else None,
        largest=size.get("max"),
        always=bool(size.get("always")),
    )


def _wait(plan: dict[str, Any]) -> Wait:
    until, fail, target = (value_of(plan[key]) if key in plan else None for key in ("until", "fail", "target"))
    return Wait(
        when=text_of(plan["when"]) if "when" in plan else None,
        status=plan.get("status"),
        path=plan.get("path"),
        target=target,
        every=text_of(plan.get("every", 5)),
        backoff=float(plan.get("backoff", 1)),
        cap=float(plan.get("cap", "inf")),
        until=until,
        fail=fail,
        deadline=text_of(plan.get("deadline", 600)),
    )


def _follow(plan: dict[str, Any]) -> Follow:
    until = plan["until"]
    return Follow(
        when=text_of(plan["when"]),
        newest_first=plan.get("newest", "first") == "first",
        key=plan.get("key", "id"),
        every=float(plan.get("every", 5)),
        module=until["module"],
        inputs=compile_template(until.get("inputs", {})),
        done=value_of(until["when"]),
    )


class TelemetryNames:
    """What the conventions for generative AI ask of a call, as a spec says where to find it."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        self.provider: str | None = plan.get("provider")
        self.operation: str | None = plan.get("operation")
        self._asked = text_of(plan["request_model"]) if "request_model" in plan else None
        self._told = {key: value_of(plan[f"response_{key}"]) for key in ("model", "id") if f"response_{key}" in plan}

    def asked(self, inputs: Mapping[str, Any]) -> str | None:
        """Return the model that is asked for."""
        found = self._asked(None, {"input": inputs}) if self._asked else None
        return found if isinstance(found, str) else None

    def told(self, body: Any, roots: Roots) -> dict[str, str]:
        """Return `model` and `id` of an answer, those of them that it tells."""
        found = {key: find(body, roots) for key, find in self._told.items()}
        return {key: one for key, one in found.items() if isinstance(one, str)}
