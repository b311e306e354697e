"""What a program holds in its hand: Client, AsyncClient, execute()."""

from __future__ import annotations

# What a call needs is loaded when a client is made: many a program imports clients and makes none.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any, Self

    import httpx

    from koppling.catalog import Specs
    from koppling.client.arguments import Day
    from koppling.client.begin import Beginning
    from koppling.client.clock import Clock
    from koppling.client.drivers import AsyncItems, AsyncRun, Items, Run
    from koppling.client.sign_in import SignIn
    from koppling.client.watching import Observer
    from koppling.connection import Connection
    from koppling.effects import Life
    from koppling.limits import Limits
    from koppling.model import Request, Result
    from koppling.send import Sender
    from koppling.trace import Trace
    from koppling.validate import Extra


class _Unsent:
    """What both clients do without sending anything."""

    _begin: Beginning

    def adapt(self, name: str, inputs: Mapping[str, Any], inputs_of: int, *, as_of: Day = None) -> dict[str, Any]:
        """Return inputs of an older major version as a newer one takes them, which `execute` is given then.

        Args:
            name: the newer version, as `acme.get_thing@2`.
            inputs: as the older version takes them.
            inputs_of: the older version's number.
            as_of: over the client's own.

        Raises:
            InputInvalid: the newer version's spec does not say how.
        """
        return self._begin.adapt(name, inputs, inputs_of, as_of)

    def render(
        self,
        name: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        stream: bool = False,
        extra: Extra | None = None,
        as_of: Day = None,
    ) -> Request:
        """Return the request that `execute` would send first, or with `stream` the one of `stream`, without sending it.

        Raises:
            KopplingError: whatever `execute` raises before it sends.
        """
        return self._begin.render(name, inputs, stream=stream, extra=extra, as_of=as_of)

    def trace(
        self,
        name: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        stream: bool = False,
        extra: Extra | None = None,
        as_of: Day = None,
    ) -> Trace:
        """Return where each part of the request that `render` returns came from. Nothing is sent.

        What is wrong with the inputs is in its `problems`, as long as they choose an operation; what depends on none of
        them is traced all the same.

        Raises:
            UnknownModule, ModuleRetired, ConnectionInvalid, SpecError: as `execute`.
            InputInvalid: the inputs choose no operation, or one that does not stream.
        """
        return self._begin.trace(name, inputs, stream=stream, extra=extra, as_of=as_of)


class Client(_Unsent):
    """Executes modules by name. Threads may share one; an iterator that it gives has one reader at a time.

    Args:
        connection: whose account; without it, the environment's.
        specs: a folder of connectors, or several; the built-in ones come last.
        transport: any `httpx.BaseTransport`; it stays the caller's to close.
        extra: what happens to inputs that no field declares: "forbid", "warn" or "pass".
        as_of: the day at which lifecycles are read; today when not given.
        files: a folder below which inputs may name files as `{"path": …}`.
        require_major: refuse names without a major version.
        max_body: bytes of an answer's body that are taken into memory, after decompression; 256 MB when not given.
        max_file: bytes of an answer that is a file, which goes to disk; 8 GB when not given.
        public_only: refuse to dial addresses that are not public: private, loopback, link-local, and the like.
        deadline: seconds that a call may take in all: its attempts, waits, pages, polls, and the reading of a stream.
        retry: keys over those of the specs' `retry`: `{"attempts": 1}`.
        limits: how fast to send, over what specs declare; clients that are given the same one share it.
        clock: time and chance.
        on_request: a plain function that is shown each request before it is sent, as an `Exchange` without secrets.
        on_response: is shown each answer, or why there is none. What either raises is logged, and changes nothing.

    Raises:
        ConnectionInvalid: the connection does not fit its connector.
        SpecError: the connector's spec has faults.
        TypeError, ValueError: an argument is none; `public_only` beside a `transport`, which dials by itself.
    """

    def __init__(
        self,
        connection: Connection | None = None,
        specs: Specs = None,
        transport: httpx.BaseTransport | Sender | None = None,
        *,
        extra: Extra = "forbid",
        as_of: Day = None,
        files: str | Path | None = None,
        require_major: bool = False,
        max_body: int | None = None,
        max_file: int | None = None,
        public_only: bool = False,
        deadline: float | None = None,
        retry: Mapping[str, Any] | None = None,
        limits: Limits | None = None,
        clock: Clock | None = None,
        on_request: Observer | None = None,
        on_response: Observer | None = None,
    ) -> None:
        from koppling.client import drivers
        from koppling.client.arguments import bounds_of, check_transport
        from koppling.client.begin import Beginning
        from koppling.client.choices import ClientCatalog
        from koppling.client.clock import Clock
        from koppling.client.watching import Watchers
        from koppling.send import Sender

        self._clock = clock or Clock()
        #: What there is to execute.
        self.catalog = ClientCatalog(
            specs,
            self.execute,
            lambda: self._begin.day(),  # noqa: PLW0108  (made below)
            self._clock.now,
        )
        self._drivers = drivers
        if isinstance(transport, Sender):
            self._sender = transport
        else:
            check_transport(transport, "handle_request")
            self._sender = Sender(transport, bounds_of(max_body, max_file), public_only=public_only)
        self._begin = Beginning(
            connection,
            self.catalog,
            extra=extra,
            as_of=as_of,
            files=files,
            require_major=require_major,
            deadline=deadline,
            retry=retry,
            limits=limits,
            clock=self._clock,
            watchers=Watchers(on_request, on_response),
        )

    def execute(
        self,
        name: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
        deadline: float | None = None,
        extra: Extra | None = None,
        as_of: Day = None,
    ) -> Result:
        """Execute a module to its end.

        Args:
            name: `connector.module` or `connector.module@major`.
            inputs: the values of the module's fields.
            timeout: seconds for connecting, and for each wait for bytes, in place of the spec's.
            deadline: seconds for the whole call, over the client's own.
            extra: over the client's own.
            as_of: over the client's own.

        Raises:
            UnknownModule, ModuleRetired, InputInvalid, ConnectionInvalid, SpecError: nothing was sent.
            TransportError: no answer, or none before the deadline.
            ApiError: an answer that is no success.
        """
        life = self._begin.execute(name, inputs, timeout=timeout, deadline=deadline, extra=extra, as_of=as_of)
        return self._drivers.Run(life, self._sender, self._clock).result()

    def stream(
        self,
        name: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
        deadline: float | None = None,
        extra: Extra | None = None,
        as_of: Day = None,
    ) -> Run:
        """Return an iterator over the deltas of a streamed call; its `result()` is what `execute` would have returned.

        Raises:
            KopplingError: as `execute`; from the iterator what happens on the way.
        """
        life = self._begin.stream(name, inputs, timeout=timeout, deadline=deadline, extra=extra, as_of=as_of)
        return self._drivers.Run(life, self._sender, self._clock)

    def items(
        self,
        name: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        resume: str | None = None,
        timeout: float | None = None,
        deadline: float | None = None,
        extra: Extra | None = None,
        as_of: Day = None,
    ) -> Items:
        """Return an iterator over the bundles of a search, page by page, lazily.

        Args:
            name: as `execute`.
            inputs: as `execute`.
            resume: the `resume_token` of an earlier iterator of the same module and inputs.
            timeout: as `execute`.
            deadline: as `execute`; what the caller does between two bundles counts, too.
            extra: as `execute`.
            as_of: as `execute`.

        Raises:
            KopplingError: as `execute`; InputInvalid too for a token of something else.
        """
        life, call, mark = self._begin.items(
            name, inputs, resume, timeout=timeout, deadline=deadline, extra=extra, as_of=as_of
        )
        return self._drivers.Items(life, call, mark, self._sender, self._clock)

    def sign_in(self, redirect_uri: str | None = None) -> SignIn:
        """Begin a person's sign-in, for a connector whose `auth` is the authorization code of OAuth 2.

        Args:
            redirect_uri: where the browser comes back to; where the connector's spec does not say.

        Raises:
            ConnectionInvalid: nobody signs in to that connector.
            ValueError: the client has no connection, or nothing says where the browser comes back to.
        """

        def live(life: Life) -> None:
            self._drivers.Run(life, self._sender, self._clock).result()

        return self._begin.sign_in(redirect_uri, live)

    def close(self) -> None:
        """Close the connections, for good: what would send something then raises a RuntimeError.

        What sends nothing, as `render`, goes on. A `transport` of the caller's own stays open.
        """
        self._sender.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClient(_Unsent):
    """The same as Client, awaited.

    Tasks of one event loop may share one; `transport` is any `httpx.AsyncBaseTransport`.
    """

    def __init__(
        self,
        connection: Connection | None = None,
        specs: Specs = None,
        transport: httpx.AsyncBaseTransport | None = None,
        *,
        extra: Extra = "forbid",
        as_of: Day = None,
        files: str | Path | None = None,
        require_major: bool = False,
        max_body: int | None = None,
        max_file: int | None = None,
        public_only: bool = False,
        deadline: float | None = None,
        retry: Mapping[str, Any] | None = None,
        limits: Limits | None = None,
        clock: Clock | None = None,
        on_request: Observer | None = None,
        on_response: Observer | None = None,
    ) -> None:
        from koppling.client import drivers
        from koppling.client.arguments import bounds_of, check_transport
        from koppling.client.begin import Beginning
        from koppling.client.choices import AsyncClientCatalog
        from koppling.client.clock import Clock
        from koppling.client.watching import Watchers
        from koppling.send import AsyncSender

        self._clock = clock or Clock()
        #: What there is to execute.
        self.catalog = AsyncClientCatalog(
            specs,
            self.execute,
            lambda: self._begin.day(),  # noqa: PLW0108  (made below)
            self._clock.now,
        )
        self._drivers = drivers
        check_transport(transport, "handle_async_request")
        self._sender = AsyncSender(transport, bounds_of(max_body, max_file), public_only=public_only)
        self._begin = Beginning(
            connection,
            self.catalog,
            extra=extra,
            as_of=as_of,
            files=files,
            require_major=require_major,
            deadline=deadline,
            retry=retry,
            limits=limits,
            clock=self._clock,
            watchers=Watchers(on_request, on_response),
        )

    async def execute(
        self,
        name: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,  # noqa: ASYNC109  (seconds of silence, not of the call)
        deadline: float | None = None,
        extra: Extra | None = None,
        as_of: Day = None,
    ) -> Result:
        """Execute a module to its end; see `Client.execute`."""
        life = self._begin.execute(name, inputs, timeout=timeout, deadline=deadline, extra=extra, as_of=as_of)
        return await self._drivers.AsyncRun(life, self._sender, self._clock).result()

    def stream(
        self,
        name: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
        deadline: float | None = None,
        extra: Extra | None = None,
        as_of: Day = None,
    ) -> AsyncRun:
        """Return an async iterator over the deltas of a streamed call; see `Client.stream`."""
        life = self._begin.stream(name, inputs, timeout=timeout, deadline=deadline, extra=extra, as_of=as_of)
        return self._drivers.AsyncRun(life, self._sender, self._clock)

    def items(
        self,
        name: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        resume: str | None = None,
        timeout: float | None = None,
        deadline: float | None = None,
        extra: Extra | None = None,
        as_of: Day = None,
    ) -> AsyncItems:
        """Return an async iterator over the bundles of a search; see `Client.items`."""
        life, call, mark = self._begin.items(
            name, inputs, resume, timeout=timeout, deadline=deadline, extra=extra, as_of=as_of
        )
        return self._drivers.AsyncItems(life, call, mark, self._sender, self._clock)

    def sign_in(self, redirect_uri: str | None = None) -> SignIn:
        """Begin a person's sign-in, whose `finish` is awaited; see `Client.sign_in`."""

        async def live(life: Life) -> None:
            await self._drivers.AsyncRun(life, self._sender, self._clock).result()

        return self._begin.sign_in(redirect_uri, live)

    async def close(self) -> None:
        """Close the connections, for good; see `Client.close`."""
        await self._sender.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def execute(
    name: str,
    inputs: Mapping[str, Any] | None = None,
    *,
    connection: Connection | None = None,
    specs: Specs = None,
    timeout: float | None = None,
    deadline: float | None = None,
    extra: Extra = "forbid",
    as_of: Day = None,
) -> Result:
    """Execute one module with a client of its own; see `Client.execute`."""
    with Client(connection, specs, extra=extra, as_of=as_of) as client:
        return client.execute(name, inputs, timeout=timeout, deadline=deadline)
