"""A request with a token of OAuth 2: found, asked for, renewed by one while the others wait."""

from __future__ import annotations

import copy
from collections.abc import Generator, Mapping
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from koppling.call.attempt import attempt
from koppling.call.state import Call
from koppling.effects import Await, Do, Effect, Now, Reply, Sleep
from koppling.errors import ApiError, ConnectionInvalid, KopplingError
from koppling.extract import Unreadable, decode
from koppling.link import Grant
from koppling.model import Request
from koppling.tokens import Lock, Tokens, answered_tokens

_PATIENCE: Final = 60.0  # seconds for another process to renew what it holds
_PAUSE: Final = 0.05
_WHY: Final = "repeated: with a new token, for this one was refused"
_ANEW: Final = "`koppling connection sign-in NAME` signs in to a stored one"


def authorized(call: Call, request: Request, *, streamed: bool) -> Generator[Effect, Any, tuple[Request, Reply]]:
    """Send as `attempt` does, with a token where the connector's calls need one.

    Where the vendor refuses a token that should have been good (401), it is renewed once, and the request repeated, if
    its body can be.

    Raises:
        ConnectionInvalid: there is no token to be had.
        TransportError, ApiError: as `attempt`; also of the token endpoint.
    """
    if call.grant is None:
        return attempt(call, request, streamed=streamed)
    return _granted(call, call.grant, request, streamed=streamed)


def _granted(
    call: Call, grant: Grant, request: Request, *, streamed: bool
) -> Generator[Effect, Any, tuple[Request, Reply]]:
    tokens = yield from fresh_tokens(call, grant)
    try:
        return (yield from attempt(call, _carrying(call, grant, request, tokens), streamed=streamed))
    except ApiError as error:
        if error.status != HTTPStatus.UNAUTHORIZED or not grant.held.renewable:
            raise
        grant.held.refuse(tokens)
        if not (request.body is None or request.body.replayable) or not _renewable(call, grant):
            raise
    refused = len(call.attempts) - 1
    tokens = yield from fresh_tokens(call, grant)
    call.attempts[refused] = replace(call.attempts[refused], why=_WHY)
    return (yield from attempt(call, _carrying(call, grant, request, tokens), streamed=streamed))


def fresh_tokens(call: Call, grant: Grant) -> Generator[Effect, Any, Tokens]:
    """Return tokens that can be used: those held, else new ones, which one of all that need them asks for.

    Raises:
        ConnectionInvalid, TransportError, ApiError: there are none; whoever waited for them gets the same.
    """
    held = grant.held
    while (tokens := held.usable((yield Now()))) is None:
        before = held.rounds
        if held.mutex.take():
            try:
                tokens = held.usable((yield Now())) or (yield from _renewed(call, grant))
            except KopplingError as error:
                held.fail(copy.copy(error))
                raise
            finally:
                held.mutex.give_back()
            return tokens
        yield Await(held.mutex)
        if held.failure is not None and held.rounds > before:
            raise copy.copy(held.failure)
    return tokens


def exchanged(call: Call, grant: Grant, form: Mapping[str, str]) -> Generator[Effect, Any, Tokens]:
    """Return the tokens that the token endpoint gives for a grant.

    Raises:
        ConnectionInvalid: it refuses, or gives none.
        TransportError, ApiError: it does not answer, or fails.
    """
    name = call.operation.module.connector
    request, hidden = grant.oauth.token_request({"connection": call.connection}, form)
    call.masker = call.masker.with_more(hidden)
    endpoint = call.aside(grant.endpoint)
    try:
        _, reply = yield from attempt(endpoint, replace(request, masker=call.masker), streamed=False)
        call.ends = endpoint.ends
    except ApiError as error:
        error.body = None  # it may hold tokens that nobody knows yet
        if error.kind == "invalid_access_token":
            raise _refused(call, form, error.code, error.message) from None
        raise
    try:
        answer = decode("json", reply.body or b"", reply.status, reply.headers)
        if isinstance(answer, dict) and answer.get("error"):
            facts = grant.endpoint.errors.facts(reply.status, reply.headers, answer)
            raise _refused(call, form, facts["code"], facts["message"])
        tokens = answered_tokens(answer, (yield Now()), form.get("refresh_token"))
    except (Unreadable, ValueError) as fault:
        message = f"what the token endpoint of {name} answered is no token: {call.masker.text(str(fault))}"
        raise ConnectionInvalid(name, message) from None
    call.masker = call.masker.with_more(filter(None, (tokens.access_token, tokens.refresh_token)))
    return tokens


def _carrying(call: Call, grant: Grant, request: Request, tokens: Tokens) -> Request:
    call.masker = grant.masker(call.masker, tokens.access_token)
    headers = {**request.headers, "authorization": grant.oauth.bearer(tokens.access_token)}
    return replace(request, headers=headers, masker=call.masker)


def _renewable(call: Call, grant: Grant) -> bool:
    """Tell whether there is anything that new tokens could be asked with."""
    return grant.oauth.grant == "client_credentials" or _refresh_token(call, grant) is not None


def _refresh_token(call: Call, grant: Grant) -> str | None:
    tokens = grant.held.tokens
    known = None if tokens is None else tokens.refresh_token
    return known or grant.oauth.refresh_token({"connection": call.connection})


def _renewed(call: Call, grant: Grant) -> Generator[Effect, Any, Tokens]:
    """Return new tokens, held and kept; or those that another process renewed meanwhile."""
    held, keeper = grant.held, grant.held.keeper
    if keeper is None:
        tokens = yield from _asked(call, grant)
        held.renew(tokens)
        return tokens
    lock = keeper.lock()
    try:
        if lock is not None:
            yield from _locked(lock)
        kept: Tokens | None = yield Do(keeper.load)
        held.tokens = kept or held.tokens
        usable = held.usable((yield Now()))
        if usable is not None:
            return usable
        tokens = yield from _asked(call, grant)
        held.renew(tokens)
        yield Do(partial(keeper.save, tokens))
    finally:
        if lock is not None:
            lock.give_back()
    return tokens


def _locked(lock: Lock) -> Generator[Effect, Any, None]:
    """Wait for a lock that another process may have; not for ever, should that process be stopped."""
    waited = 0.0
    while not (yield Do(lock.take)) and waited < _PATIENCE:
        yield Sleep(_PAUSE)
        waited += _PAUSE


def _asked(call: Call, grant: Grant) -> Generator[Effect, Any, Tokens]:
    oauth, name = grant.oauth, call.operation.module.connector
    if oauth.grant == "client_credentials":
        form = {"grant_type": "client_credentials", **oauth.scope({"connection": call.connection})}
        return (yield from exchanged(call, grant, form))
    token = _refresh_token(call, grant)
    if token is None:
        over = "has not signed in" if grant.held.tokens is None else "has a sign-in that is over"
        raise ConnectionInvalid(name, f"this connection to {name} {over}; {_ANEW}")
    return (yield from exchanged(call, grant, {"grant_type": "refresh_token", "refresh_token": token}))


def _refused(call: Call, form: Mapping[str, str], code: str | None, message: str | None) -> ConnectionInvalid:
    name = call.operation.module.connector
    said = ": ".join(dict.fromkeys(call.masker.text(one) for one in (code, message) if one))
    over = f"; {_ANEW}" if code == "invalid_grant" and form["grant_type"] == "refresh_token" else ""
    return ConnectionInvalid(name, f"the token endpoint of {name} refuses this connection: {said.rstrip('.')}{over}")
