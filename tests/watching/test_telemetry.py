"""What OpenTelemetry is told, read from its own in-memory exporter and reader."""

from __future__ import annotations

import httpx
import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from opentelemetry.semconv.attributes import error_attributes, http_attributes, server_attributes, url_attributes
from opentelemetry.trace import SpanKind, StatusCode
from watching_world import ANSWER, ASKED, EVENTS, SECRET, sse

import koppling
from koppling.client.telemetry import NAMES

SPANS, METRICS = InMemorySpanExporter(), InMemoryMetricReader()


@pytest.fixture(autouse=True, scope="module")
def _providers():
    tracing = TracerProvider()
    tracing.add_span_processor(SimpleSpanProcessor(SPANS))
    trace.set_tracer_provider(tracing)
    metrics.set_meter_provider(MeterProvider([METRICS]))


@pytest.fixture
def spans():
    SPANS.clear()
    return lambda: sorted(SPANS.get_finished_spans(), key=lambda one: one.start_time)


def points(name):
    data = METRICS.get_metrics_data()
    found = [one for resource in data.resource_metrics for scope in resource.scope_metrics for one in scope.metrics]
    return [
        (dict(point.attributes), point.count) for one in found if one.name == name for point in one.data.data_points
    ]


GEN = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "acme.ai", "gen_ai.request.model": "oak-1"}


@pytest.mark.parametrize(("what", "answer"), [("execute", ANSWER), ("stream", sse(EVENTS))])
def test_a_call_is_a_span_of_generative_ai_with_its_requests_under_it(world, spans, what, answer):
    world.answers = [httpx.Response(429, json={}), answer]
    world.call(what, "acme.ask", ASKED)
    call, *requests = spans()
    assert (call.name, call.kind, call.status.status_code) == ("chat oak-1", SpanKind.CLIENT, StatusCode.UNSET)
    assert call.attributes == GEN | {
        "koppling.module": "acme.ask@1",
        "server.address": "api.acme.example",
        "server.port": 443,
        "gen_ai.response.model": "oak-1-may",
        "gen_ai.response.id": "a1",
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 2,
    }
    shared = {
        "http.request.method": "POST",
        "server.address": "api.acme.example",
        "server.port": 443,
        "url.full": "https://api.acme.example/v1/ask?key=***",
    }
    assert [(one.name, one.kind, dict(one.attributes)) for one in requests] == [
        ("POST", SpanKind.CLIENT, {**shared, "http.response.status_code": 429, "error.type": "429"}),
        ("POST", SpanKind.CLIENT, {**shared, "http.response.status_code": 200, "http.request.resend_count": 1}),
    ]
    assert {one.parent.span_id for one in requests} == {call.context.span_id}
    assert all(one.end_time <= call.end_time for one in requests)


def test_a_call_stands_under_the_span_that_its_caller_is_in(world, spans):
    world.answers = [ANSWER]
    with trace.get_tracer("theirs").start_as_current_span("theirs"):
        world.call("execute", "acme.ask", ASKED)
    theirs, call, _ = spans()
    assert call.parent.span_id == theirs.context.span_id


@pytest.mark.parametrize(
    ("answers", "kind", "last"),
    [
        ([httpx.Response(400, json={"error": f"no, {SECRET}"})], "data", "400"),
        ([httpx.ReadTimeout("slow")], "timeout", "timeout"),
    ],
)
def test_an_error_marks_both_spans_and_shows_no_secret(world, spans, answers, kind, last):
    world.answers = list(answers)
    with pytest.raises(koppling.KopplingError):
        world.call("execute", "acme.ask", ASKED)
    call, request = spans()
    assert (call.status.status_code, call.attributes["error.type"]) == (StatusCode.ERROR, kind)
    assert (request.status.status_code, request.attributes["error.type"]) == (StatusCode.ERROR, last)
    assert SECRET not in call.to_json() + request.to_json()


def test_a_module_that_says_nothing_of_generative_ai_is_a_span_of_its_name(world, spans):
    world.answers = [{"data": [1], "next": "b"}, {"data": [2]}]
    world.call("items", "acme.list_things", {})
    call, request, page = spans()
    assert (call.name, call.attributes["koppling.module"]) == ("acme.list_things@1", "acme.list_things@1")
    assert not [name for name in call.attributes if name.startswith("gen_ai.")]
    assert request.name == page.name == "GET"
    assert "http.request.resend_count" not in page.attributes


@pytest.mark.parametrize("world", ["sync"], indirect=True)
def test_a_stream_that_is_left_early_ends_its_spans(spans, world):
    world.answers = [sse(EVENTS)]
    client = koppling.Client(transport=httpx.MockTransport(world._handle), **world._options({}))
    with client, client.stream("acme.ask", ASKED) as stream:
        next(stream)
    assert [one.status.status_code for one in spans()] == [StatusCode.UNSET] * 2


def test_the_metrics_are_those_of_the_conventions(world):
    world.answers = [ANSWER]
    world.call("execute", "acme.ask", ASKED)
    told = {**GEN, "gen_ai.response.model": "oak-1-may"}
    assert told in [attributes for attributes, _ in points("gen_ai.client.operation.duration")]
    assert {one["gen_ai.token.type"] for one, _ in points("gen_ai.client.token.usage")} == {"input", "output"}
    methods = [one for one, _ in points("http.client.request.duration")]
    assert {"http.request.method": "POST", "server.address": "api.acme.example", "server.port": 443, "http.response.status_code": 200} in methods  # fmt: skip


def test_every_name_but_our_own_is_one_of_the_conventions():
    known = {
        value
        for page in (gen_ai_attributes, error_attributes, http_attributes, server_attributes, url_attributes)
        for value in vars(page).values()
        if isinstance(value, str)
    } | {"http.request.resend_count"}
    assert {name for name in NAMES.values() if not name.startswith("koppling.")} <= known
