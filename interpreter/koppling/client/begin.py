"""What the sync and the async client are alike in: a name and inputs become a call. No I/O but reading specs."""

from __future__ import annotations

import json
import math
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from koppling import call as life
from koppling.call import Call
from koppling.catalog import Catalog
from koppling.client.arguments import Day, check_client, check_limits, check_name, check_seconds, day_of, retry_of
from koppling.client.clock import Clock
from koppling.client.resume import mark, read_token
from koppling.client.watching import Watchers
from koppling.connection import Bound, Connection
from koppling.diagnostics import Problem, kind_of
from koppling.effects import Life
from koppling.errors import ConnectionInvalid, InputInvalid, ModuleRetired
from koppling.limits import Limits, Queue
from koppling.link import Operation
from koppling.masking import Masker
from koppling.model import ModuleSpec, Request
from koppling.validate import Extra, Prepared, choose

if TYPE_CHECKING:
    from koppling.client.sign_in import SignIn
    from koppling.trace import Trace


class Beginning:
    """Names, days, connections and inputs; what both clients begin a call with."""

    def __init__(
        self,
        connection: Connection | None,
        catalog: Catalog,
        *,
        extra: Extra,
        as_of: Day,
        files: str | Path | None,
        require_major: bool,
        deadline: float | None,
        retry: Mapping[str, Any] | None,
        limits: Limits | None,
        clock: Clock,
        watchers: Watchers,
    ) -> None:
        check_client(connection, extra, files, limits)
        self._specs = catalog
        self._connection = connection
        self._extra: Extra = extra
        self._as_of = day_of(as_of)
        self._files = Path(files).resolve() if files is not None else None
        self._require_major = require_major
        check_seconds("deadline", deadline)
        self._deadline = deadline
        self._retry = None if retry is None else retry_of(retry)
        self._limits = Limits() if limits is None else limits
        self._queues: dict[str, Queue] = {}
        self._clock = clock
        self._watchers = watchers
        self._bound: dict[str, Bound] = {}
        if connection is not None:
            self._bind(connection.connector)

    def day(self, as_of: Day = None) -> str:
        """Return the ISO day at which lifecycles are read."""
        return day_of(as_of) or self._as_of or _iso_day(self._clock.now() // 86_400)

    def _bind(self, connector: str) -> Bound:
        if connector not in self._bound:
            connection = self._connection or Connection.from_env(connector)
            if connection.connector != connector:
                raise ConnectionInvalid(
                    connector, f"this connection is one to {connection.connector}, the module is {connector}'s"
                )
            spec = self._specs.connector(connector)
            check_limits(self._limits, spec)
            bound = connection.bind(spec)
            known = json.dumps([connector, bound.values], sort_keys=True, default=repr)
            self._queues[connector] = self._limits.queue(blake2b(known.encode(), digest_size=16).hexdigest())
            self._bound[connector] = bound  # last: another thread may be looking for it
        return self._bound[connector]

    def _call(
        self,
        name: str,
        inputs: Mapping[str, Any] | None,
        *,
        extra: Extra | None = None,
        as_of: Day = None,
        timeout: float | None = None,
        deadline: float | None = None,
        streamed: bool = False,
    ) -> Call:
        """Return a call, checked and ready to be lived."""
        day = self.day(as_of)
        check_seconds("timeout", timeout)
        check_seconds("deadline", deadline)
        operation, given = self._chosen(name, inputs, day, streamed=streamed)
        prepared = operation.inputs.prepare(
            given, extra=self._extra if extra is None else extra, day=day, files=self._files
        )
        for said in (*_deprecations(operation, day), *prepared.warnings):
            warnings.warn(said, DeprecationWarning, stacklevel=_callers())
        call = self._begun(operation, prepared, as_of, timeout)
        seconds = self._deadline if deadline is None else deadline
        call.deadline = None if seconds == math.inf else seconds
        return call

    def _chosen(
        self, name: str, inputs: Mapping[str, Any] | None, day: str, *, streamed: bool
    ) -> tuple[Operation, Mapping[str, Any]]:
        """Return the operation that a name and inputs choose, and its inputs."""
        check_name(name)
        module = self._specs.module(name, day, require_major=self._require_major)
        given = self._as_mapping(module, inputs)
        spec = choose(module, given)
        lifecycle = spec.lifecycle
        if lifecycle.state(day) == "retired":
            raise ModuleRetired(module.full_name, lifecycle, spec.name)
        operation = self._specs.operation(module, spec.name)
        if streamed and operation.stream is not None:
            given = operation.stream.added(given)
        return operation, given

    def _begun(self, operation: Operation, prepared: Prepared, as_of: Day, timeout: float | None) -> Call:
        connector = operation.module.connector
        bound = self._bind(connector)

        def begin(inner: str, inner_inputs: dict[str, Any], outer: Call) -> Life:
            full = inner if "." in inner else f"{connector}.{inner}"
            other = self._call(full, inner_inputs, as_of=as_of, timeout=timeout)
            other.attempts, other.deadline, other.ends = outer.attempts, outer.deadline, outer.ends
            return life.execute(other)

        return Call(
            operation,
            prepared,
            bound.values,
            Masker((*bound.secrets, *prepared.secrets)) if prepared.secrets else bound.masker,
            self._clock.random,
            begin,
            operation.retry.over(self._retry) if self._retry else operation.retry,
            self._queues[connector],
            timeout,
            grant=bound.grant,
        )

    @staticmethod
    def _as_mapping(module: ModuleSpec, inputs: Mapping[str, Any] | None) -> Mapping[str, Any]:
        if inputs is None:
            return {}
        if not isinstance(inputs, Mapping):
            raise InputInvalid(module.full_name, (Problem("", f"the inputs are a mapping, not {kind_of(inputs)}"),))
        return inputs

    def execute(self, name: str, inputs: Mapping[str, Any] | None, **choices: Any) -> Life:
        """Return the life of a call to its end."""
        call = self._call(name, inputs, **choices)
        return self._watchers.over(call, life.execute(call))

    def stream(self, name: str, inputs: Mapping[str, Any] | None, **choices: Any) -> Life:
        """Return the life of a call that emits the deltas of a stream.

        Raises:
            InputInvalid: the operation does not stream.
        """
        call = self._call(name, inputs, streamed=True, **choices)
        _must_stream(call)
        return self._watchers.over(call, life.stream(call))

    def items(
        self, name: str, inputs: Mapping[str, Any] | None, resume: str | None, **choices: Any
    ) -> tuple[Life, Call, str]:
        """Return the life of a call that emits the bundles of a search; the call, and the mark of its resume tokens.

        Raises:
            InputInvalid: the operation is no search, or the token is one of something else.
        """
        call = self._call(name, inputs, **choices)
        marked = mark(call, inputs)
        if resume is not None:
            call.position = read_token(resume, call, marked)
        _must_search(call)
        return self._watchers.over(call, life.items(call)), call, marked

    def sign_in(self, redirect_uri: str | None, live: Callable[[Life], Any]) -> SignIn:
        """See `Client.sign_in`; `live` lives a life to its end.

        Raises:
            ConnectionInvalid: nobody signs in to that connector.
            ValueError: neither the connector nor the caller says where the browser comes back to.
        """
        from koppling.client.sign_in import SignIn

        if self._connection is None:
            raise ValueError("a sign-in is one of a connection; make the client with one")
        name = self._connection.connector
        grant = self._bind(name).grant
        if grant is None or grant.oauth.grant != "authorization_code":
            raise ConnectionInvalid(name, f"nobody signs in to {name}: its `auth` is no authorization code of OAuth 2")
        if redirect_uri is None and urlsplit(grant.oauth.redirect).port in {None, 0}:
            raise ValueError("redirect_uri is needed: where the browser comes back to")
        return SignIn(self._begun(grant.endpoint, Prepared({}, []), None, None), grant, redirect_uri, live)

    def adapt(self, name: str, inputs: Mapping[str, Any], inputs_of: int, as_of: Day) -> dict[str, Any]:
        """See `Client.adapt`."""
        return self._specs.adapt(name, inputs, inputs_of, self.day(as_of))

    def render(self, name: str, inputs: Mapping[str, Any] | None, *, stream: bool, **choices: Any) -> Request:
        """See `Client.render`."""
        call = self._call(name, inputs, streamed=stream, **choices)
        if stream:
            _must_stream(call)
        return call.render()

    def trace(
        self, name: str, inputs: Mapping[str, Any] | None, *, stream: bool, extra: Extra | None, as_of: Day
    ) -> Trace:
        """See `Client.trace`."""
        from koppling.client.tracing import traced

        day = self.day(as_of)
        operation, given = self._chosen(name, inputs, day, streamed=stream)
        prepared, problems = operation.inputs.examine(
            given, extra=self._extra if extra is None else extra, day=day, files=self._files
        )
        call = self._begun(operation, prepared, as_of, None)
        if stream:
            _must_stream(call)
        said = (*_deprecations(operation, day), *prepared.warnings)
        return traced(call, given, problems, said, streamed=stream)


@lru_cache(maxsize=1)
def _iso_day(number: float) -> str:
    """Return the ISO day in UTC of so many days since 1970."""
    return datetime.fromtimestamp(number * 86_400, UTC).date().isoformat()


def _callers() -> int:
    """Return how many frames up from where this is called the first line of somebody else's stands."""
    level, frame = 1, sys._getframe(1)  # noqa: SLF001  (what `warnings` itself looks at)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "koppling":
        level, frame = level + 1, frame.f_back
    return level


def _deprecations(chosen: Operation, day: str) -> Iterator[str]:
    module, operation = chosen.module, chosen.spec
    if module.lifecycle.state(day) == "deprecated":
        yield f"{module.full_name} is {module.lifecycle.told(day)}"
    if operation.lifecycle.state(day) == "deprecated":
        yield f"{module.full_name}, operation {operation.name}, is {operation.lifecycle.told(day)}"


def _must_stream(call: Call) -> None:
    """Refuse a call whose operation does not stream."""
    if call.operation.stream is None:
        raise _cannot(call, "this operation does not stream; use execute() or items()")


def _must_search(call: Call) -> None:
    """Refuse a call whose operation is no search."""
    if not call.operation.is_search:
        raise _cannot(call, "this operation gives one bundle, not a list; use execute()")


def _cannot(call: Call, message: str) -> InputInvalid:
    return InputInvalid(call.operation.module.full_name, (Problem("", message),))
