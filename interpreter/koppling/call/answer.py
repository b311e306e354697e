"""One answer: read as its case says, waited for where it is a job."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Final

from koppling.call.attempt import read
from koppling.call.authorize import authorized
from koppling.call.deadline import pause
from koppling.call.failures import own_error, same_origin, too_large, unreadable, vendor_error
from koppling.call.reading import Events, roots_of
from koppling.call.state import Answer, Call
from koppling.effects import Effect, Now, Reply
from koppling.errors import ApiError, Kind, TransportError
from koppling.expression import Roots
from koppling.extract import Case, Unreadable, Wait, decode, file_name, format_of, is_json, media_type
from koppling.files import OCTETS, File, new_spool
from koppling.model import Request
from koppling.times import LONGEST, seconds


def fetch(call: Call, request: Request) -> Generator[Effect, Any, Answer]:
    """Return the answer to a request; where the spec declares a wait, the answer of the finished job."""
    answer = yield from _ask(call, request)
    if answer.case.wait is not None:
        answer = yield from _wait(call, answer, answer.case.wait)
    return answer


def case_of(call: Call, request: Request, reply: Reply, roots: Roots) -> Case:
    """Return the case of the response that fits.

    Raises:
        ApiError: none does.
    """
    for case in call.operation.cases:
        if case.when is None or case.when(None, roots):
            return case
    raise own_error(call, request, reply, "runtime", "no_case", "no case of the spec's response fits this answer")


def _ask(call: Call, request: Request) -> Generator[Effect, Any, Answer]:
    request, reply = yield from authorized(call, request, streamed=call.operation.reads_chunks)
    roots = roots_of(call, reply)
    case = case_of(call, request, reply, roots)
    roots["body"] = yield from body_of(call, case, request, reply)
    reply.body = b""  # read; it need not stand in memory beside what is made of it
    return Answer(case, reply.status, reply.headers, roots["body"], roots, request)


def body_of(call: Call, case: Case, request: Request, reply: Reply) -> Generator[Effect, Any, Any]:
    """Return a whole body as its case reads it.

    Raises:
        TransportError: it broke off.
        ApiError: it is not what the spec says, or an error in the clothes of a success.
    """
    form = format_of(case.format, reply.headers)
    if form != "json" and call.operation.errors.disguised and is_json(reply.headers):
        yield from _unmask(call, request, reply)
    if form == "bytes":
        file = yield from _file(call, request, reply)
        return None if case.format == "auto" and not file.size else file  # nothing, of no kind, is no file
    if form in {"sse", "ndjson"}:
        events, whole = Events(call, form, request, reply), []
        while found := (yield from events.more()):
            whole += found
        return whole
    data = yield from _whole(call, request, reply)
    if case.format == "auto" and not data:
        return None
    try:
        body = decode(form, data, reply.status, reply.headers)
    except Unreadable as fault:
        raise unreadable(call, request, reply, str(fault), fault.text) from None
    match = call.operation.errors.match(reply.status, reply.headers, body)
    if match is not None:
        raise vendor_error(call, request, reply, body, match.kind)
    return body


def _whole(call: Call, request: Request, reply: Reply) -> Generator[Effect, Any, bytes]:
    if reply.body is None:
        pieces: list[bytes] = []
        left = reply.bounds.body
        while chunk := (yield from read(call, request, reply, lambda: b"".join(pieces))):
            left -= len(chunk)
            if left < 0:
                raise too_large(call, request, reply, "max_body", reply.bounds.body)
            pieces.append(chunk)
        reply.body = b"".join(pieces)
    return reply.body


def _unmask(call: Call, request: Request, reply: Reply) -> Generator[Effect, Any, None]:
    """Raise the error that stands, as JSON with a success's status, where a file, a text or events were expected."""
    data = yield from _whole(call, request, reply)
    try:
        body = decode("json", data, reply.status, reply.headers)
    except Unreadable:
        return
    match = call.operation.errors.match(reply.status, reply.headers, body)
    if match is not None:
        raise vendor_error(call, request, reply, body, match.kind)


def _file(call: Call, request: Request, reply: Reply) -> Generator[Effect, Any, File]:
    name, kind = file_name(reply.headers, request.url), media_type(reply.headers) or OCTETS
    if reply.body is not None:
        return File(reply.body, name=name, media_type=kind)
    spool = new_spool()
    file = File.spooled(spool, name=name, media_type=kind)
    left = reply.bounds.file
    while chunk := (yield from read(call, request, reply, lambda: file)):
        left -= len(chunk)
        if left < 0:
            raise too_large(call, request, reply, "max_file", reply.bounds.file)
        spool.write(chunk)
    return file


# ---- waiting for a job ----

_MOST_GROWN: Final = 1e6  # times the first pause: a number that no float outgrows


def _wait(call: Call, answer: Answer, rules: Wait) -> Generator[Effect, Any, Answer]:
    if rules.when is not None and not rules.when(answer.body, answer.roots):
        return answer
    if rules.status is not None and answer.status != rules.status:
        return answer
    started: float = yield Now()
    told = rules.deadline(answer.body, answer.roots)
    deadline = float(told) if isinstance(told, int | float) else 600.0
    address, grown = answer.request.url, 1.0
    while not _is_done(call, answer, rules):
        try:
            address = _poll_address(call, answer, rules, address)
            every, now = rules.every(answer.body, answer.roots), (yield Now())
            asked = None if every is None else seconds(str(every), now)
            delay = min((5.0 if asked is None else asked) * grown, rules.cap, LONGEST)
            grown = min(grown * rules.backoff, _MOST_GROWN)
            if now + delay - started > deadline:
                raise _wait_error(call, answer, "module_timeout", "deadline", f"not done after {deadline:g} seconds")
            yield from pause(call, answer.request, delay)
            answer = yield from _ask(call, call.onward(answer.request, address))
        except (ApiError, TransportError) as error:
            error.partial = call.masker.value(answer.body)  # the job, which goes on
            raise
    return answer


def _poll_address(call: Call, answer: Answer, rules: Wait, known: str) -> str:
    reply = Reply(answer.status, answer.headers, b"")
    if rules.path is not None:
        try:
            return call.below(rules.path, answer.roots)
        except ValueError as fault:
            message = f"the answer does not say where to ask for the job: a part of {rules.path} {fault}"
            raise own_error(call, answer.request, reply, "runtime", "unreadable", message, answer.body) from fault
    target = rules.target(answer.body, answer.roots) if rules.target else None
    return known if target is None else same_origin(call, answer.request, reply, target, "the address to poll")


def _is_done(call: Call, answer: Answer, rules: Wait) -> bool:
    if rules.fail is not None and rules.fail(answer.body, answer.roots):
        raise _wait_error(call, answer, "runtime", "failed", "the job failed")
    if rules.until is not None:
        return bool(rules.until(answer.body, answer.roots))
    return answer.status != rules.status


def _wait_error(call: Call, answer: Answer, kind: Kind, code: str, message: str) -> ApiError:
    reply = Reply(answer.status, answer.headers, b"")
    said = call.operation.errors.facts(answer.status, answer.headers, answer.body).get("message")
    return own_error(
        call, answer.request, reply, kind, code, f"{message}: {said}" if said else message, answer.body, answer.body
    )
