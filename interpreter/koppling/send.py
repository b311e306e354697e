"""Requests over the network. The only file that knows httpx, and the only one that opens a socket.

The transport is called directly: it costs two thirds of what `httpx.Client.send` does, and httpx's client writes
whole addresses, keys in a query included, into the log.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from koppling.body import Content, Multipart, Raw
from koppling.effects import NoAnswer, Reply
from koppling.files import File
from koppling.model import Request

if TYPE_CHECKING:
    import ssl

    import httpx


class Sender:
    """Sends, one request after another or from several threads."""

    def __init__(self, transport: httpx.BaseTransport | None = None) -> None:
        self._given = transport
        self._made: dict[tuple[str, str], httpx.BaseTransport] = {}

    def send(self, request: Request, *, stream: bool) -> Reply:
        """Send and return the answer's head; the body too, unless it is to be streamed and is a success.

        Raises:
            NoAnswer: whatever the network did instead.
        """
        import httpx

        pieces: list[bytes] = []
        ends = time.monotonic() + request.timeout.get("total", math.inf)
        with ExitStack() as opened:
            try:
                out = _httpx_request(request, opened)
                response = self._transport(request.url).handle_request(out)
                if stream and response.is_success:
                    return Reply(response.status_code, _headers(response), None, (response, response.iter_bytes()))
                try:
                    for chunk in response.iter_bytes():
                        pieces.append(chunk)
                        if time.monotonic() > ends:
                            raise httpx.ReadTimeout("")  # a body that drips has no silence to time
                finally:
                    response.close()
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise _no_answer(error, b"".join(pieces) or None) from error
            return Reply(response.status_code, _headers(response), b"".join(pieces))

    def read(self, reply: Reply) -> bytes:
        """Return the next bytes of a streamed body, none at its end."""
        import httpx

        try:
            return _next(reply.handle[1])
        except httpx.HTTPError as error:
            raise _no_answer(error) from error

    @staticmethod
    def release(reply: Reply) -> None:
        """Let go of a streamed body, read or not."""
        reply.handle[0].close()

    def close(self) -> None:
        """Close the connections."""
        for transport in self._made.values():
            transport.close()
        self._made.clear()

    def _transport(self, url: str) -> httpx.BaseTransport:
        if self._given is not None:
            return self._given
        key = _key(url)
        if key not in self._made:
            import httpx

            self._made[key] = httpx.HTTPTransport(verify=_verify(key[0]), proxy=_proxy(*key))
        return self._made[key]


class AsyncSender:
    """The same for one event loop."""

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._given = transport
        self._made: dict[tuple[str, str], httpx.AsyncBaseTransport] = {}

    async def send(self, request: Request, *, stream: bool) -> Reply:
        """Send and return the answer's head; the body too, unless it is to be streamed and is a success.

        Raises:
            NoAnswer: whatever the network did instead.
        """
        if "total" not in request.timeout:
            return await self._send(request, stream=stream)
        import asyncio

        try:
            async with asyncio.timeout(request.timeout["total"]):
                return await self._send(request, stream=stream)
        except TimeoutError:
            raise NoAnswer("timeout", "no answer in time", sent=True) from None

    async def _send(self, request: Request, *, stream: bool) -> Reply:
        import httpx

        pieces: list[bytes] = []
        with ExitStack() as opened:
            try:
                out = _httpx_request(request, opened)
                response = await self._transport(request.url).handle_async_request(out)
                if stream and response.is_success:
                    return Reply(response.status_code, _headers(response), None, (response, response.aiter_bytes()))
                try:
                    async for chunk in response.aiter_bytes():
                        pieces.append(chunk)  # noqa: PERF401  (what had come must be there when it breaks off)
                finally:
                    await response.aclose()
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise _no_answer(error, b"".join(pieces) or None) from error
            return Reply(response.status_code, _headers(response), b"".join(pieces))

    async def read(self, reply: Reply) -> bytes:
        """Return the next bytes of a streamed body, none at its end."""
        import httpx

        try:
            return await anext(reply.handle[1], b"")
        except httpx.HTTPError as error:
            raise _no_answer(error) from error

    @staticmethod
    async def release(reply: Reply) -> None:
        """Let go of a streamed body, read or not."""
        await reply.handle[1].aclose()
        await reply.handle[0].aclose()

    async def close(self) -> None:
        """Close the connections."""
        for transport in self._made.values():
            await transport.aclose()
        self._made.clear()

    def _transport(self, url: str) -> httpx.AsyncBaseTransport:
        if self._given is not None:
            return self._given
        key = _key(url)
        if key not in self._made:
            import httpx

            self._made[key] = httpx.AsyncHTTPTransport(verify=_verify(key[0]), proxy=_proxy(*key))
        return self._made[key]


def _next(chunks: Iterator[bytes]) -> bytes:
    return next(chunks, b"")


def _key(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    import httpx

    return httpx.create_ssl_context()


def _verify(scheme: str) -> ssl.SSLContext | bool:
    # Reading the certificate authorities takes 20 ms: once in a process, and never where there is no TLS to verify.
    return _tls() if scheme == "https" else False


def _proxy(scheme: str, host: str) -> str | None:
    """Return the proxy that the environment names for this origin."""
    if not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    from urllib.request import getproxies, proxy_bypass

    found = getproxies()
    proxy = found.get(scheme) or found.get("all")
    if not proxy or proxy_bypass(host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _headers(response: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _httpx_request(request: Request, opened: ExitStack) -> httpx.Request:
    import httpx

    seconds = request.timeout
    read, most = seconds.get("read", 60.0), seconds.get("total", math.inf)
    timeout = {
        "connect": min(seconds.get("connect", 5.0), most),
        "read": min(read, most),
        "write": min(seconds.get("write", read), most),
        "pool": min(seconds.get("pool", read), most),
    }
    headers = dict(request.headers)
    extensions = {"timeout": timeout}
    match request.body:
        case None:
            # A bodyless POST says so (RFC 9110, 8.6); httpx does it when given empty content.
            content = b"" if request.method in {"POST", "PUT", "PATCH"} else None
            return httpx.Request(request.method, request.url, headers=headers, content=content, extensions=extensions)
        case Content(data):
            return httpx.Request(request.method, request.url, headers=headers, content=data, extensions=extensions)
        case Multipart(parts):
            headers.pop("content-type", None)  # httpx writes it with the boundary
            files = [(part.name, (part.file_name, _opened(part.content, opened), part.media_type)) for part in parts]
            # No parts at all is still a multipart body; httpx wants at least one to make one.
            return httpx.Request(
                request.method, request.url, headers=headers, files=files or None, extensions=extensions
            )
        case Raw(file):
            size = file.size
            # httpx writes neither Host nor framing where a stream is given ready-made.
            framing = {"transfer-encoding": "chunked"} if size is None else {"content-length": str(size)}
            headers = {"host": httpx.URL(request.url).netloc.decode("ascii"), **headers, **framing}
            stream = _file_stream()(file)
            return httpx.Request(request.method, request.url, headers=headers, stream=stream, extensions=extensions)


def _opened(content: bytes | File, opened: ExitStack) -> Any:
    if isinstance(content, bytes):
        return content
    source = content.open()
    if not content.replayable:
        return source
    if content.owns_handle:
        opened.callback(source.close)
    return _Window(source, source.tell())


class _Window:
    """An open file from where it stood: httpx rewinds what it sends to 0, and that 0 must be the caller's start."""

    def __init__(self, source: Any, start: int) -> None:
        self._source, self._start = source, start

    def read(self, size: int = -1) -> bytes:
        found = self._source.read(size)
        return bytes(found)

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self._source.seek(offset + (self._start if whence == 0 else 0), whence)) - self._start

    def tell(self) -> int:
        return int(self._source.tell()) - self._start


@lru_cache(maxsize=1)
def _file_stream() -> Any:
    """Return the class of a body that is a file, for either world; it cannot be written before httpx is there."""
    import httpx

    class FileStream(httpx.SyncByteStream, httpx.AsyncByteStream):
        """Local disks are read in the loop, 64 KiB at a time, as httpx itself reads the files of a form."""

        def __init__(self, file: File) -> None:
            self._file = file

        def __iter__(self) -> Iterator[bytes]:
            return self._file.chunks()

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for chunk in self._file.chunks():
                yield chunk

    return FileStream


def _no_answer(error: httpx.HTTPError | httpx.InvalidURL, partial: bytes | None = None) -> NoAnswer:
    import httpx

    message = _words(error)
    match error:
        case httpx.ConnectTimeout():
            return NoAnswer("connect", f"no connection in time{message}", sent=False)
        case httpx.PoolTimeout():
            return NoAnswer("timeout", f"no free connection in time{message}", sent=False)
        case httpx.ConnectError() | httpx.ProxyError():
            return NoAnswer("connect", f"could not connect{message}", sent=False)
        case httpx.TimeoutException():
            return NoAnswer("timeout", f"no answer in time{message}", sent=True, partial=partial)
        case httpx.UnsupportedProtocol() | httpx.LocalProtocolError() | httpx.InvalidURL():
            return NoAnswer("protocol", f"could not be sent{message}", sent=False)
        case httpx.DecodingError():
            return NoAnswer("protocol", f"the body's encoding is broken{message}", sent=True)
        case _:
            return NoAnswer("cut", f"the connection broke off{message}", sent=True, partial=partial)


def _words(error: Exception) -> str:
    text = str(error).strip().rstrip(".")
    return f": {text}" if text and text != type(error).__name__ else ""
