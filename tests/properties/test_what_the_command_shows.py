"""Whatever the command prints, before a call, after it, of an error or a crash: no secret, however it is written."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from commanding import Command, Crash, Ran, name_of
from every_operation import CANARY, OPERATIONS, Operation, often
from hostile_answers import FORMS, answers_of
from hostile_wire import said
from hypothesis import event, given
from hypothesis import strategies as st
from living import secrets_of, takes
from server import FaultServer

SECRETIVE = [one for one in OPERATIONS if one.secret_inputs]
CONNECTORS = list({name_of(one): one for one in OPERATIONS if one.secrets}.values())  # one operation of each
WAYS = [
    ["run", "--dry-run"],
    ["explain"],
    ["run", "--dry-run", "--output", "json"],
    ["explain", "--format", "json"],
    ["run", "--dry-run", "--output", "yaml"],
]


def each(operations: list[Operation]) -> Any:
    return pytest.mark.parametrize("operation", operations, ids=str)


@pytest.fixture(scope="module")
def server():
    server = FaultServer()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def command(server, tmp_path_factory):
    """The command, with a connection stored for each connector."""
    command = Command(tmp_path_factory.mktemp("command"))
    command.store(f"http://127.0.0.1:{server.port}/v1")
    return command


def stream_of(operation: Operation) -> list[str]:
    return ["--stream"] if any("stream" in case for case in operation.plan["response"]) else []


@each(OPERATIONS)
def test_what_would_be_sent_is_shown_without_secrets(operation, command):
    inputs = itertools.cycle(takes(operation))
    for number, (way, *words) in enumerate(WAYS):
        given = command.words_of(next(inputs), ["words", "json", "yaml"][number % 3])
        ran = command.call(operation, way, *given, *words, *(stream_of(operation) if number % 2 else []))
        assert (ran.status, ran.leaks) == (0, []), ran.err
        assert "***" in ran.out or not operation.secrets


@each([one for one in OPERATIONS if one.addresses and one in (*CONNECTORS, *SECRETIVE)])
@given(data=st.data())
@often(8)
def test_an_error_shows_no_secret_whatever_the_vendor_says(operation, data, command, server):
    inputs = data.draw(st.sampled_from(takes(operation)))
    secrets = secrets_of(operation, inputs)
    answers = data.draw(answers_of(operation, secrets))
    echo = data.draw(st.sampled_from(secrets or ("nothing",)))
    server.play([*(data.draw(said(one, echo)) for one in answers), ["read", {"answer": {"status": "404 Not Found"}}]])
    stream = data.draw(st.sampled_from([[], stream_of(operation)]))
    ran = command.call(operation, "run", *command.words_of(inputs, "json"), *stream)
    event(str(ran.status))
    if ran.status:  # else it is an output, which is the vendor's
        assert (ran.leaks if not stream else Ran(ran.status, "", ran.err).leaks) == []


# Words with a secret that cannot be taken, by what is wrong with them.
WRONG: dict[str, Callable[[str, str], str]] = {
    "a list": lambda name, secret: f"{name}:={json.dumps([secret])}",
    "a map": lambda name, secret: f"{name}:={json.dumps({secret: {'a': secret}})}",
    "a long text": lambda name, secret: f"{name}:={json.dumps(secret + 'x' * 200)}",
    "a text": lambda name, secret: f"{name}={secret}",
    "no JSON": lambda name, secret: f"{name}:={secret}",
    "no JSON, and long": lambda name, secret: f"{name}:={'x' * 50}{secret}",
    "half of JSON": lambda name, secret: f'{name}:=["{secret}',
    "no file": lambda name, secret: f"{name}@{secret}",
    "no file of JSON": lambda name, secret: f"{name}:=@{secret}",
}


@each(SECRETIVE)
@pytest.mark.parametrize("wrong", WRONG)
def test_a_secret_input_that_cannot_be_taken_is_not_shown(operation, wrong, command):
    for name in operation.secret_inputs:
        rest = {key: one for key, one in takes(operation)[0].items() if key != name}
        for way, *more in WAYS[:4]:
            ran = command.call(operation, way, *command.words_of(rest, "words"), WRONG[wrong](name, CANARY), *more)
            assert ran.leaks == []
            assert ran.status in {0, 1}


@each(CONNECTORS)
@pytest.mark.parametrize("wrong", WRONG)
def test_a_secret_of_a_connection_has_no_place_among_the_words_of_a_command(operation, wrong, command):
    name = next(name for name, one in operation.connector.fields.items() if one.secret)
    words = ("connection", "add", operation.connector.name, WRONG[wrong](name, CANARY), "--specs", str(operation.root))
    ran = command.run(*words)
    assert (ran.leaks, ran.status > 0) == ([], True)


# Secrets that no request can carry, or that are no texts.
UNFIT = {
    "two lines": f"{CANARY}\r\nX-Evil: 1",
    "a letter that no header has": f"{CANARY}\u2603",
    "a long one": CANARY * 20,
    "a list": [CANARY],
    "a map": {CANARY: {"a": CANARY}},
}


@each(CONNECTORS)
@pytest.mark.parametrize("unfit", UNFIT.values(), ids=UNFIT)
def test_a_connection_that_cannot_be_used_is_refused_without_its_secrets(operation, unfit, command, tmp_path):
    secret = [name for name, one in operation.connector.fields.items() if one.secret]
    given = command.words_of(takes(operation)[0], "json")
    with command.connections_in(tmp_path):
        command.store_one(operation, "http://127.0.0.1:9/v1", **dict.fromkeys(secret, unfit))
        shown = [command.call(operation, way, *given, *more) for way, *more in WAYS[:2]]
    assert [one.leaks for one in shown] == [[], []]


# Where a command may break: in any function that it enters, for all that is known there.
@each([one for one in OPERATIONS if one in (*CONNECTORS, *SECRETIVE)])
@given(data=st.data())
@often(6)
def test_a_crash_anywhere_shows_no_secret(operation, data, command, server):
    server.play([["read", {"answer": {"body": {}}}]])
    words = command.words_of(takes(operation)[0], data.draw(st.sampled_from(["words", "json"])))
    way, *more = data.draw(st.sampled_from([*WAYS[:4], *([["run"]] if operation.addresses else [])]))
    with Crash(None) as counted:
        command.call(operation, way, *words, *more)
    at = data.draw(st.integers(0, 9_999)) * counted.entered // 10_000
    with Crash(at, data.draw(st.sampled_from(FORMS))) as crash:
        ran = command.call(operation, way, *words, *more, KOPPLING_DEBUG="1")
    event(str(ran.status))
    assert ran.leaks == [], crash.where
    # Where it could not be told what is secret, the fault would have no words.
    assert not re.search(r"a fault of Koppling itself: \w+$", ran.err, re.MULTILINE), crash.where
