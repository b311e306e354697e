"""One call of an operation, lived to its end by either client, and what it came to."""

from __future__ import annotations

import asyncio
import itertools
import logging
import pickle
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from every_operation import Operation, often
from hostile_answers import examples_of
from hostile_inputs import PLAIN, inputs_of
from hypothesis import given, settings
from leaking import Watched, leaks, shown
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import koppling
from koppling.client.clock import Clock
from koppling.times import LONGEST

SPANS = InMemorySpanExporter()
_MOST_BUNDLES = 60


@cache
def takes(operation: Operation) -> list[dict[str, Any]]:
    """Return inputs that an operation takes: those of its examples, and the smallest there are."""

    def renders(inputs: dict[str, Any]) -> bool:
        with operation.client() as client, warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            try:
                client.render(operation.module, inputs)
            except koppling.InputInvalid:
                return False
        return True

    made: list[dict[str, Any]] = []

    @given(inputs_of(operation, PLAIN))
    @settings(often(3), max_examples=3, derandomize=True)
    def make(inputs: dict[str, Any]) -> None:
        made.append(inputs)

    make()
    stated = [one.inputs for one in examples_of(operation) if operation.chosen.items() <= one.inputs.items()]
    secret = [{**one, **operation.secret_inputs} for one in (*made, *stated[:20])]
    return [one for one in secret if renders(one)] or [one for one in made if renders(one)]


def secrets_of(operation: Operation, inputs: dict[str, Any]) -> tuple[str, ...]:
    """Return the secrets of a call that are texts."""
    given = (inputs.get(name) for name in operation.secret_inputs)
    return (*operation.secrets, *(one for one in given if isinstance(one, str)))


def ways(operation: Operation) -> list[str]:
    """Return how an operation can be called."""
    cases = operation.plan["response"]
    ways = [("stream", any("stream" in case for case in cases)), ("items", any("items" in case for case in cases))]
    return ["execute", *(way for way, there in ways if there)]


def clock() -> Clock:
    """Return a clock that runs with each look at it, is moved by sleeping, and takes what a real one does."""
    now = 1_700_000_000.0

    def look() -> float:
        nonlocal now
        now += 1
        return now

    def sleep(seconds: float) -> None:
        nonlocal now
        assert 0 <= seconds <= LONGEST
        now += seconds

    return Clock(now=look, sleep=sleep, random=lambda: 0.5)


def in_threads(make: Callable[..., Any], operation: Operation, inputs: dict[str, Any], how: str) -> Any:
    """Return what a call of the sync client came to: what it gave, or the error of ours that it ended with."""
    with make(koppling.Client) as client:
        try:
            if how == "execute":
                return client.execute(operation.module, inputs)
            if how == "stream":
                with client.stream(operation.module, inputs) as run:
                    return list(run), run.result()
            with client.items(operation.module, inputs) as items:
                return list(itertools.islice(items, _MOST_BUNDLES)), items.resume_token
        except koppling.KopplingError as error:
            return error


def in_tasks(make: Callable[..., Any], operation: Operation, inputs: dict[str, Any], how: str) -> Any:
    """Return what a call of the async client came to."""
    return asyncio.run(_in_tasks(make, operation, inputs, how))


async def _in_tasks(make: Callable[..., Any], operation: Operation, inputs: dict[str, Any], how: str) -> Any:
    async with make(koppling.AsyncClient) as client:
        try:
            if how == "execute":
                return await client.execute(operation.module, inputs)
            if how == "stream":
                async with client.stream(operation.module, inputs) as run:
                    return [one async for one in run], await run.result()
            found: list[Any] = []
            async with client.items(operation.module, inputs) as items:
                async for one in items:
                    found.append(one)
                    if len(found) == _MOST_BUNDLES:
                        break
                return found, items.resume_token
        except koppling.KopplingError as error:
            return error


WORLDS = (in_threads, in_tasks)


class Seen:
    """Whatever people and programs are shown of a call on its way."""

    def __init__(self) -> None:
        self._watched = Watched(SPANS)
        self._warned: list[warnings.WarningMessage] = []

    @property
    def observers(self) -> dict[str, Any]:
        """Arguments of a client."""
        return {"on_request": self._watched.observe, "on_response": self._watched.observe}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Keep all logs and warnings meanwhile."""
        root = logging.getLogger()
        level = root.level
        root.addHandler(self._watched)
        root.setLevel(logging.DEBUG)
        try:
            with warnings.catch_warnings(record=True) as self._warned:
                warnings.simplefilter("always")
                yield
        finally:
            root.removeHandler(self._watched)
            root.setLevel(level)

    def all(self, end: Any) -> list[tuple[str, str]]:
        """Return it, with what is shown of the call's end."""
        told = self._watched.all() + [("warning", str(one.message)) for one in self._warned]
        return told + (list(shown(end)) if isinstance(end, koppling.KopplingError) else [])


def check_shown(seen: Seen, end: Any) -> None:
    """Check that nothing that was shown holds a secret, and that an error is one that processes can hand on."""
    if isinstance(end, koppling.KopplingError):
        assert str(pickle.loads(pickle.dumps(end))) == str(end)
    found = {where: leaked for where, text in seen.all(end) if (leaked := leaks(text))}
    assert not found, found


def facts_of(end: Any) -> Any:
    """Return what two worlds agree on of a call's end: all but times, and the identity of a call."""
    if isinstance(end, koppling.KopplingError):
        facts = {name: _plain(one) for name, one in vars(end).items() if name[0] != "_" and name != "request"}
        return type(end).__name__, str(end), facts
    return _plain(end)


def _plain(value: Any) -> Any:
    if isinstance(value, koppling.Result):
        return _plain([value.output, value.envelope, value.attempts, value.usage])
    if isinstance(value, koppling.Attempt):
        return value.method, value.url, value.status, value.error, value.why
    if isinstance(value, koppling.File):
        return value.name, value.media_type, value.read()
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
