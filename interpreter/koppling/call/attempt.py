"""One request, sent until there is an answer: the only place where anything is retried."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from http import HTTPStatus
from typing import Any, Final

from koppling.call.failures import no_answer, own_error, same_origin, too_large, vendor_error
from koppling.call.state import Call
from koppling.effects import Effect, NoAnswer, Now, Read, Reply, Send, Sleep, TooLarge
from koppling.extract import ErrorMatch
from koppling.model import Attempt, Request

MOST_REDIRECTS: Final = 5


def attempt(call: Call, request: Request, *, streamed: bool) -> Generator[Effect, Any, tuple[Request, Reply]]:
    """Send until a success or an end; follow redirects within the origin. Returns the request that was answered.

    Raises:
        TransportError: no answer.
        ApiError: an answer that is no success.
    """
    retry, number, hops = call.operation.retry, 0, 0
    while True:
        number += 1
        try:
            reply: Reply = yield Send(request, streamed)
        except NoAnswer as failure:
            wait = retry.after_no_answer(failure.reason, request.method, number, call.random, sent=failure.sent)
            wait = wait if _can_repeat(request) else None
            _note(call, request, None, str(failure), wait)
            if wait is None:
                raise no_answer(call, request, failure) from failure
            yield Sleep(wait)
            continue
        except TooLarge as failure:
            _note(call, request, failure.reply.status, None, None)
            raise too_large(call, request, failure.reply, "max_body", failure.reply.bounds.body) from failure
        if reply.status in {301, 302, 303, 307, 308} and "location" in reply.headers:
            _note(call, request, reply.status, None, None)
            hops, number = hops + 1, 0
            request = _redirected(call, request, reply, hops)
            continue
        if 200 <= reply.status < 300:  # noqa: PLR2004
            _note(call, request, reply.status, None, None)
            return request, reply
        body = _error_body(reply)
        match = call.operation.errors.match(reply.status, reply.headers, body) or ErrorMatch("runtime")
        after = retry.asked_for(reply.headers, (yield Now()))
        wait = retry.after_status(reply.status, request.method, number, call.random, after, told=match.retry)
        wait = wait if _can_repeat(request) else None
        _note(call, request, reply.status, None, wait)
        if wait is None:
            raise vendor_error(call, request, reply, body, match.kind, after=after)
        yield Sleep(wait)


def read(call: Call, request: Request, reply: Reply, partial: Callable[[], Any]) -> Generator[Effect, Any, bytes]:
    """Read on in a streamed body, or in one that came whole: it is one chunk.

    Raises:
        TransportError: it broke off; with what there was of it.
    """
    if reply.body is not None:
        return reply.taken()
    try:
        chunk: bytes = yield Read(reply)
    except NoAnswer as failure:
        raise no_answer(call, request, failure, partial()) from failure
    return chunk


def _can_repeat(request: Request) -> bool:
    return request.body is None or request.body.replayable


def _note(call: Call, request: Request, status: int | None, error: str | None, wait: float | None) -> None:
    address = call.masker.text(request.url)
    call.attempts.append(Attempt(request.method, address, status, error and call.masker.text(error), wait or 0.0))


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
    if request.method in {"GET", "HEAD"} or (reply.status in {307, 308} and _can_repeat(request)):
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
