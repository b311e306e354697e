"""A hundred calls in flight: Koppling, the vendor's SDK and plain aiohttp in one event loop each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack

import aiohttp
from chat import ANSWERS, KEY, MODULE, PATH, inputs
from openai import AsyncOpenAI
from rounds import Row, Side, cpu, measure
from stub import Stub

from koppling import AsyncClient, Connection

IN_FLIGHT, EACH = 100, 3
BUDGETS = {"openai": 0.15, "aiohttp": 1.6}

Call = Callable[[], Awaitable[object]]


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure."""
    with Stub(ANSWERS) as stub, asyncio.Runner() as runner:
        opened = AsyncExitStack()
        try:
            calls = runner.run(_open(opened, stub.origin))
            costs = measure({name: _flight(runner, call) for name, call in calls.items()}, "aiohttp", quick=quick)
        finally:
            runner.run(opened.aclose())
    for peer, budget in BUDGETS.items():
        yield costs.against(f"{IN_FLIGHT} calls in flight, CPU of one", peer, budget)


async def _open(opened: AsyncExitStack, origin: str) -> dict[str, Call]:
    asked, url = inputs(10), origin + PATH
    client = await opened.enter_async_context(AsyncClient(Connection("openai", api_key=KEY, base_url=f"{origin}/v1")))
    sdk = await opened.enter_async_context(AsyncOpenAI(api_key=KEY, base_url=f"{origin}/v1"))
    session = await opened.enter_async_context(aiohttp.ClientSession(headers={"authorization": f"Bearer {KEY}"}))

    async def plain() -> object:
        async with session.post(url, json=asked) as response:
            return await response.json()

    return {
        "koppling": lambda: client.execute(MODULE, asked),
        "openai": lambda: sdk.chat.completions.create(**asked),
        "aiohttp": plain,
    }


def _flight(runner: asyncio.Runner, call: Call) -> Side:
    async def one_after_another() -> None:
        for _ in range(EACH):
            await call()

    async def together() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(IN_FLIGHT):
                group.create_task(one_after_another())

    return cpu(lambda: runner.run(together()), calls=IN_FLIGHT * EACH)
