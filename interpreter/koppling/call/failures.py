"""The errors that a call ends with, each with its request (redacted) and its attempts."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from koppling.body import Content
from koppling.call.state import Call
from koppling.effects import NoAnswer, Reply
from koppling.errors import ApiError, Kind, TransportError
from koppling.model import Request
from koppling.render import absolute

if TYPE_CHECKING:
    from koppling.trace import Leaf


def vendor_error(
    call: Call,
    request: Request,
    reply: Reply,
    body: Any,
    kind: Kind,
    *,
    after: float | None = None,
    partial: Any = None,
) -> ApiError:
    """Return the error that the vendor reports, in its own words."""
    facts = call.operation.errors.facts(reply.status, reply.headers, body)
    message, mask = facts.get("message"), call.masker.text
    if not message:
        phrase = HTTPStatus(reply.status).phrase if reply.status in list(HTTPStatus) else "no success"
        start = f"; the body begins with {_start(call, body, 120)}" if isinstance(body, str) and body.strip() else ""
        message = phrase + start
    code, kind_of_error, param = (value and mask(value) for value in map(facts.get, ("code", "type", "param")))
    error = ApiError(
        kind,
        reply.status,
        mask(message),
        code,
        kind_of_error,
        param,
        request_id=_request_id(call, reply),
        retry_after=after,
        request=redacted(request),
        attempts=tuple(call.attempts),
        body=call.masker.value(body),
        partial=call.masker.value(partial),
    )
    if param:
        error.seek_origin(lambda: _origin(call, param))
    return error


def _origin(call: Call, param: str) -> Leaf | None:
    """Return the part of the request that a vendor calls so, without its value."""
    from koppling.trace import find

    found = find(param, call.trace(call.position.page or None))
    return None if found is None else replace(found, value=None)


def own_error(
    call: Call,
    request: Request,
    reply: Reply,
    kind: Kind,
    code: str,
    message: str,
    body: Any = None,
    partial: Any = None,
) -> ApiError:
    """Return an error that we find in an answer; its code starts with `koppling.`."""
    return ApiError(
        kind,
        reply.status,
        call.masker.text(message),
        f"koppling.{code}",
        request_id=_request_id(call, reply),
        request=redacted(request),
        attempts=tuple(call.attempts),
        body=call.masker.value(body),
        partial=call.masker.value(partial),
    )


def too_large(call: Call, request: Request, reply: Reply, bound: str, most: int) -> ApiError:
    """Return the error of a body that is larger than the client's argument `bound` allows."""
    message = f"the answer's body is larger than {most:,} bytes, which is what this client takes (`{bound}`)"
    return own_error(call, request, reply, "runtime", "too_large", message)


def _request_id(call: Call, reply: Reply) -> str | None:
    found = call.operation.errors.request_id(reply.headers)
    return found and call.masker.text(found)


def no_answer(
    call: Call, request: Request, failure: NoAnswer, partial: Any = None, *, sent: bool = False
) -> TransportError:
    """Return the error that the network makes; `sent` tells whether an earlier attempt may have been carried out."""
    message = call.masker.text(str(failure))
    there, sent = call.masker.value(failure.partial if partial is None else partial), sent or failure.sent
    return TransportError(failure.reason, message, sent, redacted(request), tuple(call.attempts), there)


def too_late(
    call: Call, request: Request, *, sent: bool, wait: float = 0.0, what: str = "a wait of {}", partial: Any = None
) -> TransportError:
    """Return the error of a call whose deadline has passed, or would have after `wait` seconds for `what`."""
    message = f"the deadline of {call.deadline:g} s passed"
    if wait:
        message = f"{what.format(f'{wait:.3g} s')} would have passed the deadline of {call.deadline:g} s"
    there = call.masker.value(partial)
    return TransportError("deadline", message, sent, redacted(request), tuple(call.attempts), there)


def unreadable(
    call: Call, request: Request, reply: Reply, why: str, text: str = "", *, partial: Any = None
) -> ApiError:
    """Return the error of a success that is not what its format says."""
    said = f"{why}; it begins with {_start(call, text, 80)}" if text else why
    return own_error(call, request, reply, "runtime", "unreadable", said, partial=partial)


def _start(call: Call, text: str, length: int) -> str:
    """Return how a vendor's text begins, quoted. Secrets go first: what is cut apart is not found any more."""
    return repr(call.masker.start(text.strip(), length))


def same_origin(call: Call, request: Request, reply: Reply, address: Any, what: str) -> str:
    """Return an address that the answer gave, made whole.

    Raises:
        ApiError: it leads to another origin, which must not see what the connection sends.
    """
    try:
        url = absolute(request, str(address))
    except ValueError:
        url = None
    if url is None:
        message = f"{what} leads to another origin, {_host(request, str(address))}; nothing was sent there"
        raise own_error(call, request, reply, "connection", "foreign_origin", message)
    return url


def _host(request: Request, address: str) -> str:
    """Return only the host of an address: the rest of it may hold what nobody should see."""
    try:
        host = urlsplit(urljoin(request.url, address)).netloc.rpartition("@")[2]
    except ValueError:
        host = ""
    return host or "which is no address"


def redacted(request: Request) -> Request:
    """Return the request as an error may carry it: no secret in it, and no file."""
    shown = request.as_json()
    described = next((shown[key] for key in ("body", "parts", "file") if key in shown), None)
    body = None if request.body is None else Content(b"", request.body.media_type, described)
    return Request(request.method, shown["url"], shown["headers"], body, request.timeout)
