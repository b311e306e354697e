"""The part of a vendor that gives tokens of OAuth 2. A sandbox knows no clients and nobody: whoever asks gets one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from koppling.model import ConnectorSpec
from koppling.render.oauth import LOOPBACK
from koppling.template import Reference, compile_template, parse
from koppling_tools.examples.answer import Answer

_TOKENS = {
    "access_token": "example-access-token",
    "token_type": "Bearer",
    "expires_in": 3600,
    "refresh_token": "example-refresh-token",
}


class Login:
    """The token endpoint of a connector, and the page where people sign in, which says yes at once.

    Args:
        connector: whose.
        fields: those of a connection to the sandbox.
    """

    def __init__(self, connector: ConnectorSpec, fields: Mapping[str, Any]) -> None:
        declared = connector.plan["auth"].get("oauth2") or {}
        roots = {"connection": dict(fields)}
        self._token, self._page = (
            urlsplit(str(compile_template(declared.get(key, ""))(roots))).path for key in ("token_url", "authorize_url")
        )

    def answer(self, method: str, url: str) -> Answer | None:
        """Return the answer to a request; None where it is none for this part of a vendor."""
        parts = urlsplit(url)
        if method == "POST" and self._token and parts.path == self._token:
            return Answer(200, {"content-type": "application/json"}, (json.dumps(_TOKENS).encode(),))
        if method == "GET" and self._page and parts.path == self._page:
            asked = parse_qs(parts.query)
            back = asked.get("redirect_uri", [""])[0]
            if urlsplit(back).hostname not in LOOPBACK:
                return Answer(400, {"content-type": "text/plain"}, (b"browsers are sent to this machine alone",))
            brought = {"code": "example-code", "state": asked.get("state", [""])[0]}
            return Answer(302, {"location": f"{back}?{urlencode(brought)}"}, (b"",))
        return None


def login_field(connector: ConnectorSpec) -> str | None:
    """Return the field of the connection that says where its token endpoint is, where one does."""
    declared = connector.plan["auth"].get("oauth2") or {}
    first = parse(declared.get("token_url", ""))[0]
    if isinstance(first, Reference):
        root, _, name = first.expression.partition(".")
        if root == "connection" and name in connector.fields:
            return name
    return None
