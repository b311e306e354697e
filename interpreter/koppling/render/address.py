"""Addresses that an answer gave: made whole, and held against the origin of the request."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from koppling.model import Request

_NO_ADDRESS = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_LONGEST_ADDRESS = 16_384


def absolute(request: Request, address: str) -> str | None:
    """Return an address that an answer gave, relative to the request, as a whole one; None if of another origin.

    Raises:
        ValueError: it is no address.
    """
    url = urljoin(request.url, address.strip()).partition("#")[0]
    if _NO_ADDRESS.search(url) or len(url) > _LONGEST_ADDRESS:
        raise ValueError("is no address")
    return url if origin(url) == origin(request.url) else None


def origin(url: str) -> tuple[str, str | None, int | None]:
    """Return scheme, host and port (RFC 6454).

    Raises:
        ValueError: it is no address.
    """
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        raise ValueError("an address with a user in it")
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
