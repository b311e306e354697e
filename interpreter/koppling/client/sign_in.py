"""A person's sign-in: the authorization code of OAuth 2, bound to who asked for it."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

from koppling.call import Call
from koppling.call.authorize import exchanged
from koppling.effects import Do, Life
from koppling.errors import ConnectionInvalid
from koppling.link import Grant

_RANDOM = 32  # bytes: 43 characters, the shortest verifier that RFC 7636, 4.1 allows, and as hard to guess as a key


class SignIn:
    """A sign-in that was begun (RFC 6749, 4.1; RFC 7636). `Client.sign_in` begins one.

    A browser opens `url`, and comes back to `redirect_uri`; the address that it comes back with goes to `finish`, which
    gives the client's connection its tokens.
    """

    def __init__(self, call: Call, grant: Grant, redirect_uri: str | None, live: Callable[[Life], Any]) -> None:
        self._call, self._grant, self._live = call, grant, live
        self._verifier = secrets.token_urlsafe(_RANDOM) if grant.oauth.pkce else None
        #: Where the browser comes back to.
        self.redirect_uri = redirect_uri or grant.oauth.redirect
        #: What the browser brings with it; an answer without it is not this one's.
        self.state = secrets.token_urlsafe(_RANDOM)
        challenge = None if self._verifier is None else challenge_of(self._verifier)
        #: What a browser opens. It is good once, and alone for who has the rest of this object.
        self.url = grant.oauth.sign_in_address(
            {"connection": call.connection}, self.redirect_uri, self.state, challenge
        )

    def finish(self, address: str) -> Any:
        """Give the connection its tokens. With an AsyncClient, it is awaited.

        Args:
            address: what the browser came back with, whole or from its `?` on.

        Raises:
            ConnectionInvalid: the person, or the vendor, said no; or this answers another sign-in.
            TransportError, ApiError: the token endpoint does not answer, or fails.
        """
        return self._live(self._life(address))

    def _life(self, address: str) -> Life:
        form = {"grant_type": "authorization_code", "code": self._code(address), "redirect_uri": self.redirect_uri}
        if self._verifier is not None:
            form["code_verifier"] = self._verifier
        tokens = yield from exchanged(self._call, self._grant, form)
        held = self._grant.held
        held.renew(tokens)
        if held.keeper is not None:
            yield Do(partial(held.keeper.save, tokens))
        return tokens

    def _code(self, address: str) -> str:
        name, query = self._call.operation.module.connector, parse_qs(urlsplit(address).query)
        state, code, error = (query.get(key, [""])[0] for key in ("state", "code", "error"))
        if not secrets.compare_digest(state.encode(), self.state.encode()):
            raise ConnectionInvalid(name, f"this is no answer to this sign-in to {name}; begin it anew")
        if error:
            said = ": ".join(dict.fromkeys(one for one in (error, *query.get("error_description", ())) if one))
            raise ConnectionInvalid(name, f"the sign-in to {name} was refused: {said}")
        if not code:
            raise ConnectionInvalid(name, f"the sign-in to {name} brought no code")
        return code

    def __repr__(self) -> str:
        return f"SignIn({self._call.operation.module.connector!r})"


def challenge_of(verifier: str) -> str:
    """Return what is shown of a verifier (RFC 7636, 4.2, S256)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
