"""What a call did, held against what an example states: faults as values, each with its line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from koppling.diagnostics import Diagnostic, Location, join_pointer
from koppling.errors import KopplingError
from koppling.expression import ABSENT
from koppling.model import Result
from koppling_tools.examples.compare import Difference, Pointer, differences, path_text
from koppling_tools.examples.load import Example
from koppling_tools.examples.transport import ExampleTransport, Unstated


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not as an example states it. `pointer` leads into the example; `location` is the line there.

    `difference` has the two sides, `verb` is how the second came about (got, sent). `said` is an error's own text,
    `help` what to do.
    """

    rule: str
    message: str
    location: Location
    pointer: Pointer = ()
    difference: Difference | None = None
    verb: str = "got"
    said: str = ""
    help: str = ""

    def lines(self) -> Iterator[str]:
        """Yield what a person reads: place and message, then the two sides."""
        yield f"{self.location}: {self.message} [{self.rule}]"
        if self.difference is not None:
            for line in self.difference.lines(self.verb):
                yield f"  {line}"
        yield from (f"  {line}" for line in self.said.splitlines())
        if self.help:
            yield f"  help: {self.help}"

    def as_diagnostic(self) -> Diagnostic:
        """Return the fault as one of a spec's; its message has the two sides."""
        sides = self.difference.lines(self.verb) if self.difference is not None else ()
        message = "\n".join([self.message, *sides])
        return Diagnostic(
            self.rule, message, self.location, "error", join_pointer(*self.pointer), self.help or self.said
        )

    def as_json(self) -> dict[str, Any]:
        """Return the fault as `--format json` prints it: as a diagnostic, with the two sides."""
        return {
            **self.as_diagnostic().as_json(),
            "message": self.message,
            **(self.difference.as_json() if self.difference is not None else {}),
        }


@dataclass
class Take:
    """One run of an example: what came out, and what the transport saw."""

    transport: ExampleTransport
    result: Result | None = None
    deltas: list[Any] = field(default_factory=list)
    error: Exception | None = None


def judge(example: Example, take: Take) -> Iterator[Fault]:
    """Yield what is not as stated in one take: the requests in their order, then what the call gave."""
    yield from _requests(example, take)
    stated, error = example.stated, take.error
    if "error" in stated:
        if "deltas" in stated:  # what a stream showed before it broke
            yield from _differing(example, "deltas", differences(stated["deltas"], take.deltas, ("deltas",)))
        yield from _error(example, stated["error"], take)
        return
    if error is not None:
        if not isinstance(error, Unstated):
            yield _raised(example, error)
        return
    result = take.result
    got = {
        "output": result.output if result else None,
        "envelope": result.envelope if result else None,
        "usage": result.usage if result else None,
        "deltas": take.deltas,
    }
    for key, value in stated.items():
        yield from _differing(example, key, differences(value, got[key], (key,)))


def _differing(
    example: Example, rule: str, found: Iterable[Difference], verb: str = "got", said: str = ""
) -> Iterator[Fault]:
    for one in found:
        message = _words(one, one.pointer, verb)
        yield Fault(rule, message, example.locate(one.pointer), one.pointer, one, verb, said)


def _words(one: Difference, pointer: Pointer, verb: str) -> str:
    if one.stated is ABSENT:
        return f"{path_text(pointer)} is not stated"
    if one.got is ABSENT:
        return f"{path_text(pointer)} was not {verb}" if verb == "sent" else f"{path_text(pointer)} is missing"
    return f"{path_text(pointer)} is not as stated"


def _requests(example: Example, take: Take) -> Iterator[Fault]:
    for mismatch in take.transport.mismatches:
        exchange = mismatch.exchange
        time = f" (time {mismatch.turn} of {exchange.times})" if exchange.times > 1 else ""
        for one in mismatch.differences:
            pointer = (*exchange.pointer, "request", *one.pointer)
            message = f"{_words(one, pointer, 'sent')}{time}"
            yield Fault("request", message, example.locate(pointer), pointer, one, "sent")
    for sent in take.transport.unstated:
        message = "nothing may be sent, and a request was" if not example.exchanges else "one request more than stated"
        pointer = (*example.exchanges[-1].pointer, "request") if example.exchanges else ()
        difference = Difference(pointer, ABSENT, sent.as_stated())
        yield Fault("unstated-request", message, example.locate(pointer), pointer, difference, "sent")
    # A call that broke off asked for nothing more: what broke it is said below, and says enough.
    if take.error is None or "error" in example.stated:
        for exchange, turns in take.transport.unused:
            pointer = (*exchange.pointer, "request")
            often = exchange.times - turns
            times = f"was sent {often} of {exchange.times} times" if often else "was never sent"
            said = f"{exchange.request.get('method', 'GET')} {exchange.request.get('path', '/')}"
            yield Fault("unsent-request", f"{said} {times}", example.locate(pointer), pointer)


def _raised(example: Example, error: Exception) -> Fault:
    location, pointer = example.locate(("inputs",)), ("inputs",)
    if isinstance(error, KopplingError):
        return Fault("failed", f"the call failed with {type(error).__name__}", location, pointer, said=str(error))
    said = f"{type(error).__name__}: {error}"
    where = _origin(error)
    return Fault("failed", "the interpreter itself failed", location, pointer, said=f"{said}{where}")


def _origin(error: Exception) -> str:
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    return f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""


def _error(example: Example, stated: dict[str, Any], take: Take) -> Iterator[Fault]:
    error = take.error
    if error is None:
        output = take.result.output if take.result else None
        difference = Difference(("error",), stated, {"output": output})
        yield Fault("error", "the call did not fail", example.locate(("error",)), ("error",), difference)
        return
    if isinstance(error, Unstated):
        return
    stated = _meant(stated)
    kind = type(error).__name__
    if stated.get("type", kind) != kind:
        wrong = differences(stated["type"], kind, ("error", "type"))
        yield from _differing(example, "error", wrong, said=f"{kind}: {error}")
        return
    facts: dict[str, Any] = {key: _fact(error, key) for key in stated if key not in {"type", "problems"}}
    expected = {key: value for key, value in stated.items() if key in facts}
    found = list(differences(expected, facts, ("error",)))
    if "problems" in stated:
        found += _problems([_meant(one) for one in stated["problems"]], getattr(error, "problems", ()))
    yield from _differing(example, "error", found)


def _meant(stated: dict[str, Any]) -> dict[str, Any]:
    """Return a map without the keys that are somebody's own."""
    return {key: value for key, value in stated.items() if not key.startswith("x-")}


def _fact(error: Exception, key: str) -> Any:
    """Return what an error says of a key: itself, or the lifecycle that it carries."""
    for holder in (error, getattr(error, "lifecycle", None)):
        if (value := getattr(holder, key, ABSENT)) is not ABSENT:
            return value
    return ABSENT


def _problems(stated: list[dict[str, Any]], problems: Any) -> Iterator[Difference]:
    """Hold the problems of the inputs against those stated, in any order.

    By pointer, and by what else is stated of them.
    """
    left = [{"pointer": one.pointer, "message": one.message} for one in problems]
    unmatched = []
    for index, one in enumerate(stated):
        match = next((other for other in left if all(other.get(key) == value for key, value in one.items())), None)
        if match is None:
            unmatched.append((index, one))
        else:
            left.remove(match)
    for index, one in unmatched:
        match = next((other for other in left if other["pointer"] == one.get("pointer")), None)
        if match is None:
            yield Difference(("error", "problems", index), one, ABSENT)
        else:
            left.remove(match)
            got = {key: match[key] for key in one if key in match}
            yield from differences(one, got, ("error", "problems", index))
    for offset, other in enumerate(left):
        yield Difference(("error", "problems", len(stated) + offset), ABSENT, other)
