"""Whatever a vendor answers, a call ends with a result or an error of ours, asks one origin, and shows no secret."""

from __future__ import annotations

import json
import warnings
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from every_operation import CANARY, OPERATIONS, Operation, often
from hostile_answers import WAITS, Vendor, answers_of
from hypothesis import event, given
from hypothesis import strategies as st
from leaking import in_request, leaks, shown
from living import SPANS, WORLDS, Seen, check_shown, clock, facts_of, secrets_of, takes, ways
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

import koppling

# Deprecated operations are called as well.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

EVERY = pytest.mark.parametrize("operation", OPERATIONS, ids=str)


@pytest.fixture(autouse=True, scope="module")
def _spans():
    """Have spans kept here, and leave the process as it was: a provider can be set once, and other tests set theirs."""
    before = trace._TRACER_PROVIDER
    trace._TRACER_PROVIDER = provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(SPANS))
    yield
    trace._TRACER_PROVIDER = before


@EVERY
@given(data=st.data())
@often(5)
def test_a_call_ends_asks_one_origin_and_shows_no_secret(operation, data):
    inputs = data.draw(st.sampled_from(takes(operation)))
    answers = data.draw(answers_of(operation, secrets_of(operation, inputs)))
    how = data.draw(st.sampled_from(ways(operation)))
    ends = [called(world, operation, inputs, answers, how) for world in WORLDS]
    event(type(ends[0]).__name__)
    assert facts_of(ends[0]) == facts_of(ends[1])


def called(world: Any, operation: Operation, inputs: dict[str, Any], answers: list[Any], how: str = "execute") -> Any:
    """Return what a call comes to that is answered so; see where it was sent, and what was shown of it."""
    vendor, seen, base = Vendor(answers), Seen(), urlsplit(operation.base)
    options = {"clock": clock(), **seen.observers}
    with seen.watching():
        end = world(partial(operation.client, httpx.MockTransport(vendor.handle), **options), operation, inputs, how)
    for request in vendor.asked:
        assert (request.url.scheme, request.url.host, request.url.port) == (base.scheme, base.hostname, base.port)
    check_shown(seen, end)
    return end


@pytest.mark.parametrize("world", WORLDS)
def test_what_was_told_of_a_job_that_is_lost_is_kept_without_secrets(world):
    operation = next(one for one in OPERATIONS if str(one) == "examples-acme.order_things@1")
    job = {"state": "packed", "by": operation.secrets[0]}
    answer = {"status": 202, "headers": [], "body": json.dumps(job).encode()}
    assert called(world, operation, {"ids": []}, [answer]).partial == {"state": "packed", "by": "***"}


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("wait", WAITS)
def test_whatever_a_vendor_writes_of_a_rate_limit_the_next_attempt_waits_as_a_clock_can(world, wait):
    operation = next(one for one in OPERATIONS if str(one) == "openai.get_models@1-list")
    told = dict.fromkeys(operation.told_of_limits, "0") | {"x-ratelimit-reset-requests": wait}
    headers = [(name.encode(), value.encode()) for name, value in told.items()]
    busy = {"status": 429, "headers": headers, "body": b"{}"}
    assert len(called(world, operation, operation.chosen, [busy] * 2).attempts) == 3


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
