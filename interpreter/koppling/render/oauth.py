"""OAuth 2 as a connector declares it: the requests to its token endpoint, and the address where a person signs in."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote_plus, urlsplit

from koppling.body import Content
from koppling.encode import Refused, form_text, header_value, query_text
from koppling.errors import ConnectionInvalid
from koppling.expression import ABSENT, Roots
from koppling.model import Request
from koppling.render.request import AGENT
from koppling.template import as_text, compile_template

LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_FORM: Final = "application/x-www-form-urlencoded"


class OAuth:
    """The connector's `auth.oauth2`, compiled.

    Args:
        connector: its name, for messages.
        plan: what its spec says.
        timeout: that of its requests.
    """

    def __init__(self, connector: str, plan: Mapping[str, Any], timeout: Mapping[str, float]) -> None:
        self._connector, self._timeout = connector, dict(timeout)
        self.grant = str(plan["grant"])
        #: Whether the code is bound to who asked for it (RFC 7636).
        self.pkce = plan.get("pkce", "S256") == "S256"
        #: Where the browser is sent back to; a port of 0 stands for any.
        self.redirect = str(plan.get("redirect", "http://127.0.0.1:0/callback"))
        self._in_body = plan.get("client_auth") == "body"
        self._templates = {name: compile_template(tree) for name, tree in plan.items() if name[:2] != "x-"}

    def token_request(self, roots: Roots, form: Mapping[str, str]) -> tuple[Request, tuple[str, ...]]:
        """Return a request to the token endpoint (RFC 6749, 3.2), and what of it nobody may see.

        Args:
            roots: `connection`.
            form: the parameters of the grant.

        Raises:
            ConnectionInvalid: the address is none, or the client has no name.
        """
        url = self.token_url(roots)
        client, secret = self._text("client_id", roots), self._text("client_secret", roots)
        if client is None:
            raise ConnectionInvalid(self._connector, f"a connection to {self._connector} has no client_id", "client_id")
        headers = {"accept": "application/json", "user-agent": AGENT}
        pairs = {**form, **self._parameters("params", roots)}
        hidden = [value for name, value in form.items() if name in {"refresh_token", "code", "code_verifier"}]
        if secret is not None and not self._in_body:
            # Both are form-encoded first (RFC 6749, 2.3.1): a colon, or an umlaut, would not survive otherwise.
            both = base64.b64encode(f"{quote_plus(client)}:{quote_plus(secret)}".encode()).decode()
            headers["authorization"] = f"Basic {both}"
            hidden += [both, secret]
        else:
            pairs |= {"client_id": client} | ({} if secret is None else {"client_secret": secret})
            hidden += [] if secret is None else [secret]
        headers["content-type"] = _FORM
        text = form_text(pairs.items())
        return Request("POST", url, headers, Content(text.encode(), _FORM, text), self._timeout), tuple(hidden)

    def token_url(self, roots: Roots) -> str:
        """Return the address of the token endpoint.

        Raises:
            ConnectionInvalid: it is none.
        """
        return self._address("token_url", roots)

    def scope(self, roots: Roots) -> dict[str, str]:
        """Return the parameter that asks for what the connector needs; nothing where it names nothing."""
        value = self._value("scopes", roots)
        text = " ".join(map(str, value)) if isinstance(value, list) else value
        return {"scope": str(text)} if text else {}

    def refresh_token(self, roots: Roots) -> str | None:
        """Return the refresh token that the connection itself has, of a sign-in made elsewhere."""
        return self._text("refresh_token", roots)

    def sign_in_address(self, roots: Roots, redirect: str, state: str, challenge: str | None) -> str:
        """Return where a person signs in (RFC 6749, 4.1.1).

        Args:
            roots: `connection`.
            redirect: where the browser is sent back to.
            state: what it must bring with it.
            challenge: the hash of what proves who asked (RFC 7636, 4.3).

        Raises:
            ConnectionInvalid: the address is none.
        """
        url = self._address("authorize_url", roots)
        asked = {"response_type": "code", "client_id": self._text("client_id", roots) or "", "redirect_uri": redirect}
        asked |= {**self.scope(roots), "state": state}
        if challenge is not None:
            asked |= {"code_challenge": challenge, "code_challenge_method": "S256"}
        asked |= self._parameters("authorize_params", roots)
        return f"{url}{'&' if urlsplit(url).query else '?'}{query_text(asked.items())}"

    def bearer(self, token: str) -> str:
        """Return the header's value for a token.

        Raises:
            ConnectionInvalid: no header can carry it.
        """
        try:
            return str(header_value(f"Bearer {token}"))
        except Refused as refusal:
            message = f"the access token that {self._connector}'s token endpoint gave {refusal}"
            raise ConnectionInvalid(self._connector, message) from None

    def _address(self, name: str, roots: Roots) -> str:
        url = self._text(name, roots) or ""
        try:
            parts = urlsplit(url)
            host = parts.hostname
        except ValueError:
            host = None
        if not host or parts.scheme not in {"https", "http"} or parts.username is not None or parts.fragment:
            raise ConnectionInvalid(self._connector, f"the {name} of {self._connector} is no https address")
        if parts.scheme == "http" and host not in LOOPBACK:
            message = f"the {name} of {self._connector} is an http address; secrets go over https alone"
            raise ConnectionInvalid(self._connector, message)
        return url

    def _parameters(self, name: str, roots: Roots) -> dict[str, str]:
        value = self._value(name, roots)
        return {key: as_text(one) for key, one in value.items() if one is not None} if isinstance(value, dict) else {}

    def _text(self, name: str, roots: Roots) -> str | None:
        value = self._value(name, roots)
        return None if value is None else as_text(value)

    def _value(self, name: str, roots: Roots) -> Any:
        render = self._templates.get(name)
        value = ABSENT if render is None else render(roots)
        return None if value is ABSENT else value
