"""Through a proxy, to where TLS begins: CONNECT (RFC 9110, 9.3.6) and SOCKS 5 (RFC 1928, 1929)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from koppling.effects import NoAnswer
from koppling.send.message import Message
from koppling.send.route import Origin, Proxy
from koppling.send.wire import Line, Wire
from koppling.statuses import SUCCESS

_SOCKS: Final = 5
_NO_AUTHENTICATION, _PASSWORD = 0, 2
_REFUSALS: Final = {
    1: "general failure",
    2: "not allowed",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "too many hops",
    7: "command not supported",
    8: "kind of address not supported",
}


async def through(proxy: Proxy, origin: Origin, line: Line) -> None:
    """Have a proxy dial an origin.

    Raises:
        NoAnswer: it does not.
    """
    tell = _connect if proxy.scheme in {"http", "https"} else _socks
    try:
        await tell(proxy, origin, line)
    except NoAnswer as failure:
        raise NoAnswer("connect", str(failure), sent=False) from failure


async def _connect(proxy: Proxy, origin: Origin, line: Line) -> None:
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    authority = f"{host}:{origin.port}"
    headers = [("host", authority)]
    if proxy.authorization is not None:
        headers.append(("proxy-authorization", proxy.authorization))
    head = await Wire().ask(Message("CONNECT", authority, headers, tuple, replayable=True), line)
    if head.status not in SUCCESS:
        phrase = HTTPStatus(head.status).phrase if head.status in list(HTTPStatus) else ""
        raise _refused(proxy, f"{head.status} {phrase}".strip())


async def _socks(proxy: Proxy, origin: Origin, line: Line) -> None:
    replies = _Replies(proxy, line)
    known = bool(proxy.user or proxy.password)
    methods = (_NO_AUTHENTICATION, _PASSWORD) if known else (_NO_AUTHENTICATION,)
    await line.write(bytes((_SOCKS, len(methods), *methods)))
    version, method = await replies.take(2)
    if version != _SOCKS:
        raise _refused(proxy, "it speaks no SOCKS 5")
    if method not in methods:
        raise _refused(proxy, "it wants to know who is asking")
    if method == _PASSWORD:
        user, password = proxy.user.encode()[:255], proxy.password.encode()[:255]
        await line.write(bytes((1, len(user))) + user + bytes((len(password),)) + password)
        if (await replies.take(2))[1] != 0:
            raise _refused(proxy, "user name or password is wrong")
    host = origin.host.encode("ascii")
    await line.write(bytes((_SOCKS, 1, 0, 3, len(host))) + host + origin.port.to_bytes(2))
    _, reply, _, kind = await replies.take(4)
    if reply:
        raise _refused(proxy, _REFUSALS.get(reply, f"code {reply}"))
    length = {1: 4, 4: 16}.get(kind) or (await replies.take(1))[0]
    await replies.take(length + 2)


class _Replies:
    """What a proxy says, so many bytes at a time."""

    def __init__(self, proxy: Proxy, line: Line) -> None:
        self._proxy, self._line, self._got = proxy, line, b""

    async def take(self, count: int) -> bytes:
        """Return the next bytes."""
        while len(self._got) < count:
            data = await self._line.read()
            if not data:
                raise _refused(self._proxy, "it closed the connection")
            self._got += data
        found, self._got = self._got[:count], self._got[count:]
        return found


def _refused(proxy: Proxy, why: str) -> NoAnswer:
    message = f"could not connect: the proxy {proxy.origin.authority} refused: {why}"
    return NoAnswer("connect", message, sent=False)
