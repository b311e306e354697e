"""Whatever a server says, our own connections end the call, show no secret, and never take a stray answer for one."""

from __future__ import annotations

import gc
import threading
from functools import partial

import pytest
from every_operation import OPERATIONS, often
from fault_worlds import sockets
from hostile_answers import answers_of
from hostile_wire import said
from hypothesis import event, given
from hypothesis import strategies as st
from living import WORLDS, Seen, check_shown, clock, facts_of, secrets_of, takes, ways
from server import FaultServer

import koppling

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

# The others have their address in the spec, and nothing goes there.
HERE = [one for one in OPERATIONS if one.addresses]
NO_MORE = ["read", {"answer": {"status": "404 Not Found", "body": {"error": {"message": "no more"}}}}]


@pytest.fixture(scope="module")
def server():
    """Return a server; when it is stopped, every client must have closed what it opened."""
    gc.collect()
    before = sockets(), set(threading.enumerate())
    server = FaultServer()
    yield server
    left = server.wait_until_left()
    server.stop()
    gc.collect()
    assert left, "connections that a client left open"
    assert (sockets() - before[0], set(threading.enumerate()) - before[1]) == (set(), set())


@pytest.mark.parametrize("operation", HERE, ids=str)
@given(data=st.data())
@often(2)
def test_a_call_ends_alike_in_threads_and_tasks_and_shows_no_secret(operation, data, server):
    inputs = data.draw(st.sampled_from(takes(operation)))
    secrets = secrets_of(operation, inputs)
    answers = data.draw(answers_of(operation, secrets))
    echo = data.draw(st.sampled_from(("", "x" * 25, "x" * 33))) + data.draw(st.sampled_from(secrets or ("nothing",)))
    script = [data.draw(said(one, echo)) for one in answers]
    how = data.draw(st.sampled_from(ways(operation)))
    at, ends = f"http://127.0.0.1:{server.port}/v1", []
    for world in WORLDS:
        server.play([*script, NO_MORE])
        seen = Seen()
        options = {"clock": clock(), **seen.observers}
        with seen.watching():
            end = world(partial(operation.client, None, at=at, **options), operation, inputs, how)
        check_shown(seen, end)
        assert not (isinstance(end, koppling.TransportError) and end.reason == "timeout"), end
        assert "smuggled" not in repr(facts_of(end)) + repr(seen.all(end))
        ends.append(facts_of(end))
    event(type(end).__name__)
    assert ends[0] == ends[1]
