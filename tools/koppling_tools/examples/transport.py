"""A transport in place of the network: it answers with the exchanges of one example, in their order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import httpx

from koppling_tools.examples.answer import answer_of
from koppling_tools.examples.compare import Difference, Pointer
from koppling_tools.examples.load import Exchange
from koppling_tools.examples.match import mismatches
from koppling_tools.examples.wire import Sent


class Unstated(Exception):
    """A request beyond those that the example states. Not one of httpx's errors, so that nobody tries again."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A request that was not the one stated. `turn` counts from 1 where the exchange is repeated."""

    exchange: Exchange
    turn: int
    differences: tuple[Difference, ...]


class ExampleTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Plays the exchanges of an example, sync or async, and notes what was not as stated.

    Args:
        exchanges: in their order.
        base_url: what the stated paths are below of.
    """

    def __init__(self, exchanges: tuple[Exchange, ...], base_url: str) -> None:
        self._base_url = base_url
        self._turns = [(exchange, turn) for exchange in exchanges for turn in range(1, exchange.times + 1)]
        self._at = 0
        self.mismatches: list[Mismatch] = []
        self.unstated: list[Sent] = []

    @property
    def unused(self) -> list[tuple[Exchange, int]]:
        """The exchanges that nobody asked for yet, each with how many times."""
        found: dict[Pointer, tuple[Exchange, int]] = {}
        for exchange, _ in self._turns[self._at :]:
            found[exchange.pointer] = exchange, found.get(exchange.pointer, (exchange, 0))[1] + 1
        return list(found.values())

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request of a sync client."""
        request.read()
        return self._answer(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request of an async client."""
        await request.aread()
        return self._answer(request)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        sent = Sent.of(request.method, str(request.url), request.headers.multi_items(), request.content, self._base_url)
        if self._at == len(self._turns):
            self.unstated.append(sent)
            raise Unstated(f"{sent.method} {sent.path}")
        exchange, turn = self._turns[self._at]
        self._at += 1
        if found := mismatches(exchange.request, sent):
            self.mismatches.append(Mismatch(exchange, turn, tuple(found)))
        answer = answer_of(exchange.response)
        return httpx.Response(answer.status, headers=answer.headers, stream=Pieces(answer.chunks))


class Pieces(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in its pieces, for either world."""

    def __init__(self, chunks: tuple[bytes, ...]) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        yield from self._chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk
