"""One call after another: Koppling, plain httpx and the vendor's SDK, all with the same settings."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import httpx
from chat import ANSWERS, KEY, MODULE, PATH, inputs
from openai import OpenAI
from rounds import Row, cpu, measure
from stub import Stub

from koppling import Client, Connection

BUDGETS = {10: 1.10, 200: 1.25}


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure."""
    with Stub(ANSWERS) as stub:
        base, url = f"{stub.origin}/v1", stub.origin + PATH
        connection = Connection("openai", api_key=KEY, base_url=base)
        timeout = httpx.Timeout(600, connect=5)
        with (
            Client(connection) as client,
            httpx.Client(headers={"authorization": f"Bearer {KEY}"}, timeout=timeout) as raw,
            OpenAI(api_key=KEY, base_url=base) as sdk,
        ):
            for count, budget in BUDGETS.items():
                asked = inputs(count)
                sides = {
                    "koppling": cpu(partial(client.execute, MODULE, asked)),
                    "httpx": cpu(partial(plain, raw, url, asked)),
                    "openai": cpu(partial(sdk.chat.completions.create, **asked)),
                }
                costs = measure(sides, "httpx", quick=quick)
                what = f"one call, chat, {count} messages, CPU"
                yield costs.against(what, "httpx", budget)
                yield costs.against(what, "openai", None)


def plain(client: httpx.Client, url: str, asked: dict[str, Any]) -> object:
    """Make the call as one does without any of it."""
    return client.post(url, json=asked).json()
