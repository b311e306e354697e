"""A vendor that is a function, asked by a sync or an async client, so that every test holds in both worlds."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx

import koppling

SPEC = Path(__file__).parent / "spec"
SECRET = "canary-5e7f-secret"


ASKED = {"model": "oak-1", "question": "Why?"}
ANSWER = {"text": "Because.", "model": "oak-1-may", "id": "a1", "used": {"in": 3, "out": 2, "pages": "many"}}
EVENTS = (
    b'data: {"text": "Be", "model": "oak-1-may", "id": "a1"}\n\n'
    b'data: {"text": "cause.", "used": {"in": 3, "out": 2}}\n\ndata: [DONE]\n\n'
)


def sse(data: bytes) -> httpx.Response:
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=data)


class World:
    """One of the two clients; `answers` are given in order, an exception is raised."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.answers: list[object] = []

    def _handle(self, request: httpx.Request) -> httpx.Response:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    def _options(self, options: dict[str, object]) -> dict[str, object]:
        clock = koppling.Clock(sleep=lambda _: None)
        connection = koppling.Connection("acme", api_key=SECRET)
        return {"connection": connection, "specs": SPEC, "clock": clock, **options}

    def call(self, what: str, name: str, inputs: dict[str, object], **options: object) -> koppling.Result:
        """Live one call, `execute`, `stream` or `items`, and return its result; the error of a call is raised."""
        if self.kind == "sync":
            transport = httpx.MockTransport(self._handle)
            with koppling.Client(transport=transport, **self._options(options)) as client:
                made = getattr(client, what)(name, inputs)
                return made if what == "execute" else made.result()
        return asyncio.run(self._acall(what, name, inputs, options))

    async def _acall(self, what, name, inputs, options):
        transport = httpx.MockTransport(self._handle)
        async with koppling.AsyncClient(transport=transport, **self._options(options)) as client:
            made = getattr(client, what)(name, inputs)
            return await (made if what == "execute" else made.result())
