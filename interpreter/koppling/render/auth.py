"""What proves who is calling: a header, or a parameter of the query."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from koppling.encode import Refused, header_value
from koppling.errors import ConnectionInvalid
from koppling.expression import ABSENT, Roots
from koppling.masking import MASK
from koppling.render.sink import At
from koppling.template import Render, compile_template


class Auth:
    """The connector's `auth`, compiled. `tree` is what the spec says of the credential, `at` leads to it."""

    def __init__(self, auth: dict[str, Any]) -> None:
        self._header: tuple[str, Callable[[Roots], str | None]] | None = None
        self._query: tuple[str, Render] | None = None
        self.tree: Any = ""
        self.at: At = ("auth",)
        if "bearer" in auth:
            token = compile_template(auth["bearer"])
            self._header = ("authorization", lambda roots: _prefixed("Bearer ", token(roots)))
            self.tree, self.at = auth["bearer"], ("auth", "bearer")
        elif "basic" in auth:
            user, password = (compile_template(auth["basic"].get(key, "")) for key in ("username", "password"))
            self._header = ("authorization", lambda roots: _basic(user(roots), password(roots)))
            self.tree, self.at = auth["basic"], ("auth", "basic")
        elif "api_key" in auth:
            key = auth["api_key"]
            value = compile_template(key["value"])
            self.tree, self.at = key["value"], ("auth", "api_key", "value")
            if key["in"] == "query":
                self._query = (key["name"], value)
            else:
                self._header = (key["name"].lower(), lambda roots: _prefixed("", value(roots)))
        elif "oauth2" in auth:
            # A call asks for the token, and puts it here before it sends.
            self._header = ("authorization", lambda _roots: f"Bearer {MASK}")
            self.tree, self.at = auth["oauth2"], ("auth", "oauth2")
        #: What the header is called, and the parameter, where there is one.
        self.header_name = self._header[0] if self._header else None
        self.query_name = self._query[0] if self._query else None

    def headers(self, roots: Roots) -> dict[str, str]:
        """Return the header that authenticates.

        Raises:
            ConnectionInvalid: the credential is none that a header can carry.
        """
        if self._header is None:
            return {}
        value = self._header[1](roots)
        return {} if value is None else {self._header[0]: value}

    def query(self, roots: Roots) -> list[tuple[str, str]]:
        """Return the parameter that authenticates."""
        if self._query is None:
            return []
        value = self._query[1](roots)
        return [] if value is ABSENT or value is None else [(self._query[0], str(value))]


def _prefixed(prefix: str, value: Any) -> str | None:
    if value is ABSENT or value is None:
        return None
    try:
        return header_value(f"{prefix}{value}")
    except Refused as refusal:
        raise ConnectionInvalid("", f"the credential of the connection {refusal}") from None


def _basic(user: Any, password: Any) -> str | None:
    if user is ABSENT and password is ABSENT:
        return None
    if ":" in str(user):  # RFC 7617, 2: the first colon is where the password begins
        raise ConnectionInvalid("", "the user name of the connection must not hold a colon")
    both = f"{'' if user is ABSENT else user}:{'' if password is ABSENT else password}"
    return "Basic " + base64.b64encode(both.encode()).decode()
