"""Which addresses may be dialled, where only public ones may."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, Final

from koppling.effects import NoAnswer
from koppling.send.route import Route

_NAT64: Final = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address, carried
_NAT64_LOCAL: Final = IPv6Network("64:ff9b:1::/48")  # RFC 8215


def public(address: str) -> bool:
    """Tell whether an address is one of the public internet; one that carries another is judged by that one too."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return _public(found)


def _public(found: IPv4Address | IPv6Address) -> bool:
    if not found.is_global or found.is_multicast or found.is_reserved or found.is_unspecified or found.is_loopback:
        # 64:ff9b::/96 is reserved, and public when what it carries is.
        return isinstance(found, IPv6Address) and found in _NAT64 and _public(IPv4Address(int(found) & 0xFFFFFFFF))
    if isinstance(found, IPv4Address):
        return True
    if found in _NAT64:
        return _public(IPv4Address(int(found) & 0xFFFFFFFF))
    if found in _NAT64_LOCAL or found.is_site_local or found.scope_id:
        return False
    carried = (found.ipv4_mapped, found.sixtofour, *(found.teredo or ()))
    return all(_public(one) for one in carried if one is not None)


def public_among(host: str, found: list[Any]) -> list[Any]:
    """Return those of the addresses that `getaddrinfo` found that are public.

    Raises:
        NoAnswer: none is.
    """
    allowed = [one for one in found if public(str(one[4][0]))]
    if not allowed:
        there = ", ".join(sorted({str(one[4][0]) for one in found}))
        message = f"could not be sent: {host} is {there}, which is no public address, and this client dials only those"
        raise NoAnswer("protocol", message, sent=False)
    return allowed


def see_no_proxy(route: Route) -> None:
    """See that we dial by ourselves.

    Raises:
        NoAnswer: a proxy would, and to which address it does cannot be checked.
    """
    if route.proxy is not None:
        message = (
            f"could not be sent: the proxy {route.proxy.origin.authority} would dial {route.origin.host}, and what "
            "that is cannot be checked by this client, which dials only public addresses; name the host in NO_PROXY"
        )
        raise NoAnswer("protocol", message, sent=False)
