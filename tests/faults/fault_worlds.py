"""The same call in each world, and whether anything was left behind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import warnings
from pathlib import Path
from typing import Any

import koppling

SPEC = Path(__file__).parent / "spec"


class Outcome(dict[str, Any]):
    """What a call came to: `error` and its fields, or `output`; `attempts`."""

    @classmethod
    def of(cls, value: koppling.Result | koppling.KopplingError) -> Outcome:
        if isinstance(value, koppling.Result):
            output = value.output
            return cls(
                output=output.read().decode() if isinstance(output, koppling.File) else output,
                attempts=len(value.attempts),
            )
        found = cls({key: one for key, one in vars(value).items() if not key.startswith("_")})
        found |= {"type": type(value).__name__, "attempts": len(value.attempts), "words": str(value)}
        if isinstance(found.get("partial"), koppling.File):
            found["partial"] = found["partial"].read()
        if isinstance(found.get("partial"), bytes):
            found["partial"] = found["partial"].decode()
        return found


def connection(url: str) -> koppling.Connection:
    return koppling.Connection("acme", base_url=url)


def inputs_of(case: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the module and the inputs of a case."""
    name = case.get("call", "get_thing")
    if name in {"put_file", "post_form"}:
        return f"acme.{name}", {"file": koppling.File(b"x" * case.get("size", 10), name="x.bin")}
    return f"acme.{name}", {}


def options_of(case: dict[str, Any]) -> dict[str, Any]:
    return {key: case[key] for key in ("max_body", "max_file", "public_only") if key in case}


class Sync:
    """Client, in threads."""

    def __init__(self, url: str, slept: list[float], case: dict[str, Any]) -> None:
        clock = koppling.Clock(sleep=slept.append, random=lambda: 1.0)
        self._client = koppling.Client(connection(url), SPEC, clock=clock, **options_of(case))

    async def call(self, case: dict[str, Any]) -> Outcome:
        name, inputs = inputs_of(case)
        try:
            if case.get("streamed"):
                with self._client.stream(name, inputs, timeout=case.get("timeout")) as stream:
                    deltas = list(stream)
                    return Outcome(Outcome.of(stream.result()), deltas=deltas)
            return Outcome.of(self._client.execute(name, inputs, timeout=case.get("timeout")))
        except koppling.KopplingError as error:
            return Outcome.of(error)

    async def close(self) -> None:
        self._client.close()


class Async:
    """AsyncClient, in an event loop."""

    def __init__(self, url: str, slept: list[float], case: dict[str, Any]) -> None:
        clock = koppling.Clock(sleep=slept.append, random=lambda: 1.0)
        self._client = koppling.AsyncClient(connection(url), SPEC, clock=clock, **options_of(case))

    async def call(self, case: dict[str, Any]) -> Outcome:
        name, inputs = inputs_of(case)
        try:
            if case.get("streamed"):
                async with self._client.stream(name, inputs, timeout=case.get("timeout")) as stream:
                    deltas = [delta async for delta in stream]
                    return Outcome(Outcome.of(await stream.result()), deltas=deltas)
            return Outcome.of(await self._client.execute(name, inputs, timeout=case.get("timeout")))
        except koppling.KopplingError as error:
            return Outcome.of(error)

    async def close(self) -> None:
        await self._client.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}


WORLDS = {"threads": Sync, "tasks": Async}


def sockets() -> set[str]:
    """Return the open sockets of this process."""
    found = set()
    for one in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # what lists them is one of them
            found.add(str(one.readlink()))
    return {there for there in found if there.startswith("socket:")}


class Untouched:
    """Sees that sockets and threads are afterwards what they were before."""

    def __enter__(self) -> None:
        gc.collect()
        self._before = sockets(), set(threading.enumerate())

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            with warnings.catch_warnings():
                warnings.simplefilter("error", ResourceWarning)
                gc.collect()
            assert sockets() - self._before[0] == set()
            assert set(threading.enumerate()) - self._before[1] == set()
