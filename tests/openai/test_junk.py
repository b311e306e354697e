"""Whatever a vendor answers, a call ends with a result or with an error of ours."""

import json
import pickle
import random
import warnings
from contextlib import suppress

import httpx
import pytest
from openai_cases import SENDING, SPEC, connection

import koppling

KEYS = (
    "data",
    "error",
    "choices",
    "id",
    "message",
    "index",
    "usage",
    "delta",
    "b64_json",
    "has_more",
    "type",
    "status",
    "text",
)
HEADERS = (
    "retry-after",
    "retry-after-ms",
    "link",
    "location",
    "content-type",
    "content-disposition",
    "x-request-id",
    "content-encoding",
)
VALUES = (
    "", "0", "-5", "nan", "1e400", "9" * 30, "<a>; rel=next", '<http://evil.test/>; rel="next"', "/x", "//evil.test", "http://[",
    "application/json", "text/event-stream", "text/plain; charset=bogus", "text/plain; charset=utf-16", "gzip", "é",
    'attachment; filename="../../x"',
)  # fmt: skip
STATUSES = (200, 200, 200, 202, 204, 206, 299, 301, 307, 400, 429, 500, 599)


class Junk:
    """A vendor who mixes up what the examples show."""

    def __init__(self, seed):
        self.dice = random.Random(seed)  # noqa: S311  (junk, not secrets)

    def value(self, depth=0):
        kind = self.dice.randrange(12 if depth < 3 else 10)
        if kind == 10:
            return [self.value(depth + 1) for _ in range(self.dice.randrange(4))]
        if kind == 11:
            return {self.dice.choice(KEYS): self.value(depth + 1) for _ in range(self.dice.randrange(5))}
        return (None, True, 0, -1, 1.5, "", "x", "\0å木", [], {})[kind]

    def mixed(self, value):
        if self.dice.random() < 0.25:
            return self.value()
        if isinstance(value, dict):
            return {key: self.mixed(one) for key, one in value.items() if self.dice.random() > 0.1}
        return [self.mixed(one) for one in value] if isinstance(value, list) else value

    def answers(self, example):
        asked = 0

        def answer(_request):
            nonlocal asked
            asked += 1
            if asked > 20:
                return httpx.Response(400)
            stated = self.dice.choice([one.response for one in example.exchanges])
            headers = [
                (name, self.dice.choice(VALUES).encode()) for name in self.dice.sample(HEADERS, self.dice.randrange(3))
            ]
            if "events" in stated:
                texts = [one if isinstance(one, str) else json.dumps(self.mixed(one)) for one in stated["events"]]
                body = "".join(f"data: {text}\n\n" for text in texts).encode()
                headers.append(("content-type", b"text/event-stream"))
            else:
                body = json.dumps(self.mixed(stated.get("json", self.value()))).encode()
            if self.dice.random() < 0.1:
                body = self.dice.randbytes(40)
            status = self.dice.choice((*STATUSES, stated.get("status", 200)))
            return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))

        return answer


@pytest.mark.parametrize("seed", range(12))
def test_no_answer_makes_anything_but_a_result_or_an_error_of_ours(seed):
    junk, ends = Junk(seed), {True: 0, False: 0}
    now = iter(range(1_700_000_000, 2_000_000_000, 50))
    clock = koppling.Clock(now=lambda: float(next(now)), sleep=lambda _: None)
    for _ in range(120):
        example = junk.dice.choice(SENDING)
        client = koppling.Client(
            connection(), SPEC, httpx.MockTransport(junk.answers(example)), as_of=example.as_of, clock=clock
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            try:
                with suppress(koppling.InputInvalid):  # what does not stream says so
                    client.stream(example.module_name, example.inputs).result()
                client.execute(example.module_name, example.inputs)
                ends[True] += 1
            except koppling.KopplingError as error:
                ends[False] += str(pickle.loads(pickle.dumps(error))) == str(error)
    assert sum(ends.values()) == 120
    assert all(ends.values())
