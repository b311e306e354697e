"""The two drivers of a call, both thin, and what a program holds in its hand: Client, AsyncClient, execute()."""

from __future__ import annotations

import base64
import json
import time
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import blake2b
from pathlib import Path
from random import random
from typing import TYPE_CHECKING, Any, Self

from koppling import call as life
from koppling.call import Call, Position
from koppling.catalog import Catalog, Specs
from koppling.connection import Bound, Connection
from koppling.effects import Effect, Emit, Life, NoAnswer, Now, Read, Reply, Send, Sleep
from koppling.errors import ConnectionInvalid, InputInvalid, ModuleRetired, Problem
from koppling.extract import value_of
from koppling.masking import Masker
from koppling.model import Attempt, ModuleSpec, OperationSpec, Request, Result
from koppling.send import AsyncSender, Sender
from koppling.validate import Extra, choose

if TYPE_CHECKING:
    import httpx

Day = date | str | None


@dataclass(frozen=True, slots=True)
class Clock:
    """Time and chance, as values. `now` is seconds since 1970, `sleep` waits seconds, `random` is from 0 to 1."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random

    async def asleep(self, seconds: float) -> None:
        """Wait without holding up the event loop."""
        if self.sleep is not time.sleep:
            self.sleep(seconds)
            return
        import asyncio  # noqa: PLC0415

        await asyncio.sleep(seconds)


class _Clients:
    """What the sync and the async client are alike in: names, days, connections, inputs. No I/O but reading specs."""

    def __init__(
        self,
        connection: Connection | None,
        specs: Specs,
        *,
        extra: Extra,
        as_of: Day,
        files: str | Path | None,
        require_major: bool,
        clock: Clock,
    ) -> None:
        self._specs = Catalog(specs)
        self._connection = connection
        self._extra: Extra = extra
        self._as_of = as_of
        self._files = Path(files).resolve() if files is not None else None
        self._require_major = require_major
        self._clock = clock
        self._bound: dict[str, Bound] = {}
        if connection is not None:
            self._bind(connection.connector)

    def _day(self, as_of: Day = None) -> str:
        given = as_of if as_of is not None else self._as_of
        if given is None:
            return datetime.fromtimestamp(self._clock.now(), UTC).date().isoformat()
        return given if isinstance(given, str) else given.isoformat()

    def _bind(self, connector: str) -> Bound:
        if connector not in self._bound:
            connection = self._connection or Connection.from_env(connector)
            if connection.connector != connector:
                raise ConnectionInvalid(
                    connector, f"this connection is one to {connection.connector}, the module is {connector}'s"
                )
            self._bound[connector] = connection.bind(self._specs.connector(connector))
        return self._bound[connector]

    def _call(
        self,
        name: str,
        inputs: Mapping[str, Any] | None,
        *,
        extra: Extra | None = None,
        as_of: Day = None,
        timeout: float | None = None,
        streamed: bool = False,
        depth: int = 3,
    ) -> Call:
        """Return a call, checked and ready to be lived. `depth` leads a warning to the caller's line."""
        day = self._day(as_of)
        module = self._specs.module(name, day, require_major=self._require_major)
        given = self._as_mapping(module, inputs)
        spec = choose(module, given)
        lifecycle = spec.lifecycle
        if lifecycle.state(day) == "retired":
            raise ModuleRetired(module.full_name, lifecycle, spec.name)
        operation = self._specs.operation(module, spec.name)
        if streamed and operation.stream is not None:
            given = {**given, **operation.stream.set}
        prepared = operation.inputs.prepare(given, extra=extra or self._extra, day=day, files=self._files)
        for said in (*_deprecations(module, spec, day), *prepared.warnings):
            warnings.warn(said, DeprecationWarning, stacklevel=depth + 1)
        bound = self._bind(module.connector)

        def begin(inner: str, inner_inputs: dict[str, Any], attempts: list[Attempt]) -> Life:
            full = inner if "." in inner else f"{module.connector}.{inner}"
            other = self._call(full, inner_inputs, as_of=as_of, timeout=timeout, depth=depth)
            other.attempts = attempts
            return life.execute(other)

        return Call(
            operation,
            prepared,
            bound.values,
            Masker((*bound.secrets, *prepared.secrets)),
            str(uuid.uuid4()),
            self._clock.random,
            begin,
            timeout,
        )

    @staticmethod
    def _as_mapping(module: ModuleSpec, inputs: Mapping[str, Any] | None) -> Mapping[str, Any]:
        if inputs is None:
            return {}
        if not isinstance(inputs, Mapping):
            raise InputInvalid(
                module.full_name, (Problem("", f"the inputs are a mapping, not a {type(inputs).__name__}"),)
            )
        return inputs

    def _resumed(self, call: Call, inputs: Mapping[str, Any] | None, token: str | None) -> Call:
        if token is not None:
            call.position = _read_token(token, call, _mark(call, inputs))
        return call

    def render(
        self, name: str, inputs: Mapping[str, Any] | None = None, *, extra: Extra | None = None, as_of: Day = None
    ) -> Request:
        """Return the request that `execute` would send first, without sending it.

        Raises:
            KopplingError: whatever `execute` raises before it sends.
        """
        return self._call(name, inputs, extra=extra, as_of=as_of).render()


def _deprecations(module: ModuleSpec, operation: OperationSpec, day: str) -> Iterator[str]:
    if module.lifecycle.state(day) == "deprecated":
        yield f"{module.full_name} is deprecated: {module.lifecycle}"
    if operation.lifecycle.state(day) == "deprecated":
        yield f"{module.full_name}, operation {operation.name}, is deprecated: {operation.lifecycle}"


class Client(_Clients):
    """Executes modules by name. Threads may share one.

    Args:
        connection: whose account; without it, the environment's.
        specs: a folder of connectors, or several; the built-in ones come last.
        transport: any `httpx.BaseTransport`; it stays the caller's to close.
        extra: what happens to inputs that no field declares: "forbid", "warn" or "pass".
        as_of: the day at which lifecycles are read; today when not given.
        files: a folder below which inputs may name files as `{"path": …}`.
        require_major: refuse names without a major version.
        clock: time and chance.

    Raises:
        ConnectionInvalid: the connection does not fit its connector.
        SpecError: the connector's spec has faults.
    """

    def __init__(
        self,
        connection: Connection | None = None,
        specs: Specs = None,
        transport: httpx.BaseTransport | None = None,
        *,
        extra: Extra = "forbid",
        as_of: Day = None,
        files: str | Path | None = None,
        require_major: bool = False,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(
            connection,
            specs,
            extra=extra,
            as_of=as_of,
            files=files,
            require_major=require_major,
            clock=clock or Clock(),
        )
        self._sender = Sender(transport)

    @property
    def catalog(self) -> ClientCatalog:
        """What there is to execute."""
        return ClientCatalog(self._specs, self)

    def execute(
        self,
        name: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
        extra: Extra | None = None,
        as_of: Day = None,
    ) -> Result:
        """Execute a module to its end.

        Args:
            name: `connector.module` or `connector.module@major`.
            inputs: the values of the module's fields.
            timeout: seconds for connecting, and for each wait for bytes, in place of the spec's.
            extra: over the client's own.
            as_of: over the client's own.

        Raises:
            UnknownModule, ModuleRetired, InputInvalid, ConnectionInvalid, SpecError: nothing was sent.
            TransportError: no answer.
            ApiError: an answer that is no success.
        """
        run = Run(
            life.execute(self._call(name, inputs, timeout=timeout, extra=extra, as_of=as_of)), self._sender, self._clock
        )
        return run.result()

    def stream(
        self,
        name: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
        extra: Extra | None = None,
        as_of: Day = None,
    ) -> Run:
        """Return an iterator over the deltas of a streamed call; its `result()` is what `execute` would have returned.

        Raises:
            KopplingError: as `execute`; from the iterator what happens on the way.
        """
        call = self._call(name, inputs, timeout=timeout, extra=extra, as_of=as_of, streamed=True)
        _must_stream(call)
        return Run(life.stream(call), self._sender, self._clock)

    def items(
        self,
        name: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        resume: str | None = None,
        timeout: float | None = None,
        extra: Extra | None = None,
        as_of: Day = None,
    ) -> Items:
        """Return an iterator over the bundles of a search, page by page, lazily.

        Args:
            name: as `execute`.
            inputs: as `execute`.
            resume: the `resume_token` of an earlier iterator of the same module and inputs.
            timeout: as `execute`.
            extra: as `execute`.
            as_of: as `execute`.

        Raises:
            KopplingError: as `execute`; InputInvalid too for a token of something else.
        """
        call = self._resumed(self._call(name, inputs, timeout=timeout, extra=extra, as_of=as_of), inputs, resume)
        _must_search(call)
        return Items(call, _mark(call, inputs), self._sender, self._clock)

    def close(self) -> None:
        """Close the connections."""
        self._sender.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Run:
    """One call being lived: an iterator over what it emits, and a context manager that closes what is open."""

    def __init__(self, call: Life, sender: Sender, clock: Clock) -> None:
        self._life, self._sender, self._clock = call, sender, clock
        self._open: Reply | None = None
        self._result: Result | None = None
        self._over = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        if self._over:
            raise StopIteration
        value: Any = None
        fault: NoAnswer | None = None
        try:
            while True:
                step = self._life.send(value) if fault is None else self._life.throw(fault)
                if type(step) is Emit:
                    return step.value
                value = fault = None
                try:
                    value = self._do(step)
                except NoAnswer as failure:
                    fault = failure
        except StopIteration as stop:
            self._result = stop.value
            self.close()
            raise
        except BaseException:
            self.close()
            raise

    def _do(self, step: Effect) -> Any:
        match step:
            case Send(request, stream):
                self._release()
                reply = self._sender.send(request, stream=stream)
                self._open = reply if reply.body is None else None
                return reply
            case Read(reply):
                return self._sender.read(reply)
            case Sleep(seconds):
                return self._clock.sleep(seconds)
            case Now():
                return self._clock.now()

    def result(self) -> Result:
        """Live what is left of the call, and return what it gave.

        Raises:
            RuntimeError: the call was closed before its end.
        """
        for _ in self:
            pass
        if self._result is None:
            raise RuntimeError("this call was closed before its end; it has no result")
        return self._result

    def close(self) -> None:
        """Let go of the connection; the call is over."""
        self._over = True
        self._life.close()
        self._release()

    def _release(self) -> None:
        opened, self._open = self._open, None
        if opened is not None:
            self._sender.release(opened)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_open", None) is not None:
            warnings.warn(
                f"{type(self).__name__} was left before its end; use it in a `with`",
                ResourceWarning,
                stacklevel=2,
                source=self,
            )
            self.close()


class Items(Run):
    """The bundles of a search."""

    def __init__(self, call: Call, mark: str, sender: Sender, clock: Clock) -> None:
        super().__init__(life.items(call), sender, clock)
        self._call, self._mark = call, mark

    @property
    def resume_token(self) -> str:
        """Where the iterator stands, as text.

        `items(…, resume=token)` goes on with the bundle after the last one it gave.
        """
        return _write_token(self._call.position, self._mark)


class AsyncClient(_Clients):
    """The same as Client, awaited.

    Tasks of one event loop may share one; `transport` is any `httpx.AsyncBaseTransport`.
    """

    def __init__(
        self,
        connection: Connection | None = None,
        specs: Specs = None,
        transport: httpx.AsyncBaseTransport | None = None,
        *,
        extra: Extra = "forbid",
        as_of: Day = None,
        files: str | Path | None = None,
        require_major: bool = False,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(
            connection,
            specs,
            extra=extra,
            as_of=as_of,
            files=files,
            require_major=require_major,
            clock=clock or Clock(),
        )
        self._sender = AsyncSender(transport)

    @property
    def catalog(self) -> ClientCatalog:
        """What there is to execute."""
        return ClientCatalog(self._specs, self)

    async def execute(
        self,
        name: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,  # noqa: ASYNC109  (seconds of silence, not of the call)
        extra: Extra | None = None,
        as_of: Day = None,
    ) -> Result:
        """Execute a module to its end; see `Client.execute`."""
        run = AsyncRun(
            life.execute(self._call(name, inputs, timeout=timeout, extra=extra, as_of=as_of)), self._sender, self._clock
        )
        return await run.result()

    def stream(
        self,
        name: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
        extra: Extra | None = None,
        as_of: Day = None,
    ) -> AsyncRun:
        """Return an async iterator over the deltas of a streamed call; see `Client.stream`."""
        call = self._call(name, inputs, timeout=timeout, extra=extra, as_of=as_of, streamed=True)
        _must_stream(call)
        return AsyncRun(life.stream(call), self._sender, self._clock)

    def items(
        self,
        name: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        resume: str | None = None,
        timeout: float | None = None,
        extra: Extra | None = None,
        as_of: Day = None,
    ) -> AsyncItems:
        """Return an async iterator over the bundles of a search; see `Client.items`."""
        call = self._resumed(self._call(name, inputs, timeout=timeout, extra=extra, as_of=as_of), inputs, resume)
        _must_search(call)
        return AsyncItems(call, _mark(call, inputs), self._sender, self._clock)

    async def close(self) -> None:
        """Close the connections."""
        await self._sender.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class AsyncRun:
    """One call being lived in an event loop: an async iterator and an async context manager."""

    def __init__(self, call: Life, sender: AsyncSender, clock: Clock) -> None:
        self._life, self._sender, self._clock = call, sender, clock
        self._open: Reply | None = None
        self._result: Result | None = None
        self._over = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        if self._over:
            raise StopAsyncIteration
        value: Any = None
        fault: NoAnswer | None = None
        try:
            while True:
                step = self._life.send(value) if fault is None else self._life.throw(fault)
                if type(step) is Emit:
                    return step.value
                value = fault = None
                try:
                    value = await self._do(step)
                except NoAnswer as failure:
                    fault = failure
        except StopIteration as stop:
            self._result = stop.value
            await self.close()
            raise StopAsyncIteration from None
        except BaseException:
            await self.close()
            raise

    async def _do(self, step: Effect) -> Any:
        match step:
            case Send(request, stream):
                await self._release()
                reply = await self._sender.send(request, stream=stream)
                self._open = reply if reply.body is None else None
                return reply
            case Read(reply):
                return await self._sender.read(reply)
            case Sleep(seconds):
                return await self._clock.asleep(seconds)
            case Now():
                return self._clock.now()

    async def result(self) -> Result:
        """Live what is left of the call, and return what it gave.

        Raises:
            RuntimeError: the call was closed before its end.
        """
        async for _ in self:
            pass
        if self._result is None:
            raise RuntimeError("this call was closed before its end; it has no result")
        return self._result

    async def close(self) -> None:
        """Let go of the connection; the call is over."""
        self._over = True
        self._life.close()
        await self._release()

    async def _release(self) -> None:
        opened, self._open = self._open, None
        if opened is not None:
            await self._sender.release(opened)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __del__(self) -> None:
        if getattr(self, "_open", None) is not None:
            warnings.warn(
                f"{type(self).__name__} was left before its end; use it in an `async with`",
                ResourceWarning,
                stacklevel=2,
                source=self,
            )


class AsyncItems(AsyncRun):
    """The bundles of a search."""

    def __init__(self, call: Call, mark: str, sender: AsyncSender, clock: Clock) -> None:
        super().__init__(life.items(call), sender, clock)
        self._call, self._mark = call, mark

    @property
    def resume_token(self) -> str:
        """Where the iterator stands; see `Items.resume_token`."""
        return _write_token(self._call.position, self._mark)


class ClientCatalog:
    """What a client can execute: modules, their schemas and lifecycles, and the values of dynamic selects."""

    def __init__(self, catalog: Catalog, client: Client | AsyncClient) -> None:
        self._catalog, self._client = catalog, client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._catalog, name)

    def options(self, name: str, field: str, inputs: Mapping[str, Any] | None = None) -> Any:
        """Return the choices of a field that has `options`: a list of {value, label}; awaited with an AsyncClient.

        Args:
            name: the module's name.
            field: the field's.
            inputs: of the module, where it has several operations: at least the one that chooses.

        Raises:
            KopplingError: as executing the module that lists them.
        """
        module = self._catalog.module(name, self._client._day(), retired=True)  # noqa: SLF001  (client and catalog are one room)
        spec = choose(module, inputs or {}).fields.get(field)
        declared = spec.schema.get("options") if spec else None
        if declared is None:
            raise InputInvalid(module.full_name, (Problem(f"/{field}", "this field has no options to list"),))
        source = declared["module"] if "." in declared["module"] else f"{module.connector}.{declared['module']}"
        value, label = (value_of(declared[key]) if key in declared else None for key in ("value", "label"))

        def choices(result: Result) -> list[dict[str, Any]]:
            found = []
            for bundle in result.output:
                one = value(bundle, {}) if value else bundle
                if one is not None:
                    found.append({"value": one, "label": label(bundle, {}) if label else one})
            return found

        if isinstance(self._client, Client):
            return choices(self._client.execute(source, declared.get("inputs")))
        client = self._client

        async def later() -> list[dict[str, Any]]:
            return choices(await client.execute(source, declared.get("inputs")))

        return later()


def _must_stream(call: Call) -> None:
    if call.operation.stream is None:
        raise _cannot(call, "this operation does not stream; use execute() or items()")


def _must_search(call: Call) -> None:
    if not call.operation.is_search:
        raise _cannot(call, "this operation gives one bundle, not a list; use execute()")


def _cannot(call: Call, message: str) -> InputInvalid:
    return InputInvalid(call.operation.module.full_name, (Problem("", message),))


def _mark(call: Call, inputs: Mapping[str, Any] | None) -> str:
    """Return the hash of module and inputs that a resume token carries."""
    told = json.dumps([call.operation.module.full_name, dict(inputs or {})], sort_keys=True, default=repr)
    return blake2b(told.encode(), digest_size=12).hexdigest()


def _write_token(position: Position, mark: str) -> str:
    told = json.dumps([position.page, position.address, position.taken, mark], separators=(",", ":"))
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def _read_token(token: str, call: Call, mark: str) -> Position:
    try:
        told = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        page, address, taken, known = told
        if not (isinstance(page, dict) and isinstance(taken, int) and (address is None or isinstance(address, str))):
            raise TypeError  # noqa: TRY301  (one way out for all that is wrong with a token)
    except (ValueError, TypeError):
        raise _cannot(call, "this is no resume token") from None
    if known != mark:
        raise _cannot(call, "this resume token belongs to another module or other inputs")
    return Position(page, address, taken)


def execute(
    name: str,
    inputs: Mapping[str, Any] | None = None,
    *,
    connection: Connection | None = None,
    specs: Specs = None,
    timeout: float | None = None,
    extra: Extra = "forbid",
    as_of: Day = None,
) -> Result:
    """Execute one module with a client of its own; see `Client.execute`."""
    with Client(connection, specs, extra=extra, as_of=as_of) as client:
        return client.execute(name, inputs, timeout=timeout)
