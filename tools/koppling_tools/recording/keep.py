"""From a call that was heard to the text of an example: one that holds, says no more than it must, and no secret."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from koppling.catalog import Catalog
from koppling.compile import check_example
from koppling.connection import Bound
from koppling.errors import ApiError
from koppling.expression import ABSENT
from koppling.model import ConnectorSpec, ModuleSpec, OperationSpec
from koppling.read import parse_document
from koppling_tools.check.files import classify
from koppling_tools.console.mistakes import GivenWrong
from koppling_tools.editing.form import in_form
from koppling_tools.examples.judge import Fault
from koppling_tools.examples.load import Example
from koppling_tools.examples.placeholders import base_url, placeholders
from koppling_tools.examples.run import Runner
from koppling_tools.recording import draft, marked
from koppling_tools.recording.disguise import Disguise
from koppling_tools.recording.layout import laid_out
from koppling_tools.recording.wiretap import Heard

_SHOWN: Final = 6  # faults of a replay that are told

Holds = Callable[[dict[str, Any]], bool]


@dataclass
class Call:
    """What was called, and what came of it."""

    catalog: Catalog
    module: ModuleSpec
    operation: OperationSpec
    connector: ConnectorSpec
    bound: Bound
    inputs: dict[str, Any]
    day: str
    heard: list[Heard]
    streamed: bool = False
    deltas: list[Any] = field(default_factory=list)
    result: Any = None
    error: ApiError | None = None

    @property
    def request(self) -> Mapping[str, Any]:
        """The operation's merged `request`."""
        found: Mapping[str, Any] = self.operation.plan["request"]
        return found


def kept(call: Call, disguise: Disguise, path: Path, title: str) -> str:
    """Return the text of the example.

    Args:
        call: with all that was heard.
        disguise: what stands for secrets.
        path: where the file will be.
        title: what it shows; made up where it is empty.

    Raises:
        GivenWrong: it does not hold when it is replayed, or a secret would be in it.
    """
    address = base_url(call.request, call.bound.values)
    faults: Sequence[Fault] = ()
    for raw in (False, True):
        exchanges = draft.exchanges(call.heard, address, disguise, raw=raw)
        whole = {**_head(call, disguise, title), **_as_stated(exchanges), **_gave(call, disguise)}
        faults = _faults(call, whole, path)
        if call.error is not None and faults:
            whole = {**whole, "error": {**whole["error"], **_masked_anew(faults)}}
            faults = _faults(call, whole, path)
        if not faults:

            def holds(one: dict[str, Any]) -> bool:
                return not _faults(call, one, path)

            text = _text(_joined(_telling(_smaller(whole, holds), call, disguise, holds), holds), path)
            _prove(text, disguise, path)
            return text
    raise _cannot(faults)


def moved(call: Call) -> dict[str, str]:
    """Return which addresses of the real server stand for which of the made-up one, the longest first."""
    ours = base_url(call.request, call.bound.values)
    theirs = base_url(call.request, placeholders(call.connector, _connection(call)))
    one, other = urlsplit(ours), urlsplit(theirs)
    if (one.scheme, one.netloc) == (other.scheme, other.netloc):
        return {}
    origins = f"{one.scheme}://{one.netloc}", f"{other.scheme}://{other.netloc}"
    return {ours.rstrip("/"): theirs.rstrip("/"), origins[0]: origins[1], one.netloc: other.netloc}


def _head(call: Call, disguise: Disguise, title: str) -> dict[str, Any]:
    connection = disguise.value(_connection(call))
    return {
        "title": title or f"{call.operation.title or call.module.title}, as it went on {call.day}",
        "as_of": call.day,
        **({"connection": connection} if connection else {}),
        "inputs": disguise.value(marked.replaced(call.operation, draft.as_inputs(call.inputs))),
        **({"stream": True} if call.streamed else {}),
    }


def _connection(call: Call) -> dict[str, Any]:
    """Return what an example states of its connection: what its placeholders would not give."""
    made_up = placeholders(call.connector)
    stated: dict[str, Any] = {}
    for name, one in call.connector.fields.items():
        value = call.bound.values.get(name)
        if one.schema.get("format") == "uri" and value is not None:
            if urlsplit(str(made_up[name])).scheme not in {"http", "https"}:
                stated[name] = f"https://{call.connector.name.replace('_', '-')}.example{urlsplit(str(value)).path}"
        elif value != made_up[name] and not (one.secret and value is not None):
            stated[name] = value
    return stated


def _gave(call: Call, disguise: Disguise) -> dict[str, Any]:
    deltas = {"deltas": draft.output(call.deltas, disguise)} if call.deltas else {}
    if call.error is not None:
        return {**deltas, "error": draft.error(call.error, disguise)}
    found = {**deltas, "output": draft.output(call.result.output, disguise)}
    if call.result.envelope is not None:
        found["envelope"] = draft.output(call.result.envelope, disguise)
    return found


def _as_stated(exchanges: list[dict[str, Any]]) -> dict[str, Any]:
    return exchanges[0] if len(exchanges) == 1 else {"exchanges": exchanges}


def _each(value: dict[str, Any], change: Callable[[int, dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """Return an example with each of its exchanges changed."""
    if "exchanges" not in value:
        return change(0, value)
    return {**value, "exchanges": [change(at, one) for at, one in enumerate(value["exchanges"])]}


def _smaller(value: dict[str, Any], holds: Holds) -> dict[str, Any]:
    """Leave out the headers of answers without which the example holds as well."""
    exchanges: list[dict[str, Any]] = value.get("exchanges", [value])
    for name in sorted({name for one in exchanges for name in one["response"].get("headers", {})}):
        without = _each(value, lambda _, one, name=name: _without(one, name))  # type: ignore[misc]  # a default binds the loop's variable
        if holds(without):
            value = without
    return value


def _without(exchange: dict[str, Any], name: str) -> dict[str, Any]:
    response = dict(exchange["response"])
    headers = {key: said for key, said in response.pop("headers", {}).items() if key != name}
    status = {"status": response.pop("status"), **({"headers": headers} if headers else {})}
    return {**exchange, "response": {**status, **response}}


def _telling(value: dict[str, Any], call: Call, disguise: Disguise, holds: Holds) -> dict[str, Any]:
    """State the headers of requests that the spec writes, but for those that are others each time."""
    written = [one.get("headers") for one in (call.connector.plan.get("request") or {}, call.request)]
    for name in dict.fromkeys(name for one in written if isinstance(one, dict) for name in one):
        exchanges: list[dict[str, Any]] = value.get("exchanges", [value])
        sent = [disguise.text(dict(one.sent_headers).get(name.lower(), "")) for one in call.heard]
        if len(exchanges) != len(sent) or not all(sent):
            continue
        more = _each(value, lambda at, one, name=name, sent=sent: _with(one, name, sent[at]))  # type: ignore[misc]  # a default binds the loop's variable
        if holds(more):
            value = more
    return value


def _with(exchange: dict[str, Any], name: str, sent: str) -> dict[str, Any]:
    request = exchange["request"]
    return {**exchange, "request": {**request, "headers": {**request.get("headers", {}), name: sent}}}


def _joined(value: dict[str, Any], holds: Holds) -> dict[str, Any]:
    """State exchanges in a row that are alike, as an example has them at last, once."""
    found: list[dict[str, Any]] = []
    for one in value.get("exchanges", ()):
        if found and {**found[-1], "times": 1} == {**one, "times": 1}:
            found[-1] = {**one, "times": found[-1].get("times", 1) + 1}
        else:
            found.append(one)
    joined = {**value, "exchanges": found}
    return joined if found and holds(joined) else value


def _text(value: dict[str, Any], path: Path) -> str:
    """Return the file of an example.

    Raises:
        GivenWrong: there is something in it that YAML would not give back.
    """
    text, place = laid_out(value), classify(path)
    try:
        text = in_form(place, text) if place is not None else text
        document = parse_document(text.encode(), str(path))
    except UnicodeEncodeError:
        raise GivenWrong("what was heard holds half a character (a lone surrogate); nothing was kept") from None
    if document.diagnostics or document.value != value:
        said = f": {document.diagnostics[0].message}" if document.diagnostics else ""
        raise GivenWrong(f"what was heard cannot be written as YAML that says the same{said}; nothing was kept")
    return text


def _faults(call: Call, value: dict[str, Any], path: Path) -> list[Fault]:
    """Replay an example, sync and async, and return what does not hold."""
    document = parse_document(_text(value, path).encode(), str(path))
    wrong = tuple(one for one in check_example(document) if one.severity == "error")
    module = f"{call.module.name}@{call.module.major}"
    with Runner(call.catalog, call.day) as runner:
        return runner.run(Example(call.connector.name, module, path.stem, path, document, wrong))


def _masked_anew(faults: Sequence[Fault]) -> dict[str, Any]:
    """Return the words of an error as the replay has them: its mask leaves other stumps around a stand-in."""
    found = {one.pointer[-1]: one.difference.got for one in faults if one.difference and one.pointer[:1] == ("error",)}
    return {key: value for key, value in found.items() if key in {"message", "code", "param"} and value is not ABSENT}


def _cannot(faults: Sequence[Fault]) -> GivenWrong:
    error = GivenWrong("the call cannot be kept: replayed with stand-ins for what is secret, it goes otherwise")
    for fault in faults[:_SHOWN]:
        sides = fault.difference.lines(fault.verb) if fault.difference is not None else fault.said.splitlines()
        error.add_note(", ".join([fault.message, *(" ".join(one.split()) for one in sides)]))
    error.add_note(
        "an example holds what is the same each time; of a secret field, the first of its `examples` stands in"
    )
    return error


def _prove(text: str, disguise: Disguise, path: Path) -> None:
    """Look for each secret, in every spelling, in the bytes to be written and in all that they say.

    Raises:
        GivenWrong: one is left.
    """
    left = [(what, "") for written in (text, str(path)) for what in disguise.left(written)]
    left += list(disguise.left_in(parse_document(text.encode(), str(path)).value))
    if left:
        what, where = max(left, key=lambda one: len(one[1]))
        place = f" at {where}" if where else ""
        error = GivenWrong(f"{what} would stand in the example{place}, in a spelling that has no stand-in")
        error.add_note("nothing was kept; use another secret, or other inputs")
        raise error
