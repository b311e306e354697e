"""Spans and metrics of calls, for whoever has OpenTelemetry's API in the process; nothing here loads it by itself.

A call is a span: of the conventions for generative AI where its spec says what it does (`telemetry`), of our own else.
Each request is a span under it, by the conventions for HTTP clients. Bodies are never told, addresses only masked.

https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client
https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/
"""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from opentelemetry import metrics, trace
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer

from koppling import __version__
from koppling.call import Call
from koppling.effects import NoAnswer, Reply
from koppling.errors import ApiError, TransportError
from koppling.model import Request, Result

# Every name that goes out, in one place.
NAMES: Final = {
    "method": "http.request.method",
    "url": "url.full",
    "host": "server.address",
    "port": "server.port",
    "status": "http.response.status_code",
    "resent": "http.request.resend_count",
    "error": "error.type",
    "operation": "gen_ai.operation.name",
    "provider": "gen_ai.provider.name",
    "request_model": "gen_ai.request.model",
    "response_model": "gen_ai.response.model",
    "response_id": "gen_ai.response.id",
    "input_tokens": "gen_ai.usage.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "token_type": "gen_ai.token.type",
    "module": "koppling.module",
    "module_operation": "koppling.operation",
}
_TOKENS: Final = {"input_tokens": "input", "output_tokens": "output"}
_FAILED: Final = 400
_PORTS: Final = {"http": 80, "https": 443}


class Meters:
    """The instruments: `http.client.request.duration`, `gen_ai.client.operation.duration`, `….token.usage`."""

    def __init__(self) -> None:
        meter = metrics.get_meter("koppling", __version__)
        self.request = meter.create_histogram("http.client.request.duration", "s", "Duration of HTTP client requests.")
        self.operation = meter.create_histogram("gen_ai.client.operation.duration", "s", "GenAI operation duration.")
        self.tokens = meter.create_histogram(
            "gen_ai.client.token.usage", "{token}", "Number of input and output tokens used."
        )


@lru_cache(maxsize=1)
def _meters(_provider: Any) -> Meters:
    return Meters()


class Telemetry:
    """The spans of one call."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._names = call.operation.telemetry
        self._tracer: Tracer = trace.get_tracer("koppling", __version__)
        self._meters = _meters(metrics.get_meter_provider())
        self._began = time.perf_counter()
        self._request: Span | None = None
        self._told: dict[str, Any] = {}  # of the request under way
        self._sent, self._resent = 0.0, 0
        self._shared = self._attributes()
        self._span = self._tracer.start_span(
            self._title(), kind=SpanKind.CLIENT, attributes=self._shared | self._of_module()
        )

    def _attributes(self) -> dict[str, Any]:
        names = self._names
        found = {
            "operation": names.operation,
            "provider": names.provider if names.operation else None,
            "request_model": names.asked(self._call.prepared.values) if names.operation else None,
        }
        return {NAMES[key]: self._call.masker.text(value) for key, value in found.items() if value is not None}

    def _of_module(self) -> dict[str, Any]:
        operation = self._call.operation
        found = {NAMES["module"]: operation.module.full_name}
        return found if operation.spec.name is None else {**found, NAMES["module_operation"]: operation.spec.name}

    def _title(self) -> str:
        if self._names.operation is None:
            return self._call.operation.module.full_name
        model = self._shared.get(NAMES["request_model"])
        return f"{self._names.operation} {model}" if model else self._names.operation

    def sends(self, request: Request) -> None:
        """Begin the span of a request."""
        self._end_request()
        parts = urlsplit(request.url)
        where: dict[str, Any] = {
            NAMES["host"]: parts.hostname or "",
            NAMES["port"]: parts.port or _PORTS.get(parts.scheme, 0),
        }
        url = self._call.masker.text(request.url)
        # What follows a failure is the same request once more; what follows a success is another page or poll.
        self._resent = self._resent + 1 if NAMES["error"] in self._told else 0
        resent = {NAMES["resent"]: self._resent} if self._resent else {}
        self._told = {NAMES["method"]: request.method, **where}
        self._request = self._tracer.start_span(
            request.method,
            trace.set_span_in_context(self._span),
            SpanKind.CLIENT,
            {**self._told, NAMES["url"]: url, **resent},
        )
        self._span.set_attributes(where)
        self._sent = time.perf_counter()

    def answered(self, reply: Reply) -> None:
        """Note the status; a body that is read piece by piece keeps the span open."""
        self._tell({NAMES["status"]: reply.status})
        if reply.status >= _FAILED:
            self._fail(str(reply.status))
        if reply.body is not None:
            self._end_request()

    def failed(self, failure: NoAnswer) -> None:
        """Note why there is no answer."""
        self._fail(failure.reason)
        self._end_request()

    def _tell(self, attributes: dict[str, Any]) -> None:
        self._told |= attributes
        if self._request is not None:
            self._request.set_attributes(attributes)

    def _fail(self, kind: str) -> None:
        self._tell({NAMES["error"]: kind})
        if self._request is not None:
            self._request.set_status(StatusCode.ERROR)

    def _end_request(self) -> None:
        request, self._request = self._request, None
        if request is not None:
            self._meters.request.record(time.perf_counter() - self._sent, self._told)
            request.end()

    def ended(self, result: Result | None, error: BaseException | None) -> None:
        """End what is open, and tell what the call came to."""
        self._end_request()
        told = dict(self._shared)
        answer = self._call.last
        if answer is not None and self._names.operation is not None:
            found = self._names.told(answer.body, answer.roots)
            found = {key: self._call.masker.text(value) for key, value in found.items()}
            self._span.set_attributes({NAMES[f"response_{key}"]: value for key, value in found.items()})
            if "model" in found:
                told[NAMES["response_model"]] = found["model"]
        usage = (result.usage if result is not None else None) or {}
        used = {key: usage[key] for key in _TOKENS if key in usage}
        self._span.set_attributes({NAMES[key]: value for key, value in used.items()})
        if error is not None:
            kind = _kind(error)
            told[NAMES["error"]] = kind
            self._span.set_attribute(NAMES["error"], kind)
            message = error.message if isinstance(error, ApiError | TransportError) else kind
            self._span.set_status(StatusCode.ERROR, self._call.masker.text(message))
        if self._names.operation is not None:
            self._meters.operation.record(time.perf_counter() - self._began, told)
            for key, value in used.items():
                self._meters.tokens.record(value, {**told, NAMES["token_type"]: _TOKENS[key]})
        self._span.end()


def _kind(error: BaseException) -> str:
    """Return the few words that tell errors apart: our kind, the network's reason, or the class."""
    if isinstance(error, ApiError):
        return error.kind
    return error.reason if isinstance(error, TransportError) else type(error).__qualname__
