"""Where a request goes: its origin, and the proxy on the way that the environment names."""

from __future__ import annotations

import os
import re
from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

from koppling.effects import NoAnswer

_PORTS = {"http": 80, "https": 443}
_PARTS = re.compile(r"([^:/?#]*://[^/?#]*)([^#]*)", re.DOTALL)
_PLAIN = re.compile(r"[!#-;=?-Z\[\]_a-z~]+")  # what a URI may hold, RFC 3986
_SAFE = "!#$%&'()*+,/:;=?@[]~"


@dataclass(frozen=True, slots=True)
class Origin:
    """One end of a connection. `authority` is what a Host field says of it."""

    tls: bool
    host: str
    port: int
    authority: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class Proxy:
    """A server that dials for us. `authorization` is the value of a Proxy-Authorization field."""

    scheme: str
    origin: Origin
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def authorization(self) -> str | None:
        """The value of its Proxy-Authorization field."""
        if not self.user and not self.password:
            return None
        return f"Basic {b64encode(f'{self.user}:{self.password}'.encode()).decode()}"


@dataclass(frozen=True, slots=True)
class Route:
    """The way to an origin: what a connection can be kept for."""

    origin: Origin
    proxy: Proxy | None = None

    @property
    def forwards(self) -> bool:
        """Whether the proxy reads each request, as it does where there is no TLS to read it through."""
        return self.proxy is not None and self.proxy.scheme in _PORTS and not self.origin.tls


def split(url: str) -> tuple[str, str]:
    """Return an address's origin and its target: `https://a.test:8443`, `/b?c`. The fragment stays at home."""
    found = _PARTS.match(url)
    if found is None:
        return url, "/"
    origin, target = found.groups()
    if not target.startswith("/"):
        target = f"/{target}"
    return origin, target if _PLAIN.fullmatch(target) else quote(target, safe=_SAFE)


def route_to(origin: str) -> Route:
    """Return the way to an origin, as the environment says now.

    Raises:
        NoAnswer: it is no address that can be sent to, or the proxy's is none.
    """
    end = _origin(origin)
    return Route(end, _proxy(end))


def _origin(text: str) -> Origin:
    try:
        parts = urlsplit(text)
        port, host = parts.port, _ascii(parts.hostname or "")
    except (ValueError, UnicodeError) as error:
        scheme, _, rest = text.partition("://")
        shown, why = f"{scheme}://{rest.rpartition('@')[2]}", str(error)
        message = f"could not be sent: {shown} is no address: {why[:1].lower()}{why[1:]}"
        raise NoAnswer("protocol", message, sent=False) from None
    if parts.scheme not in _PORTS:
        raise NoAnswer(
            "protocol", "could not be sent: the address begins with neither http:// nor https://", sent=False
        )
    if not host:
        raise NoAnswer("protocol", "could not be sent: the address names no host", sent=False)
    shown = f"[{host}]" if ":" in host else host
    usual = _PORTS[parts.scheme]
    authority = shown if port in {None, usual} else f"{shown}:{port}"
    return Origin(parts.scheme == "https", host, port if port is not None else usual, authority)


def _ascii(host: str) -> str:
    if host.isascii():
        return host
    import idna

    return idna.encode(host).decode("ascii")


def _proxy(end: Origin) -> Proxy | None:
    if not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    from urllib.request import getproxies, proxy_bypass

    found = getproxies()
    text = found.get("https" if end.tls else "http") or found.get("all")
    if not text or proxy_bypass(end.authority):
        return None
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        port = parts.port or _PORTS.get(parts.scheme, 1080)
    except ValueError:
        parts, port = urlsplit(""), 0
    if parts.scheme not in {*_PORTS, "socks5", "socks5h"} or not parts.hostname:
        message = "could not be sent: the proxy that the environment names is no http://, https:// or socks5:// address"
        raise NoAnswer("protocol", message, sent=False)
    there = Origin(parts.scheme == "https", parts.hostname, port, f"{parts.hostname}:{port}")
    return Proxy(parts.scheme, there, unquote(parts.username or ""), unquote(parts.password or ""))
