"""A client that is closed sends nothing any more, and says so."""

import asyncio

import httpx
import pytest
from acme import SECRET, SPEC

import koppling

CONNECTION = koppling.Connection("acme", api_key=SECRET)
CLOSED = "this client is closed, and sends nothing any more"


class Transport(httpx.MockTransport):
    """Answers with a page that has another one after it, and notes whether it is closed."""

    def __init__(self):
        super().__init__(self._answer)
        self.asked, self.closed = 0, False

    def _answer(self, _request):
        self.asked += 1
        return httpx.Response(200, json={"data": [{"id": self.asked}], "has_more": True})

    def close(self):
        self.closed = True

    async def aclose(self):
        self.closed = True


def test_a_closed_client_refuses_to_send():
    transport = Transport()
    with koppling.Client(CONNECTION, SPEC, transport) as client:
        items = client.items("acme.list_things")
        assert next(items)["id"] == 1
    for send in (
        lambda: next(items),
        lambda: client.execute("acme.list_things", {"limit": 1}),
        lambda: next(client.items("acme.list_things")),
        lambda: next(client.stream("acme.make_thing", {"name": "x"})),
    ):
        with pytest.raises(RuntimeError, match=CLOSED):
            send()
    assert (transport.asked, transport.closed) == (1, False)


def test_a_closed_async_client_refuses_to_send():
    transport = Transport()

    async def live():
        async with koppling.AsyncClient(CONNECTION, SPEC, transport) as client:
            items = client.items("acme.list_things")
            assert (await anext(items))["id"] == 1
        for send in (
            lambda: anext(items),
            lambda: client.execute("acme.list_things", {"limit": 1}),
            lambda: anext(client.items("acme.list_things")),
            lambda: anext(client.stream("acme.make_thing", {"name": "x"})),
        ):
            with pytest.raises(RuntimeError, match=CLOSED):
                await send()

    asyncio.run(live())
    assert (transport.asked, transport.closed) == (1, False)


def test_a_closed_client_still_does_what_sends_nothing():
    client = koppling.Client(CONNECTION, SPEC)
    client.close()
    client.close()
    assert client.render("acme.list_things").url == "http://acme.test/v1/things"
    with pytest.raises(koppling.InputInvalid):
        client.execute("acme.list_things", {"limit": 0})
