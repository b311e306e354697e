"""Every example of every connector here, over a real socket: the replay must give to a client what the example says."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import koppling
from koppling.catalog import Catalog
from koppling_tools.examples.compare import differences, path_text
from koppling_tools.examples.load import Example, find, load
from koppling_tools.sandbox.start import start

HERE = Path(__file__).parent
DAY = "2026-11-23"
CONNECTORS = [(HERE / "spec", "acme"), (HERE.parents[1] / "spec", "openai")]


class Asking(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """The network, with the name of an example on every request."""

    def __init__(self, sync: httpx.HTTPTransport | None, asynchronous: httpx.AsyncHTTPTransport | None) -> None:
        self._sync, self._async = sync, asynchronous
        self.example = ""
        self.answered: list[str | None] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert self._sync is not None
        request.headers["x-koppling-example"] = self.example
        response = self._sync.handle_request(request)
        return self._noted(response)

    def _noted(self, response: httpx.Response) -> httpx.Response:
        """Note who answered; take away the headers that a real server has and an example does not state."""
        self.answered.append(response.headers.get("x-koppling-example"))
        for name in ("x-koppling-example", "server", "date", "content-length", "transfer-encoding"):
            response.headers.pop(name, None)
        return response

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert self._async is not None
        request.headers["x-koppling-example"] = self.example
        response = await self._async.handle_async_request(request)
        return self._noted(response)


def examples(root: Path, connector: str) -> list[Example]:
    found = [load(path) for path in find([root], [connector])]
    return [one for one in found if not one.faults and one.exchanges]


def passing() -> koppling.Clock:
    """Return a clock that moves when somebody sleeps, and only then."""
    moments = [2_000_000_000.0]
    return koppling.Clock(now=lambda: moments[-1], sleep=lambda seconds: moments.append(moments[-1] + seconds))


def misses(example: Example, given: dict[str, Any], transport: Asking) -> Iterator[str]:
    """Yield what was not as the example says."""
    error = given.get("error")
    stated = example.stated
    if "error" in stated:
        if type(error).__name__ != stated["error"].get("type", type(error).__name__):
            yield f"{example.name}: {error!r}"
    elif error is not None:
        yield f"{example.name}: {error!r}"
    else:
        for key in stated:
            for one in differences(stated[key], given[key], (key,)):
                yield f"{example.name}: {path_text(one.pointer)}: {' '.join(one.lines())}"
    expected = sum(one.times for one in example.exchanges)
    if transport.answered != [example.name] * expected:
        yield f"{example.name}: answered by {transport.answered}, not {expected} times by itself"


@pytest.mark.parametrize(("root", "connector"), CONNECTORS, ids=[name for _, name in CONNECTORS])
def test_every_example_holds_over_a_real_socket(root: Path, connector: str) -> None:
    catalog = Catalog([root])
    clock = passing()
    found: list[str] = []
    with (
        start(connector, catalog=catalog, mode="replay") as sandbox,
        httpx.HTTPTransport() as network,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", DeprecationWarning)
        transport = Asking(network, None)
        connection = koppling.Connection(connector, **sandbox.connection_fields)
        with koppling.Client(connection, root, transport, clock=clock) as client:
            for example in examples(root, connector):
                transport.example, transport.answered = example.name, []
                given: dict[str, Any] = {"deltas": []}
                try:
                    if example.streamed:
                        with client.stream(example.module_name, example.inputs, as_of=example.as_of or DAY) as stream:
                            given["deltas"].extend(stream)
                            result = stream.result()
                    else:
                        result = client.execute(example.module_name, example.inputs, as_of=example.as_of or DAY)
                    given |= {"output": result.output, "envelope": result.envelope, "usage": result.usage}
                except koppling.KopplingError as error:
                    given["error"] = error
                found += misses(example, given, transport)
    assert found == []


@pytest.mark.parametrize(("root", "connector"), CONNECTORS, ids=[name for _, name in CONNECTORS])
def test_every_example_holds_over_a_real_socket_in_an_event_loop(root: Path, connector: str) -> None:
    catalog = Catalog([root])
    clock = passing()
    found: list[str] = []

    async def run_all(fields: dict[str, Any]) -> None:
        async with httpx.AsyncHTTPTransport() as network:
            transport = Asking(None, network)
            connection = koppling.Connection(connector, **fields)
            async with koppling.AsyncClient(connection, root, transport, clock=clock) as client:
                for example in examples(root, connector):
                    transport.example, transport.answered = example.name, []
                    found.extend(misses(example, await live(client, example), transport))

    async def live(client: koppling.AsyncClient, example: Example) -> dict[str, Any]:
        given: dict[str, Any] = {"deltas": []}
        day = example.as_of or DAY
        try:
            if example.streamed:
                async with client.stream(example.module_name, example.inputs, as_of=day) as stream:
                    given["deltas"] = [delta async for delta in stream]
                    result = await stream.result()
            else:
                result = await client.execute(example.module_name, example.inputs, as_of=day)
            given |= {"output": result.output, "envelope": result.envelope, "usage": result.usage}
        except koppling.KopplingError as error:
            given["error"] = error
        return given

    with start(connector, catalog=catalog, mode="replay") as sandbox, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        asyncio.run(run_all(sandbox.connection_fields))
    assert found == []
