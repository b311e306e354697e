"""What a program holds in its hand: Client, AsyncClient, execute()."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from koppling import call as life
from koppling.catalog import Specs
from koppling.client.begin import Beginning, Day, must_search, must_stream
from koppling.client.choices import AsyncClientCatalog, ClientCatalog
from koppling.client.clock import Clock
from koppling.client.drivers import AsyncItems, AsyncRun, Items, Run
from koppling.client.resume import mark
from koppling.connection import Connection
from koppling.model import Result
from koppling.send import AsyncSender, Sender
from koppling.validate import Extra

if TYPE_CHECKING:
    import httpx


class Client(Beginning):
    """Executes modules by name. Threads may share one.

    Args:
        connection: whose account; without it, the environment's.
        specs: a folder of connectors, or several; the built-in ones come last.
        transport: any `httpx.BaseTransport`; it stays the caller's to close.
        extra: what happens to inputs that no field declares: "forbid", "warn" or "pass".
        as_of: the day at which lifecycles are read; today when not given.
        files: a folder below which inputs may name files as `{"path": …}`.
        require_major: refuse names without a major version.
        clock: time and chance.

    Raises:
        ConnectionInvalid: the connection does not fit its connector.
        SpecError: the connector's spec has faults.
    """

    def __init__(
        self,
        connection: Connection | None = None,
        specs: Specs = None,
        transport: httpx.BaseTransport | None = None,
        *,
        extra: Extra = "forbid",
        as_of: Day = None,
        files: str | Path | None = None,
        require_major: bool = False,
        clock: Clock | None = None,
    ) -> None:
        #: What there is to execute.
        self.catalog = ClientCatalog(specs, self.execute, self._day)
        super().__init__(
            connection,
            self.catalog,
            extra=extra,
            as_of=as_of,
            files=files,
            require_major=require_major,
            clock=clock or Clock(),
        )
        self._sender = Sender(transport)

    def execute(
        self,
        name: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
        extra: Extra | None = None,
        as_of: Day = None,
    ) -> Result:
        """Execute a module to its end.

        Args:
            name: `connector.module` or `connector.module@major`.
            inputs: the values of the module's fields.
            timeout: seconds for connecting, and for each wait for bytes, in place of the spec's.
            extra: over the client's own.
            as_of: over the client's own.

        Raises:
            UnknownModule, ModuleRetired, InputInvalid, ConnectionInvalid, SpecError: nothing was sent.
            TransportError: no answer.
            ApiError: an answer that is no success.
        """
        run = Run(
            life.execute(self._call(name, inputs, timeout=timeout, extra=extra, as_of=as_of)), self._sender, self._clock
        )
        return run.result()

    def stream(
        self,
        name: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
        extra: Extra | None = None,
        as_of: Day = None,
    ) -> Run:
        """Return an iterator over the deltas of a streamed call; its `result()` is what `execute` would have returned.

        Raises:
            KopplingError: as `execute`; from the iterator what happens on the way.
        """
        call = self._call(name, inputs, timeout=timeout, extra=extra, as_of=as_of, streamed=True)
        must_stream(call)
        return Run(life.stream(call), self._sender, self._clock)

    def items(
        self,
        name: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        resume: str | None = None,
        timeout: float | None = None,
        extra: Extra | None = None,
        as_of: Day = None,
    ) -> Items:
        """Return an iterator over the bundles of a search, page by page, lazily.

        Args:
            name: as `execute`.
            inputs: as `execute`.
            resume: the `resume_token` of an earlier iterator of the same module and inputs.
            timeout: as `execute`.
            extra: as `execute`.
            as_of: as `execute`.

        Raises:
            KopplingError: as `execute`; InputInvalid too for a token of something else.
        """
        call = self._resumed(self._call(name, inputs, timeout=timeout, extra=extra, as_of=as_of), inputs, resume)
        must_search(call)
        return Items(call, mark(call, inputs), self._sender, self._clock)

    def close(self) -> None:
        """Close the connections."""
        self._sender.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClient(Beginning):
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
        clock: Clock | None = None,
    ) -> None:
        #: What there is to execute.
        self.catalog = AsyncClientCatalog(specs, self.execute, self._day)
        super().__init__(
            connection,
            self.catalog,
            extra=extra,
            as_of=as_of,
            files=files,
            require_major=require_major,
            clock=clock or Clock(),
        )
        self._sender = AsyncSender(transport)

    async def execute(
        self,
        name: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,  # noqa: ASYNC109  (seconds of silence, not of the call)
        extra: Extra | None = None,
        as_of: Day = None,
    ) -> Result:
        """Execute a module to its end; see `Client.execute`."""
        run = AsyncRun(
            life.execute(self._call(name, inputs, timeout=timeout, extra=extra, as_of=as_of)), self._sender, self._clock
        )
        return await run.result()

    def stream(
        self,
        name: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
        extra: Extra | None = None,
        as_of: Day = None,
    ) -> AsyncRun:
        """Return an async iterator over the deltas of a streamed call; see `Client.stream`."""
        call = self._call(name, inputs, timeout=timeout, extra=extra, as_of=as_of, streamed=True)
        must_stream(call)
        return AsyncRun(life.stream(call), self._sender, self._clock)

    def items(
        self,
        name: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        resume: str | None = None,
        timeout: float | None = None,
        extra: Extra | None = None,
        as_of: Day = None,
    ) -> AsyncItems:
        """Return an async iterator over the bundles of a search; see `Client.items`."""
        call = self._resumed(self._call(name, inputs, timeout=timeout, extra=extra, as_of=as_of), inputs, resume)
        must_search(call)
        return AsyncItems(call, mark(call, inputs), self._sender, self._clock)

    async def close(self) -> None:
        """Close the connections."""
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
    extra: Extra = "forbid",
    as_of: Day = None,
) -> Result:
    """Execute one module with a client of its own; see `Client.execute`."""
    with Client(connection, specs, extra=extra, as_of=as_of) as client:
        return client.execute(name, inputs, timeout=timeout)
