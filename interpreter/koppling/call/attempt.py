"""One request, sent until there is an answer: the only place where anything is retried."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from koppling.call.deadline import passes, within
from koppling.call.failures import no_answer, own_error, same_origin, too_large, too_late, vendor_error
from koppling.call.state import Call
from koppling.call.turn import learn, limited, take_turn
from koppling.effects import Effect, NoAnswer, Now, Read, Reply, Send, Sleep, TooLarge
from koppling.errors import ApiError, TransportError
from koppling.extract import ErrorMatch
from koppling.model import Attempt, Request
from koppling.retry import Tried, Verdict
from koppling.statuses import SUCCESS

MOST_REDIRECTS: Final = 5

_Outcome = Reply | NoAnswer | TooLarge
_FINE: Final = Verdict(None, "")


def attempt(call: Call, request: Request, *, streamed: bool) -> Generator[Effect, Any, tuple[Request, Reply]]:
    """Send until a success or an end; follow redirects within the origin. Returns the request that was answered.

    Raises:
        TransportError: no answer, or none in time.
        ApiError: an answer that is no success.
    """
    number, hops, carried = 0, 0, False
    while True:
        number += 1
        outcome, sending = yield from _in_turn(call, request, sent=carried, streamed=streamed)
        fault: Callable[[], ApiError | TransportError]
        if isinstance(outcome, NoAnswer):
            carried = carried or outcome.sent
            verdict = _after_no_answer(call, request, number, outcome)
            fault = partial(no_answer, call, request, outcome, sent=carried)
        elif isinstance(outcome, TooLarge):
            _note(call, sending, outcome, Verdict(None, "not repeated: the next answer would be as large"))
            raise too_large(call, request, outcome.reply, "max_body", outcome.reply.bounds.body)
        elif _redirects(outcome):
            _note(call, sending, outcome, Verdict(None, "redirected"))
            hops, number = hops + 1, 0
            request = _redirected(call, request, outcome, hops)
            continue
        elif outcome.status in SUCCESS:
            _note(call, sending, outcome, _FINE)
            return request, outcome
        else:
            carried = carried or outcome.status >= HTTPStatus.INTERNAL_SERVER_ERROR
            verdict, fault = yield from _after_status(call, request, number, outcome)
        late = yield from _too_late(call, verdict, outcome)
        if late is not None:
            _note(call, sending, outcome, late)
            raise too_late(call, request, sent=carried, wait=verdict.wait or 0.0) from fault()
        _note(call, sending, outcome, verdict)
        if verdict.wait is None:
            raise fault() from None
        yield Sleep(verdict.wait)


def _in_turn(
    call: Call, request: Request, *, sent: bool, streamed: bool
) -> Generator[Effect, Any, tuple[_Outcome, Send]]:
    """Send once, when it is this call's turn."""
    turn, queued = None, 0.0
    if limited(call):
        turn, queued = yield from take_turn(call, request, sent=sent)
    outcome: _Outcome
    try:
        if call.deadline is not None:
            request = yield from within(call, request, sent=sent)
        sending = Send(request, streamed, queued)
        outcome = yield sending
    except (NoAnswer, TooLarge) as failure:
        outcome = failure.with_traceback(None)
    finally:
        if turn is not None:
            call.queue.leave(turn)
    reply = _reply(outcome)
    if reply is not None:
        for rule in call.operation.limits:
            if rule.speaks(reply.headers):
                yield from learn(call, rule, reply.headers)
    return outcome, sending


def _tried(call: Call, request: Request, number: int) -> Tried:
    replayable = request.body is None or request.body.replayable
    return Tried(request.method, number, call.retry.key_header in request.headers, replayable)


def _after_no_answer(call: Call, request: Request, number: int, failure: NoAnswer) -> Verdict:
    tried = _tried(call, request, number)
    return call.retry.after_no_answer(tried, failure.reason, call.random, sent=failure.sent)


def _after_status(
    call: Call, request: Request, number: int, reply: Reply
) -> Generator[Effect, Any, tuple[Verdict, Callable[[], ApiError]]]:
    body = _error_body(reply)
    match = call.operation.errors.match(reply.status, reply.headers, body) or ErrorMatch("runtime")
    after = call.retry.asked_for(reply.headers, (yield Now()))
    tried = _tried(call, request, number)
    verdict = call.retry.after_status(tried, reply.status, reply.headers, call.random, told=match.retry, after=after)
    return verdict, partial(vendor_error, call, request, reply, body, match.kind, after=after)


def _too_late(call: Call, verdict: Verdict, outcome: Reply | NoAnswer) -> Generator[Effect, Any, Verdict | None]:
    """Return the verdict that there is no time for another attempt, where that is what ends the call."""
    if verdict.wait is None and not isinstance(outcome, NoAnswer):
        return None
    if not (yield from passes(call, verdict.wait or 0.0)):
        return None
    if not verdict.wait:
        return Verdict(None, "not repeated: the deadline has passed")
    return Verdict(None, f"not repeated: a wait of {verdict.wait:.3g} s would pass the deadline")


def read(call: Call, request: Request, reply: Reply, partial: Callable[[], Any]) -> Generator[Effect, Any, bytes]:
    """Read on in a streamed body, or in one that came whole: it is one chunk.

    Raises:
        TransportError: it broke off, or did not end in time; with what there was of it.
    """
    if reply.body is not None:
        return reply.taken()
    failure: NoAnswer | None = None
    chunk = b""
    try:
        chunk = yield Read(reply)
    except NoAnswer as found:
        failure = found.with_traceback(None)
    if call.deadline is not None and (chunk or failure) and (yield from passes(call)):
        raise too_late(call, request, sent=True, partial=partial())
    if failure is not None:
        raise no_answer(call, request, failure, partial())
    return chunk


def _note(call: Call, sending: Send, outcome: _Outcome, verdict: Verdict) -> None:
    mask, reply, request = call.masker.text, _reply(outcome), sending.request
    name = None if reply is None else call.operation.errors.request_id(reply.headers)
    call.attempts.append(
        Attempt(
            request.method,
            mask(request.url),
            None if reply is None else reply.status,
            mask(str(outcome)) if reply is None else None,
            verdict.wait or 0.0,
            sending.began,
            max(0.0, sending.took),
            name and mask(name),
            verdict.why,
            sending.queued,
        )
    )


def _reply(outcome: _Outcome) -> Reply | None:
    """Return the answer, where there is one."""
    if isinstance(outcome, NoAnswer):
        return None
    return outcome if isinstance(outcome, Reply) else outcome.reply


def _redirects(reply: Reply) -> bool:
    return reply.status in {301, 302, 303, 307, 308} and "location" in reply.headers


def _redirected(call: Call, request: Request, reply: Reply, hops: int) -> Request:
    url = same_origin(call, request, reply, reply.headers["location"], "a redirect")
    if hops > MOST_REDIRECTS:
        raise own_error(
            call,
            request,
            reply,
            "inconsistency",
            "redirect_loop",
            f"the answer redirects, {MOST_REDIRECTS} times in a row",
        )
    if request.method in {"GET", "HEAD"} or (reply.status in {307, 308} and _tried(call, request, 1).replayable):
        return call.moved(request, url)
    if reply.status == HTTPStatus.SEE_OTHER:
        return call.onward(request, url)
    raise own_error(
        call,
        request,
        reply,
        "connection",
        "redirect",
        f"the answer redirects a {request.method} to {url}; it was not repeated there",
    )


def _error_body(reply: Reply) -> Any:
    data = reply.body or b""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return data.decode(errors="replace")
