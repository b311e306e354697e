"""Connections that are proved by tokens, and calls of theirs."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from oauth_vendor import CLIENT, SECRET

from koppling import AsyncClient, Client, Clock, Connection

SPECS = Path(__file__).parent / "spec"
WORLDS = pytest.mark.parametrize("world", ["sync", "async"])


class Time:
    def __init__(self):
        self.seconds = 1_750_000_000.0

    def clock(self):
        return Clock(now=lambda: self.seconds, sleep=lambda _: None, random=lambda: 0.0)


def machine(**fields):
    return Connection("machine", client_id=CLIENT, client_secret=SECRET, **fields)


def person(vendor, **fields):
    """A person who has signed in already."""
    found = Connection("person", client_id=CLIENT, client_secret=SECRET, **fields)
    found.use_tokens(vendor.tokens())
    return found


def called(world, vendor, connection, inputs=None, *, name="list_things", clock=None, times=1):
    """Call so often, at the same time where it is more than once; return the results, or what was raised."""
    full = f"{connection.connector}.{name}"
    if world == "sync":
        with Client(connection, SPECS, vendor, clock=clock) as client, ThreadPoolExecutor(times) as pool:
            start = threading.Barrier(times)

            def call():
                start.wait(30)
                return client.execute(full, inputs)

            found = [pool.submit(call) for _ in range(times)]
            results = [one.exception(60) or one.result() for one in found]
    else:

        async def live():
            async with AsyncClient(connection, SPECS, vendor, clock=clock) as client:
                return await asyncio.gather(
                    *(client.execute(full, inputs) for _ in range(times)), return_exceptions=True
                )

        results = asyncio.run(live())
    if times == 1 and isinstance(results[0], BaseException):
        raise results[0]
    return results
