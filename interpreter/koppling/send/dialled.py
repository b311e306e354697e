"""Which addresses may be dialled, where only public ones may."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, Final

from koppling.effects import NoAnswer
from koppling.send.route import Route

_NAT64: Final = IPv6Network(
    "64:ff9b::/96"
)  # RFC 6052: an IPv4 address in its last 32 bits, as networks without IPv4 have it
# Ways to carry an IPv4 address that no public server is behind: 6to4, Teredo, NAT64 of one's own (RFC 8215).
_CARRIERS: Final = (IPv6Network("2002::/16"), IPv6Network("2001::/32"), IPv6Network("64:ff9b:1::/48"))


def public(address: str) -> bool:
    """Tell whether an address is one of the public internet."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        if found in _NAT64:
            return public(str(IPv4Address(int(found) & 0xFFFFFFFF)))
        if found.ipv4_mapped or found.is_site_local or found.scope_id or any(found in one for one in _CARRIERS):
            return False
    return found.is_global and not (found.is_multicast or found.is_reserved)


def public_among(host: str, found: list[Any]) -> list[Any]:
    """Return those of the addresses that `getaddrinfo` found that are public.

    Raises:
        NoAnswer: none is.
    """
    allowed = [one for one in found if public(str(one[4][0]))]
    if not allowed:
        there = ", ".join(sorted({str(one[4][0]) for one in found}))
        which = "" if there == host else f"{there}, which is "
        message = f"could not be sent: {host} is {which}no public address, and this client dials only those"
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
