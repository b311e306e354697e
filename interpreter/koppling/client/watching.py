"""Who watches a call, and what they are told. Nobody who watches can change anything, nor break it.

Observers are told what was sent and answered, secrets masked; the logger `koppling` is told where logging is in use;
OpenTelemetry where its API is (`koppling.client.telemetry`). A call that nobody watches runs without any of this.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from koppling.call import Call
from koppling.client.arguments import check_observer
from koppling.effects import Life, NoAnswer, Read, Reply, Send, TooLarge
from koppling.model import Request, Result

if TYPE_CHECKING:
    import logging

LOGGER: Final = "koppling"
# What an answer's headers may hold of a session, which no connection declares as its secret.
_COOKIES: Final = frozenset({"set-cookie", "set-cookie2"})


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request, and what came of it; what is secret stands as `***`.

    `number` counts the requests of the call from 1. Until there is an answer `status`, `response_headers` and
    `request_id` are None. `seconds` is the time until the answer's head. `error` says why there is no answer, or no
    more of it: an answer whose body breaks off is shown a second time.
    """

    module: str
    operation: str | None
    number: int
    method: str
    url: str
    headers: dict[str, str]
    status: int | None = None
    response_headers: dict[str, str] | None = None
    request_id: str | None = None
    seconds: float | None = None
    error: str | None = None


Observer = Callable[[Exchange], object]


class Watcher(Protocol):
    """Is told what a call does, as it happens."""

    def sends(self, request: Request) -> None:
        """Take note of a request that is about to be sent."""

    def answered(self, reply: Reply) -> None:
        """Take note of an answer, of which there may be more to read."""

    def failed(self, failure: NoAnswer) -> None:
        """Take note that there is no answer, or no more of it."""

    def ended(self, result: Result | None, error: BaseException | None) -> None:
        """Take note of the end: a result, an error, or neither where the call was left early."""


def watched(life: Life, watchers: tuple[Watcher, ...]) -> Life:
    """Live a call and tell what it does. Every effect passes through unchanged."""
    value: Any = None
    fault: NoAnswer | TooLarge | None = None
    try:
        while True:
            step = life.send(value) if fault is None else life.throw(fault)
            value = fault = None
            if type(step) is Send:
                _tell(watchers, "sends", step.request)
            try:
                value = yield step
            except NoAnswer as failure:
                fault = failure
                if isinstance(step, Send | Read):
                    _tell(watchers, "failed", failure)
            except TooLarge as failure:
                fault = failure
                _tell(watchers, "answered", failure.reply)
            else:
                if type(step) is Send:
                    _tell(watchers, "answered", value)
    except StopIteration as stop:
        _tell(watchers, "ended", stop.value, None)
        return stop.value
    except GeneratorExit:
        life.close()
        _tell(watchers, "ended", None, None)
        raise
    except BaseException as error:
        _tell(watchers, "ended", None, error)
        raise


def _tell(watchers: tuple[Watcher, ...], what: str, *told: Any) -> None:
    for watcher in watchers:
        try:
            getattr(watcher, what)(*told)
        except Exception:  # a fault of who watches is theirs alone
            import logging

            logging.getLogger(LOGGER).warning("somebody who watches %s failed", what, exc_info=True)


class Watchers:
    """Finds out who watches a client's calls.

    Raises:
        TypeError: an observer is none.
    """

    def __init__(self, on_request: Observer | None, on_response: Observer | None) -> None:
        check_observer("on_request", on_request)
        check_observer("on_response", on_response)
        self._on_request, self._on_response = on_request, on_response
        self._logger: logging.Logger | None = None

    def over(self, call: Call, life: Life) -> Life:
        """Return the life of a call, watched where somebody watches."""
        watchers = tuple(self._of(call))
        return watched(life, watchers) if watchers else life

    def _of(self, call: Call) -> Iterator[Watcher]:
        modules = sys.modules
        if self._on_request is not None or self._on_response is not None:
            yield _Observing(call, self._on_request, self._on_response)
        if self._logger is None and "logging" in modules:
            self._logger = modules["logging"].getLogger(LOGGER)
        if self._logger is not None and self._logger.isEnabledFor(_INFO):
            yield _Observing(call, None, _Log(self._logger))
        if "opentelemetry.trace" in modules or "opentelemetry.metrics" in modules:
            from koppling.client.telemetry import Telemetry

            yield Telemetry(call)


class _Observing:
    """Shows each exchange of a call to observers."""

    def __init__(self, call: Call, on_request: Observer | None, on_response: Observer | None) -> None:
        self._call, self._on_request, self._on_response = call, on_request, on_response
        self._number, self._began = 0, 0.0
        self._now: Exchange | None = None

    def sends(self, request: Request) -> None:
        call, mask = self._call, self._call.masker.text
        self._number += 1
        self._now = Exchange(
            call.operation.module.full_name,
            call.operation.spec.name,
            self._number,
            request.method,
            mask(request.url),
            {name: mask(value) for name, value in request.headers.items()},
        )
        if self._on_request is not None:
            self._on_request(self._shown())
        self._began = time.perf_counter()

    def answered(self, reply: Reply) -> None:
        mask = self._call.masker.text
        identity = self._call.operation.errors.request_id(reply.headers)
        self._end(
            status=reply.status,
            response_headers={
                mask(name): "***" if name in _COOKIES else mask(value) for name, value in reply.headers.items()
            },
            request_id=None if identity is None else mask(identity),
        )

    def failed(self, failure: NoAnswer) -> None:
        self._end(error=self._call.masker.text(str(failure)))

    def ended(self, result: Result | None, error: BaseException | None) -> None:
        """Nothing of the end is an exchange."""

    def _end(self, **found: Any) -> None:
        assert self._now is not None  # noqa: S101  (nothing is answered that was not sent)
        if self._on_response is not None and self._now.error is None:
            seconds = self._now.seconds if self._now.seconds is not None else time.perf_counter() - self._began
            self._now = replace(self._now, seconds=seconds, **found)
            self._on_response(self._shown())

    def _shown(self) -> Exchange:
        """Return a copy of its own for each observer: what they do to it stays theirs."""
        assert self._now is not None  # noqa: S101  (as above)
        more = self._now.response_headers
        return replace(
            self._now, headers=dict(self._now.headers), response_headers=None if more is None else dict(more)
        )


_DEBUG, _INFO = 10, 20  # as in logging, which is not loaded for this


class _Log:
    """Writes an exchange to the log: a success at DEBUG, anything else at INFO."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger

    def __call__(self, seen: Exchange) -> None:
        fine = seen.status is not None and seen.status < 400  # noqa: PLR2004  (a status)
        if not self._logger.isEnabledFor(level := _DEBUG if fine else _INFO):
            return
        what = seen.error if seen.status is None else f"{seen.status}"
        self._logger.log(
            level,
            "%s: %s %s -> %s in %.0f ms%s",
            seen.module,
            seen.method,
            seen.url,
            what,
            (seen.seconds or 0) * 1000,
            f" ({seen.request_id})" if seen.request_id else "",
            extra={"koppling": seen},
        )
