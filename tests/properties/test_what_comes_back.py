"""Whatever a vendor answers, a call ends with a result or an error of ours, asks one origin, and shows no secret."""

from __future__ import annotations

import itertools
import logging
import pickle
import warnings
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from every_operation import CANARY, OPERATIONS, Operation, often
from hostile_answers import Vendor, answers_of, examples_of
from hostile_inputs import PLAIN, inputs_of
from hypothesis import event, given, settings
from hypothesis import strategies as st
from leaking import Watched, in_request, leaks, shown
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import koppling

# Deprecated operations are called as well.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

EVERY = pytest.mark.parametrize("operation", OPERATIONS, ids=str)
SPANS = InMemorySpanExporter()


@pytest.fixture(autouse=True, scope="module")
def _spans():
    """Have spans kept here, and leave the process as it was: a provider can be set once, and other tests set theirs."""
    before = trace._TRACER_PROVIDER
    trace._TRACER_PROVIDER = provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(SPANS))
    yield
    trace._TRACER_PROVIDER = before


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
    shown = [one.inputs for one in examples_of(operation) if operation.chosen.items() <= one.inputs.items()]
    secret = [{**one, **operation.secret_inputs} for one in (*made, *shown[:20])]
    return [one for one in secret if renders(one)] or [one for one in made if renders(one)]


def secrets_of(operation: Operation, inputs: dict[str, Any]) -> tuple[str, ...]:
    given = (inputs.get(name) for name in operation.secret_inputs)
    return (*operation.secrets, *(one for one in given if isinstance(one, str)))


def clock() -> koppling.Clock:
    now = iter(range(1_700_000_000, 2_000_000_000, 50))
    return koppling.Clock(now=lambda: float(next(now)), sleep=lambda _: None, random=lambda: 0.5)


def lived(client: koppling.Client, operation: Operation, inputs: dict[str, Any], how: str) -> Any:
    """Return what a call came to: its result, or the error of ours that it ended with."""
    try:
        if how == "execute":
            return client.execute(operation.module, inputs)
        if how == "stream":
            with client.stream(operation.module, inputs) as run:
                return list(run), run.result()
        with client.items(operation.module, inputs) as items:
            return list(itertools.islice(items, 60)), items.resume_token
    except koppling.KopplingError as error:
        return error


def ways(operation: Operation) -> list[str]:
    cases = operation.plan["response"]
    ways = [("stream", any("stream" in case for case in cases)), ("items", any("items" in case for case in cases))]
    return ["execute", *(way for way, there in ways if there)]


@EVERY
@given(data=st.data())
@often(6)
def test_a_call_ends_asks_one_origin_and_shows_no_secret(operation, data):
    inputs = data.draw(st.sampled_from(takes(operation)))
    vendor = Vendor(data.draw(answers_of(operation, secrets_of(operation, inputs))))
    watched = Watched(SPANS)
    root = logging.getLogger()
    level = root.level
    root.addHandler(watched)
    root.setLevel(logging.DEBUG)
    try:
        with (
            operation.client(
                httpx.MockTransport(vendor.handle),
                clock=clock(),
                on_request=watched.observe,
                on_response=watched.observe,
            ) as client,
            warnings.catch_warnings(record=True) as warned,
        ):
            warnings.simplefilter("always")
            end = lived(client, operation, inputs, data.draw(st.sampled_from(ways(operation))))
    finally:
        root.removeHandler(watched)
        root.setLevel(level)
    event(type(end).__name__)
    base = urlsplit(operation.base)
    for request in vendor.asked:
        assert (request.url.scheme, request.url.host, request.url.port) == (base.scheme, base.hostname, base.port)
    seen = watched.all() + [("warning", str(one.message)) for one in warned]
    if isinstance(end, koppling.KopplingError):
        assert str(pickle.loads(pickle.dumps(end))) == str(end)
        seen += shown(end)
    found = {where: leaked for where, text in seen if (leaked := leaks(text))}
    assert found == {}


@EVERY
def test_what_is_shown_before_anything_is_sent_shows_no_secret(operation):
    inputs = takes(operation)[0]
    with operation.client() as client, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        request, traced = client.render(operation.module, inputs), client.trace(operation.module, inputs)
    seen = [*in_request(request), ("trace", repr(traced)), ("leaves", repr(traced.leaves))]
    assert {where: leaked for where, text in seen if (leaked := leaks(text))} == {}


SECRETIVE = [one for one in OPERATIONS if any(field.get("secret") for field in one.plan["fields"].values())]


@pytest.mark.parametrize("operation", SECRETIVE, ids=str)
def test_a_secret_that_is_too_long_to_be_quoted_is_not_quoted_in_part(operation):
    fields = {name: one for name, one in operation.plan["fields"].items() if one.get("secret")}
    long = CANARY + "x" * 100
    wrong = {name: [long] if one.get("type") == "string" else long for name, one in fields.items()}
    with operation.client() as client, pytest.raises(koppling.InputInvalid) as caught:
        client.render(operation.module, {**takes(operation)[0], **wrong})
    assert {where: leaked for where, text in shown(caught.value) if (leaked := leaks(text))} == {}
