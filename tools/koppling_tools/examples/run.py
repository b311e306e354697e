"""Runs examples without a network, each sync and async, and tells where the call differed from what is stated."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Any, Literal, Self

import httpx

from koppling.catalog import Catalog
from koppling.client import AsyncClient, Client
from koppling.client.clock import Clock
from koppling.diagnostics import Location
from koppling.errors import InputInvalid, KopplingError, SpecError, UnknownModule
from koppling.model import Request
from koppling.validate import choose
from koppling_tools.examples.bounds import held
from koppling_tools.examples.judge import Fault, Take, judge
from koppling_tools.examples.load import Example
from koppling_tools.examples.placeholders import base_url, connected, placeholders
from koppling_tools.examples.transport import ExampleTransport

World = Literal["sync", "async"]


class Stage(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport that lends a client to one example after another: making a client costs more than most calls."""

    def __init__(self) -> None:
        self.current: ExampleTransport | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Pass on a request of a sync client."""
        return self._playing().handle_request(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass on a request of an async client."""
        return await self._playing().handle_async_request(request)

    def _playing(self) -> ExampleTransport:
        assert self.current is not None  # noqa: S101  (a call outside of a take would be a fault of this file)
        return self.current


class _Time:
    """A clock that stands still but when somebody sleeps, and then moves at once."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def set(self, day: str) -> None:
        self.seconds = datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()

    def clock(self) -> Clock:
        return Clock(now=lambda: self.seconds, sleep=self._sleep, random=lambda: 1.0)

    def _sleep(self, seconds: float) -> None:
        self.seconds += seconds


class Runner:
    """Runs examples one after another. A context manager: it has an event loop of its own.

    Args:
        catalog: where the modules are.
        day: the ISO day that lifecycles are read at by an example that names none.
        worlds: the drivers to run them with.
    """

    def __init__(self, catalog: Catalog, day: str, worlds: Sequence[World] = ("sync", "async")) -> None:
        self._worlds = worlds
        self._catalog = catalog
        self._day = day
        self._stage = Stage()
        self._time = _Time()
        self._clients: dict[str, tuple[Client, AsyncClient]] = {}
        self._loop = asyncio.Runner()

    def __enter__(self) -> Self:
        self._loop.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.__exit__(kind, error, trace)

    def run(self, example: Example) -> list[Fault]:
        """Return what is not as the example states it; nothing where all is.

        Raises:
            SpecError: the connector's spec has faults.
        """
        if example.faults:
            return [Fault(one.rule, one.message, one.location, help=one.help) for one in example.faults]
        try:
            connector = self._catalog.connector(example.connector)
        except UnknownModule as error:
            return [Fault("unknown-module", str(error), Location(example.document.path))]
        connection = placeholders(connector, example.connection)
        address = base_url(self._request(example) or connector.plan.get("request") or {}, connection)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            try:
                client, async_client = self._clients_of(example.connector, connection)
            except KopplingError as error:
                return list(judge(example, Take(ExampleTransport(example.exchanges, address), error=error)))
            if example.bounds:
                return list(held(example, partial(_rendered, client, example.module_name), self._day))
            sync = list(judge(example, self._live(client, example, address)))
            if "async" not in self._worlds:
                return sync
            asynchronous = list(judge(example, self._live_async(async_client, example, address)))
        return list(_merged(sync, asynchronous))

    def _request(self, example: Example) -> dict[str, Any]:
        """Return the merged request of the operation, for its base URL.

        The call itself says what is wrong with the module.
        """
        try:
            module = self._catalog.module(example.module_name, self._day, retired=True)
            found: dict[str, Any] = choose(module, example.inputs).plan["request"]
        except (InputInvalid, SpecError, UnknownModule):
            return {}
        return found

    def _clients_of(self, connector: str, connection: dict[str, Any]) -> tuple[Client, AsyncClient]:
        key = f"{connector} {sorted(connection.items(), key=repr)!r}"
        if key not in self._clients:
            made = connected(self._catalog.connector(connector), connection)
            specs, stage, clock = self._catalog, self._stage, self._time.clock()
            self._clients[key] = Client(made, specs, stage, clock=clock), AsyncClient(made, specs, stage, clock=clock)
        return self._clients[key]

    def _take(self, example: Example, address: str) -> tuple[Take, str]:
        day = example.as_of or self._day
        self._time.set(day)
        self._stage.current = ExampleTransport(example.exchanges, address)
        return Take(self._stage.current), day

    def _live(self, client: Client, example: Example, address: str) -> Take:
        take, day = self._take(example, address)
        try:
            if example.streamed:
                with client.stream(example.module_name, example.inputs, as_of=day) as stream:
                    take.deltas.extend(stream)
                    take.result = stream.result()
            else:
                take.result = client.execute(example.module_name, example.inputs, as_of=day)
        except Exception as error:  # noqa: BLE001  (whatever it is, it is judged)
            take.error = error
        return take

    def _live_async(self, client: AsyncClient, example: Example, address: str) -> Take:
        take, day = self._take(example, address)

        async def live() -> None:
            if example.streamed:
                async with client.stream(example.module_name, example.inputs, as_of=day) as stream:
                    async for delta in stream:
                        take.deltas.append(delta)
                    take.result = await stream.result()
            else:
                take.result = await client.execute(example.module_name, example.inputs, as_of=day)

        try:
            self._loop.run(live())
        except Exception as error:  # noqa: BLE001  (whatever it is, it is judged)
            take.error = error
        return take


def _rendered(client: Client, name: str, inputs: Mapping[str, Any], day: str) -> Request:
    return client.render(name, inputs, as_of=day)


def _merged(sync: list[Fault], asynchronous: list[Fault]) -> Iterator[Fault]:
    """Yield the faults of both worlds, those that only one of them has marked as such."""
    for faults, others, world in ((sync, asynchronous, "sync"), (asynchronous, sync, "async")):
        theirs = [tuple(one.lines()) for one in others]
        for one in faults:
            if tuple(one.lines()) not in theirs:
                yield replace(one, message=f"{one.message}, {world} only")
            elif world == "sync":
                yield one
