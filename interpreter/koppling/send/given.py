"""A transport that the caller brought: the only file that knows httpx."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx

from koppling.body import Content
from koppling.effects import Bounds, NoAnswer, Reply, TooLarge
from koppling.model import Request
from koppling.send.coding import Decoder, decoder
from koppling.send.message import Message, compose
from koppling.send.route import Origin, Route, split
from koppling.send.sending import MOST_OF_AN_ERROR, Patience


class Given:
    """Sends through an `httpx.BaseTransport`, which stays the caller's to close.

    The transport is called directly: that costs two thirds of what `httpx.Client.send` does, and httpx's client writes
    whole addresses, keys in a query included, into the log.
    """

    def __init__(self, transport: httpx.BaseTransport, bounds: Bounds) -> None:
        self._transport, self._bounds = transport, bounds

    def send(self, request: Request, *, stream: bool) -> Reply:
        """Send and return the answer's head; the body too, unless it is to be streamed and is a success.

        Raises:
            NoAnswer: whatever the network did instead.
            TooLarge: the body exceeds its bound.
        """
        try:
            response = self._transport.handle_request(_request(request))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _no_answer(error) from error
        reply = _reply(response, self._bounds)
        try:
            reply.handle = _Body(response, _pieces(response))
            if stream and response.is_success:
                return reply
            reply.body = self._whole(reply, success=response.is_success)
        except BaseException:
            response.close()
            raise
        response.close()
        return reply

    def _whole(self, reply: Reply, *, success: bool) -> bytes:
        taken = _Taken(reply, success=success)
        try:
            while not taken.enough and (chunk := self.read(reply)):
                taken.add(chunk)
        except NoAnswer as failure:
            taken.broke(failure)
        return taken.whole

    def read(self, reply: Reply) -> bytes:
        """Return the next bytes of a streamed body, none at its end.

        Raises:
            NoAnswer: whatever the network did instead.
        """
        body: _Body = reply.handle
        try:
            while (piece := body.decoded()) is None:
                body.take(next(body.pieces, b""))
        except httpx.HTTPError as error:
            raise _no_answer(error) from error
        return piece

    @staticmethod
    def release(reply: Reply) -> None:
        """Let go of a streamed body, read or not."""
        reply.handle.response.close()

    def close(self) -> None:
        """Close nothing: it is the caller's."""


class AsyncGiven:
    """The same through an `httpx.AsyncBaseTransport`."""

    def __init__(self, transport: httpx.AsyncBaseTransport, bounds: Bounds) -> None:
        self._transport, self._bounds = transport, bounds

    async def send(self, request: Request, *, stream: bool) -> Reply:
        """Send and return the answer's head; see `Given.send`."""
        try:
            response = await self._transport.handle_async_request(_request(request))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _no_answer(error) from error
        reply = _reply(response, self._bounds)
        try:
            reply.handle = _Body(response, _async_pieces(response))
            if stream and response.is_success:
                return reply
            reply.body = await self._whole(reply, success=response.is_success)
        except BaseException:
            await response.aclose()
            raise
        await self.release(reply)
        return reply

    async def _whole(self, reply: Reply, *, success: bool) -> bytes:
        taken = _Taken(reply, success=success)
        try:
            while not taken.enough and (chunk := await self.read(reply)):
                taken.add(chunk)
        except NoAnswer as failure:
            taken.broke(failure)
        return taken.whole

    async def read(self, reply: Reply) -> bytes:
        """Return the next bytes of a streamed body, none at its end; see `Given.read`."""
        body: _Body = reply.handle
        try:
            while (piece := body.decoded()) is None:
                body.take(await anext(body.pieces, b""))
        except httpx.HTTPError as error:
            raise _no_answer(error) from error
        return piece

    @staticmethod
    async def release(reply: Reply) -> None:
        """Let go of a streamed body, read or not."""
        body: _Body = reply.handle
        await body.pieces.aclose()
        await body.response.aclose()

    @staticmethod
    def abandon(reply: Reply) -> None:
        """Do nothing: only a task could close it."""

    async def close(self) -> None:
        """Close nothing: it is the caller's."""


class _Body:
    """A body on its way: what the transport gives, undone of its codings."""

    def __init__(self, response: httpx.Response, pieces: Any) -> None:
        self.response, self.pieces = response, pieces
        self._decoder: Decoder | None = decoder(response.headers.get("content-encoding"))
        self._ready: Iterator[bytes] = iter(())
        self._over = False

    def take(self, data: bytes) -> None:
        """Take what the transport gave, nothing at the end.

        Raises:
            NoAnswer: it is not coded as it says.
        """
        self._over = not data
        if self._decoder is None:
            self._ready = iter((data,) if data else ())
        elif data:
            self._ready = self._decoder.feed(data)
        else:
            self._decoder.end()

    def decoded(self) -> bytes | None:
        """Return the next bytes, none at the end; None where the transport must give more first."""
        for piece in self._ready:
            return piece
        return b"" if self._over else None


class _Taken:
    """A body that is read whole, as far as it is wanted."""

    def __init__(self, reply: Reply, *, success: bool) -> None:
        self._reply, self._success = reply, success
        self._pieces: list[bytes] = []
        self._size = 0

    def add(self, chunk: bytes) -> None:
        """Add bytes.

        Raises:
            TooLarge: they are too many, of a success.
        """
        self._pieces.append(chunk)
        self._size += len(chunk)
        if self._success and self._size > self._reply.bounds.body:
            raise TooLarge(self._reply)

    @property
    def enough(self) -> bool:
        """Whether more of an error's body would tell no more."""
        return not self._success and self._size >= MOST_OF_AN_ERROR

    def broke(self, failure: NoAnswer) -> None:
        """Let it be, or raise it, with what there is, where it was a success."""
        if self._success:
            failure.partial = self.whole or None
            raise failure

    @property
    def whole(self) -> bytes:
        """What there is."""
        return b"".join(self._pieces)


def _pieces(response: httpx.Response) -> Iterator[bytes]:
    stream = response.stream
    assert isinstance(stream, httpx.SyncByteStream)  # noqa: S101  (what a sync transport gives)
    return (piece for piece in stream if piece)


async def _async_pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    stream = response.stream
    assert isinstance(stream, httpx.AsyncByteStream)  # noqa: S101  (what an async transport gives)
    async for piece in stream:
        if piece:
            yield piece


def _reply(response: httpx.Response, bounds: Bounds) -> Reply:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Reply(response.status_code, headers, None, None, bounds)


def _request(request: Request) -> httpx.Request:
    patience = Patience(request.timeout)
    timeout = {name: patience.left(getattr(patience, name)) for name in ("connect", "read", "write", "pool")}
    origin, target = split(request.url)
    authority = httpx.URL(request.url).netloc.decode("ascii")
    message = compose(request, Route(Origin(tls=False, host="", port=0, authority=authority)), origin, target)
    given: dict[str, Any] = {"headers": message.headers, "extensions": {"timeout": timeout}}
    match request.body:
        case None:
            pass
        case Content(data):
            given["content"] = data  # what is looked at without being read
        case _:
            given["stream"] = _Stream(message)
    return httpx.Request(request.method, request.url, **given)


class _Stream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """Local disks are read in the loop, 64 KiB at a time, as httpx itself reads the files of a form."""

    def __init__(self, message: Message) -> None:
        self._message = message

    def __iter__(self) -> Iterator[bytes]:
        yield from self._message.pieces()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._message.pieces():
            yield piece


def _no_answer(error: httpx.HTTPError | httpx.InvalidURL) -> NoAnswer:
    message = _words(error)
    match error:
        case httpx.ConnectTimeout():
            return NoAnswer("connect", f"no connection in time{message}", sent=False)
        case httpx.PoolTimeout():
            return NoAnswer("timeout", f"no free connection in time{message}", sent=False)
        case httpx.ConnectError() | httpx.ProxyError():
            return NoAnswer("connect", f"could not connect{message}", sent=False)
        case httpx.TimeoutException():
            return NoAnswer("timeout", f"no answer in time{message}", sent=True)
        case httpx.UnsupportedProtocol() | httpx.LocalProtocolError() | httpx.InvalidURL():
            return NoAnswer("protocol", f"could not be sent{message}", sent=False)
        case httpx.DecodingError():
            return NoAnswer("protocol", f"the body's encoding is broken{message}", sent=True)
        case _:
            return NoAnswer("cut", f"the connection broke off{message}", sent=True)


def _words(error: Exception) -> str:
    text = str(error).strip().rstrip(".")
    return f": {text}" if text and text != type(error).__name__ else ""
