"""Observers see every exchange, see no secret, and change nothing."""

from __future__ import annotations

import functools
import logging
import sys

import httpx
import pytest
from watching_world import ANSWER, ASKED, EVENTS, SECRET, sse

import koppling


class Seen(list):
    def on_request(self, exchange):
        self.append(("sent", exchange))

    def on_response(self, exchange):
        self.append(("answered", exchange))

    @property
    def options(self):
        return {"on_request": self.on_request, "on_response": self.on_response}


def test_every_attempt_is_shown_before_and_after(world):
    seen = Seen()
    world.answers = [
        httpx.ConnectError("refused"),
        httpx.Response(200, json=ANSWER, headers={"x-request-id": "r1"}),
    ]
    world.call("execute", "acme.ask", ASKED, **seen.options)
    assert [(what, one.number, one.status, one.request_id) for what, one in seen] == [
        ("sent", 1, None, None),
        ("answered", 1, None, None),
        ("sent", 2, None, None),
        ("answered", 2, 200, "r1"),
    ]
    assert "refused" in seen[1][1].error
    last = seen[-1][1]
    assert (last.module, last.operation, last.method) == ("acme.ask@1", None, "POST")
    assert last.url == "https://api.acme.example/v1/ask?key=***"
    assert 0 <= last.seconds < 60


def test_every_page_is_an_exchange(world):
    seen = Seen()
    world.answers = [{"data": [1], "next": "b"}, {"data": [2]}]
    world.call("items", "acme.list_things", {"owner": "hush-hush-owner"}, **seen.options)
    assert [one.url for what, one in seen if what == "sent"] == [
        "https://api.acme.example/v1/things?key=***",
        "https://api.acme.example/v1/things?after=b&key=***",
    ]
    assert seen[0][1].headers["x-owner"] == "***"


def test_a_stream_that_breaks_off_is_shown_a_second_time(world):
    def body():
        yield b'data: {"text": "Be"}\n\n'
        raise httpx.ReadError("reset")

    async def abody():
        for one in body():
            yield one

    seen = Seen()
    world.answers = [httpx.Response(200, content=body() if world.kind == "sync" else abody())]
    with pytest.raises(koppling.TransportError):
        world.call("stream", "acme.ask", ASKED, **seen.options)
    assert [(what, one.status, bool(one.error)) for what, one in seen] == [
        ("sent", None, False),
        ("answered", 200, False),
        ("answered", 200, True),
    ]


def test_an_answer_that_is_too_large_is_shown_and_stays_an_error_of_the_call(world):
    seen = Seen()
    world.answers = [httpx.Response(200, content=b"x" * 100)]
    with pytest.raises(koppling.ApiError, match="larger than 10 bytes"):
        world.call("execute", "acme.ask", ASKED, max_body=10, **seen.options)
    assert [(what, one.status) for what, one in seen] == [("sent", None), ("answered", 200)]


def test_no_secret_is_shown_wherever_the_vendor_repeats_it(world):
    seen = Seen()
    echo = {"x-echo": f"key {SECRET}", "set-cookie": "session=abc", "x-request-id": SECRET}
    world.answers = [httpx.Response(200, json=ANSWER, headers=echo)]
    world.call("execute", "acme.ask", ASKED, **seen.options)
    assert SECRET not in repr(seen)
    assert seen[1][1].response_headers["set-cookie"] == "***"
    assert seen[1][1].request_id == "***"


def test_what_an_observer_raises_or_writes_changes_nothing(world, caplog):
    def spoil(exchange):
        exchange.headers.clear()
        raise RuntimeError("mine")

    calm, spoiled = Seen(), []
    for options in (calm.options, {"on_request": spoil, "on_response": spoil}):
        world.answers = [ANSWER]
        spoiled.append(world.call("execute", "acme.ask", ASKED, **options).output)
    assert spoiled == [{"text": "Because."}] * 2
    assert [one.message for one in caplog.records] == [
        "somebody who watches sends failed",
        "somebody who watches answered failed",
    ]


async def _awaited(exchange):
    """Wait for something."""


async def _gathered(exchange):
    yield exchange


def _generated(exchange):
    yield exchange


class Awaiting:
    async def see(self, exchange):
        """Wait for something."""

    __call__ = see


@pytest.mark.parametrize("make", [koppling.Client, koppling.AsyncClient])
@pytest.mark.parametrize("name", ["on_request", "on_response"])
@pytest.mark.parametrize(
    ("observer", "words"),
    [
        (3, "is a function of one Exchange, not an int"),
        (_awaited, "is a plain function, not an async one: it is called, and nobody awaits it"),
        (Awaiting().see, "is a plain function, not an async one"),
        (Awaiting(), "is a plain function, not an async one"),
        (functools.partial(_awaited), "is a plain function, not an async one"),
        (functools.partial(Awaiting()), "is a plain function, not an async one"),
        (_gathered, "is a plain function, not an async one"),
        (_generated, "is a plain function, not a generator"),
    ],
    ids=["number", "function", "method", "object", "partial", "partial-of-object", "async-generator", "generator"],
)
def test_an_observer_that_would_never_see_anything_is_refused(make, name, observer, words):
    with pytest.raises(TypeError, match=f"{name} {words}"):
        make(**{name: observer})


@pytest.mark.parametrize("wrapped", [lambda seen: seen.append, lambda seen: functools.partial(seen.append)])
def test_an_observer_is_whatever_can_be_called(world, wrapped):
    seen = []
    world.answers = [ANSWER]
    world.call("execute", "acme.ask", ASKED, on_response=wrapped(seen))
    assert [one.status for one in seen] == [200]


@pytest.mark.parametrize(
    ("level", "answers", "said"),
    [
        (logging.DEBUG, [ANSWER], ["acme.ask@1: POST https://api.acme.example/v1/ask?key=*** -> 200"]),
        (logging.INFO, [ANSWER], []),
        (
            logging.INFO,
            [httpx.Response(429, json={"error": f"slow down, {SECRET}"}), ANSWER],
            ["acme.ask@1: POST https://api.acme.example/v1/ask?key=*** -> 429"],
        ),
        (logging.WARNING, [httpx.Response(429, json={}), ANSWER], []),
    ],
)
def test_the_logger_is_told_what_its_level_asks_for(world, caplog, level, answers, said):
    caplog.set_level(level, "koppling")
    world.answers = list(answers)
    world.call("execute", "acme.ask", ASKED)
    found = [one.getMessage() for one in caplog.records if one.name == "koppling"]
    assert [one.partition(" in ")[0] for one in found] == said
    assert SECRET not in caplog.text


def test_a_program_that_does_not_log_loads_no_logging():
    import subprocess

    code = (
        "import sys, koppling, httpx\nbefore = 'logging' in sys.modules\n"
        "from koppling.client import watching\nassert 'opentelemetry' not in sys.modules\n"
        "print(before or 'logging' not in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "True\n"


@pytest.mark.parametrize(("what", "answer"), [("execute", ANSWER), ("stream", sse(EVENTS))])
def test_a_result_tells_what_the_call_used_in_numbers(world, what, answer):
    world.answers = [answer]
    assert world.call(what, "acme.ask", ASKED).usage == {"input_tokens": 3, "output_tokens": 2}


def test_a_vendor_that_tells_nothing_leaves_no_usage(world):
    world.answers = [{"text": "x"}]
    assert world.call("execute", "acme.ask", ASKED).usage is None
