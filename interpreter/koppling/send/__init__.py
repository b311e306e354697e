"""Requests over the network: HTTP/1.1, one implementation for threads and for event loops.

    route      where a request goes: its origin, and the proxy on the way
    message    a Request as header fields and pieces of a body
    wire       HTTP/1.1 on one connection, bytes out and bytes in; knows no socket
    coding     gzip and its kin, undone within bounds
    sending    one request to one answer
    tunnel     through a proxy
    dialled    which addresses may be dialled
    threads    sockets for the callers of Client, tasks for those of AsyncClient
    given      a transport that the caller brought; knows httpx

What happens to a request is written once, as coroutines. `tasks` has them wait; in `threads` they block instead, and so
come to their end at once. Nothing here is loaded before the first request.
"""

from __future__ import annotations

from _thread import allocate_lock
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Literal, Protocol

from koppling.effects import Bounds, Reply
from koppling.model import Request

if TYPE_CHECKING:
    import httpx

Watch = Callable[[Literal["sent", "received"], int], None]

_GIVEN = (
    "`public_only` is checked on the address that is dialled, and a transport of the caller's own dials by itself; "
    "leave out one of the two"
)

_CLOSED = "this client is closed, and sends nothing any more"


class Sends(Protocol):
    """What a call's driver asks of a sender."""

    def send(self, request: Request, *, stream: bool) -> Reply:
        """Send and return the answer's head; the body too, unless it is to be streamed and is a success."""

    def read(self, reply: Reply) -> bytes:
        """Return the next bytes of a streamed body, none at its end."""

    def release(self, reply: Reply) -> None:
        """Let go of a streamed body, read or not."""

    def close(self) -> None:
        """Close the connections."""


class AsyncSends(Protocol):
    """The same in an event loop."""

    async def send(self, request: Request, *, stream: bool) -> Reply:
        """Send and return the answer's head; the body too, unless it is to be streamed and is a success."""

    async def read(self, reply: Reply) -> bytes:
        """Return the next bytes of a streamed body, none at its end."""

    async def release(self, reply: Reply) -> None:
        """Let go of a streamed body, read or not."""

    def abandon(self, reply: Reply) -> None:
        """Cut off a streamed body that nobody will read or release."""

    async def close(self) -> None:
        """Close the connections."""


class Sender:
    """Sends, one request after another or from several threads.

    Args:
        transport: the caller's own way to the network, an `httpx.BaseTransport`.
        bounds: of the answers.
        public_only: refuse to dial private, loopback, link-local and other addresses that are not public.
        watch: told of each number of bytes that was "sent" or "received".

    Raises:
        ValueError: `public_only`, which nobody can check on a transport that was given.
    """

    def __init__(
        self,
        transport: httpx.BaseTransport | None = None,
        bounds: Bounds | None = None,
        *,
        public_only: bool = False,
        watch: Watch | None = None,
    ) -> None:
        if transport is not None and public_only:
            raise ValueError(_GIVEN)
        self._transport, self._bounds, self._public_only = transport, bounds or Bounds(), public_only
        self._watch = watch
        self._made: Sends | None = None
        self._closed = False
        self._making = allocate_lock()

    def send(self, request: Request, *, stream: bool) -> Reply:
        """Send and return the answer's head; the body too, unless it is to be streamed and is a success.

        Raises:
            NoAnswer: whatever the network did instead.
            TooLarge: the body exceeds its bound.
            RuntimeError: it was closed.
        """
        if self._closed:
            raise RuntimeError(_CLOSED)
        return (self._made or self._make()).send(request, stream=stream)

    def read(self, reply: Reply) -> bytes:
        """Return the next bytes of a streamed body, none at its end.

        Raises:
            NoAnswer: whatever the network did instead.
        """
        return (self._made or self._make()).read(reply)

    def release(self, reply: Reply) -> None:
        """Let go of a streamed body, read or not."""
        if self._made is not None:
            self._made.release(reply)

    def close(self) -> None:
        """Close the connections, for good."""
        self._closed = True
        if self._made is not None:
            self._made.close()

    def _make(self) -> Sends:
        with self._making:  # what a second thread made would be forgotten, and its connections stay open
            if self._made is None:
                self._made = self._new()
            return self._made

    def _new(self) -> Sends:
        if self._transport is not None:
            from koppling.send.given import Given

            return Given(self._transport, self._bounds)
        from koppling.send.threads import Threads

        return Threads(self._bounds, public_only=self._public_only, watch=self._watch)


class AsyncSender:
    """The same for the tasks of one event loop; `transport` is an `httpx.AsyncBaseTransport`."""

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport | None = None,
        bounds: Bounds | None = None,
        *,
        public_only: bool = False,
    ) -> None:
        if transport is not None and public_only:
            raise ValueError(_GIVEN)
        self._transport, self._bounds, self._public_only = transport, bounds or Bounds(), public_only
        self._made: AsyncSends | None = None
        self._closed = False

    def send(self, request: Request, *, stream: bool) -> Coroutine[Any, Any, Reply]:
        """Send and return the answer's head; see `Sender.send`."""
        if self._closed:
            raise RuntimeError(_CLOSED)
        return (self._made or self._make()).send(request, stream=stream)

    def read(self, reply: Reply) -> Coroutine[Any, Any, bytes]:
        """Return the next bytes of a streamed body, none at its end; see `Sender.read`."""
        return (self._made or self._make()).read(reply)

    async def release(self, reply: Reply) -> None:
        """Let go of a streamed body, read or not."""
        if self._made is not None:
            await self._made.release(reply)

    def abandon(self, reply: Reply) -> None:
        """Cut off a streamed body that nobody will read or release."""
        if self._made is not None:
            self._made.abandon(reply)

    async def close(self) -> None:
        """Close the connections, for good."""
        self._closed = True
        if self._made is not None:
            await self._made.close()

    def _make(self) -> AsyncSends:
        made: Any
        if self._transport is not None:
            from koppling.send.given import AsyncGiven

            made = AsyncGiven(self._transport, self._bounds)
        else:
            from koppling.send.tasks import Tasks

            made = Tasks(self._bounds, public_only=self._public_only)
        self._made = made
        return self._made
