"""One call, in either world: `Sync` and `Async` have the same methods, and all tests here run with both."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from strict.server import Loopback

import koppling
from koppling.catalog import Catalog
from koppling_tools.examples.placeholders import placeholders

SPEC = Path(__file__).parent / "spec"


class Ticks:
    """A clock that nobody waits for: sleeping moves it, and is noted."""

    def __init__(self) -> None:
        self.now = 2_000_000_000.0
        self.slept: list[float] = []

    def clock(self) -> koppling.Clock:
        return koppling.Clock(now=lambda: self.now, sleep=self._sleep, random=lambda: 1.0)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class World:
    """What both worlds are alike in: the connection of a module's connector to the server."""

    def __init__(self, server: Loopback, ticks: Ticks) -> None:
        self.server, self.ticks = server, ticks
        self._catalog = Catalog([SPEC])

    def arguments(self, module: str, fields: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what a client is made of: a connection with placeholders and these fields, the specs, the clock."""
        name = module.partition(".")[0]
        given = {"base_url": self.server.base(name), **(fields or {})}
        connection = koppling.Connection(name, **placeholders(self._catalog.connector(name), given))
        return {"connection": connection, "specs": SPEC, "clock": self.ticks.clock()}


class Sync(World):
    """`koppling.Client`."""

    def execute(self, module, inputs=None, fields=None, **how):
        with koppling.Client(**self.arguments(module, fields)) as client:
            return client.execute(module, inputs, **how)

    def stream(self, module, inputs=None, fields=None, **how):
        """Return the deltas and the result."""
        with koppling.Client(**self.arguments(module, fields)) as client, client.stream(module, inputs, **how) as run:
            return list(run), run.result()

    def items(self, module, inputs=None, taken: Callable[[Any], bool] = lambda _: False, **how):
        """Return the bundles up to the first of which `taken` is true."""
        found = []
        with koppling.Client(**self.arguments(module)) as client, client.items(module, inputs, **how) as items:
            for item in items:
                found.append(item)
                if taken(item):
                    break
        return found

    def token(self, module, count=1, inputs=None):
        """Return the resume token of a search, so many bundles into it."""
        with koppling.Client(**self.arguments(module)) as client, client.items(module, inputs or {}) as items:
            for _ in range(count):
                next(items)
            return items.resume_token


class Async(World):
    """`koppling.AsyncClient`."""

    def execute(self, module, inputs=None, fields=None, **how):
        async def live():
            async with koppling.AsyncClient(**self.arguments(module, fields)) as client:
                return await client.execute(module, inputs, **how)

        return asyncio.run(live())

    def stream(self, module, inputs=None, fields=None, **how):
        async def live():
            async with (
                koppling.AsyncClient(**self.arguments(module, fields)) as client,
                client.stream(module, inputs, **how) as run,
            ):
                return [delta async for delta in run], await run.result()

        return asyncio.run(live())

    def items(self, module, inputs=None, taken: Callable[[Any], bool] = lambda _: False, **how):
        async def live():
            found = []
            async with (
                koppling.AsyncClient(**self.arguments(module)) as client,
                client.items(module, inputs, **how) as items,
            ):
                async for item in items:
                    found.append(item)
                    if taken(item):
                        break
            return found

        return asyncio.run(live())

    def token(self, module, count=1, inputs=None):
        async def live():
            async with (
                koppling.AsyncClient(**self.arguments(module)) as client,
                client.items(module, inputs or {}) as items,
            ):
                for _ in range(count):
                    await anext(items)
                return items.resume_token

        return asyncio.run(live())
