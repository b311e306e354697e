"""A request as it came over the socket, and the strict ways of reading it. Whatever is not as it must be is Refused."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from urllib.parse import unquote_plus

from strict.styles import Style, rebuild


class Refused(Exception):
    """What the vendor doesn't take; the message says why."""


@dataclass(frozen=True)
class Part:
    """One part of a multipart body."""

    name: str
    file_name: str | None
    media_type: str | None
    data: bytes

    def described(self) -> dict:
        """Return the part as JSON, its bytes as text."""
        return {"name": self.file_name, "media_type": self.media_type, "text": self.data.decode()}


@dataclass(frozen=True)
class Asked:
    """One request. `target` is what stood in the request line, nothing decoded; `origin` is where it was sent to."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    origin: str

    @property
    def vendor(self) -> str:
        return self.target.split("/")[1]

    @property
    def path(self) -> str:
        """The raw path below the vendor's base, `/acme/v1`."""
        path = self.target.partition("?")[0]
        base = f"/{self.vendor}/v1"
        if not path.startswith(f"{base}/"):
            raise Refused(f"{path} is not below {base}")
        return path.removeprefix(base)

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    def address(self, below: str) -> str:
        """Return the absolute address of a path below the vendor's base."""
        return f"{self.origin}/{self.vendor}/v1{below}"

    def header(self, name: str) -> str | None:
        found = [value for one, value in self.headers if one == name]
        if len(found) > 1:
            raise Refused(f"{name} came {len(found)} times")
        return found[0] if found else None

    def must_have(self, name: str, value: str | None) -> None:
        """Refuse a header that is not exactly this; None is one that must not be there."""
        if self.header(name) != value:
            raise Refused(f"{name} must be {value!r}, not {self.header(name)!r}")

    def bare(self) -> None:
        """Refuse a body, and a Content-Type without one."""
        if self.body or self.header("content-type"):
            raise Refused(f"no body belongs here, nor its media type {self.header('content-type')}")

    def pairs(self) -> list[tuple[str, str]]:
        """Return the query's names, decoded, with their values as they were written."""
        return _pairs(self.query)

    def arguments(self, *names: str) -> dict[str, str]:
        """Return the query as a map of texts; refuse other names, repeated ones, and a body."""
        self.bare()
        found = {}
        for name, value in self.pairs():
            if name not in names or name in found:
                raise Refused(f"the query takes {names} once each, not {self.query}")
            found[name] = unquote_plus(value)
        return found

    def json(self):
        """Return a JSON body; refuse a query."""
        self.must_have("content-type", "application/json")
        if self.query:
            raise Refused(f"nothing is taken from the query {self.query}")
        try:
            return json.loads(self.body)
        except ValueError:
            raise Refused(f"no JSON: {self.body!r}") from None

    def form(self, style: Style) -> dict:
        """Return a form rebuilt from its names."""
        self.must_have("content-type", "application/x-www-form-urlencoded")
        decoded = [(name, unquote_plus(value)) for name, value in _pairs(self.body.decode("ascii"))]
        return _rebuilt(decoded, style)

    def structured_query(self, style: Style, initial: str = "") -> dict:
        """Return the query, or the parameters with this initial, rebuilt from their names.

        A comma between elements stands there as it is (RFC 6570, 3.2.8).
        """
        self.bare()
        return _rebuilt([pair for pair in self.pairs() if pair[0].startswith(initial)], style, decode=unquote_plus)

    def parts(self) -> list[Part]:
        """Return the parts of a multipart body (RFC 7578)."""
        kind, _, boundary = (self.header("content-type") or "").partition("; boundary=")
        if kind != "multipart/form-data" or not boundary:
            raise Refused(f"not multipart/form-data with a boundary: {self.header('content-type')}")
        head, *pieces, tail = (b"\r\n" + self.body).split(b"\r\n--" + boundary.strip('"').encode())
        if head or tail.rstrip(b"\r\n") != b"--" or not pieces:
            raise Refused("the parts are not closed by the boundary")
        return [_part(piece) for piece in pieces]

    def text_parts(self, style: Style) -> dict:
        """Return parts that are all text, rebuilt from their names."""
        found = []
        for part in self.parts():
            if part.file_name is not None or part.media_type is not None:
                raise Refused(f"the part {part.name} is plain text, it needs neither file name nor media type")
            found.append((part.name, part.data.decode()))
        return _rebuilt(found, style)


def _pairs(text: str) -> list[tuple[str, str]]:
    found = []
    for piece in text.split("&") if text else ():
        name, sign, value = piece.partition("=")
        if not sign:
            raise Refused(f"no `=` in {piece!r}")
        found.append((unquote_plus(name), value))
    return found


def _rebuilt(pairs, style, decode=str):
    try:
        return rebuild(pairs, style, decode)
    except ValueError as error:
        raise Refused(str(error)) from None


def _part(piece: bytes) -> Part:
    head, sign, data = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    headers = {}
    for line in head.decode().split("\r\n"):
        name, _, value = line.partition(": ")
        headers[name.lower()] = value
    kind, _, facts = headers.pop("content-disposition", "").partition("; ")
    named = dict(re.findall(r'(\w+)="([^"]*)"', facts))
    if not sign or kind != "form-data" or "name" not in named or set(headers) - {"content-type"}:
        raise Refused(f"no part of a form: {head!r}")
    return Part(named["name"], named.get("filename"), headers.get("content-type"), data)


# ---- guards: how a vendor knows who is calling ----


def bearer(token: str):
    return _authorized(f"Bearer {token}")


def basic(user: str, password: str):
    return _authorized("Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())


def _authorized(value: str):
    return lambda asked: asked.must_have("authorization", value)


def key_in_header(name: str, value: str):
    def guard(asked: Asked) -> None:
        asked.must_have("authorization", None)
        asked.must_have(name, value)

    return guard


def key_in_query(name: str, value: str):
    def guard(asked: Asked) -> None:
        asked.must_have("authorization", None)
        if [unquote_plus(given) for one, given in asked.pairs() if one == name] != [value]:
            raise Refused(f"the query must have {name}={value} once, not {asked.query}")

    return guard
