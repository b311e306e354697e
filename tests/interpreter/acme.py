"""A connector of our own, a vendor that is a function, and a clock that nobody waits for: sleeping moves it, and is noted."""

from __future__ import annotations

from pathlib import Path

import httpx

import koppling

SPEC = Path(__file__).parent / "spec"
SECRET = "canary-5e7f-secret"


class Vendor:
    """Answers requests in order with what it is given; remembers what it was asked."""

    def __init__(self):
        self.requests: list[httpx.Request] = []
        self.answers: list[object] = []
        self.slept: list[float] = []
        self.now = 1_750_000_000.0

    def handle(self, request):
        request.read()
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            return answer(request)
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    def client(self, **options):
        connection = options.pop("connection", koppling.Connection("acme", api_key=SECRET))
        clock = koppling.Clock(now=lambda: self.now, sleep=self._sleep, random=lambda: 1.0)
        return koppling.Client(connection, SPEC, httpx.MockTransport(self.handle), clock=clock, **options)

    def _sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds
