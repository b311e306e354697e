"""An iterator has one reader at a time: a second one is refused in words, and the first loses nothing."""

import asyncio
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import httpx
import pytest
from acme import SECRET, SPEC

import koppling

CONNECTION = koppling.Connection("acme", api_key=SECRET)
BUSY = "is reading this iterator already; a call has one reader at a time"
KINDS = pytest.mark.parametrize(
    ("begin", "given"),
    [
        (lambda client: client.items("acme.list_things"), [1, 2, 3, 4, 5, 6, 7, 8]),
        (lambda client: client.stream("acme.make_thing", {"name": "x"}), ["He", "j", "!"]),
    ],
    ids=["items", "stream"],
)


def answer(request):
    """Answer with a page of three, or with a stream of three events."""
    if request.method == "POST":
        events = "".join(f"data: {json.dumps({'text': text})}\n\n" for text in ("He", "j", "!")) + "data: [DONE]\n\n"
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=events.encode())
    start = int(request.url.params.get("after", 0))
    data = [{"id": number} for number in range(start + 1, min(start + 3, 8) + 1)]
    return httpx.Response(200, json={"data": data, "has_more": start + 3 < 8})


def shown(one):
    return one.get("id") or one.get("text")


@KINDS
def test_a_second_thread_is_refused_and_the_first_reads_to_the_end(begin, given):
    asked, go_on = Event(), Event()

    def slow(request):
        asked.set()
        assert go_on.wait(10)
        return answer(request)

    with ThreadPoolExecutor(1) as pool, koppling.Client(CONNECTION, SPEC, httpx.MockTransport(slow)) as client:
        iterator = begin(client)
        first = pool.submit(lambda: [shown(one) for one in iterator])
        assert asked.wait(10)
        for read in (lambda: next(iterator), lambda: list(iterator), iterator.result):
            with pytest.raises(RuntimeError, match=f"another thread {BUSY}"):
                read()
        go_on.set()
        assert first.result(10) == given
        assert list(iterator) == []
        assert iterator.result().attempts


@KINDS
def test_a_second_task_is_refused_and_the_first_reads_to_the_end(begin, given):
    async def live():
        asked, go_on = asyncio.Event(), asyncio.Event()

        async def slow(request):
            asked.set()
            await go_on.wait()
            return answer(request)

        async with koppling.AsyncClient(CONNECTION, SPEC, httpx.MockTransport(slow)) as client:
            iterator = begin(client)

            async def read():
                return [shown(one) async for one in iterator]

            first = asyncio.create_task(read())
            await asked.wait()
            for more in (lambda: anext(iterator), read, iterator.result):
                with pytest.raises(RuntimeError, match=f"another task {BUSY}"):
                    await more()
            go_on.set()
            assert await first == given
            assert await read() == []
            assert (await iterator.result()).attempts

    asyncio.run(live())


def test_of_threads_that_fall_over_each_other_each_bundle_reaches_one():
    """Whoever is refused tries again; whatever is given is given once, and the end is the end for all."""
    kept = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(20):
            with koppling.Client(CONNECTION, SPEC, httpx.MockTransport(answer)) as client:
                items, found = client.items("acme.list_things"), []

                def read(items=items, found=found):
                    while True:
                        try:
                            found.append(next(items)["id"])
                        except RuntimeError as refused:
                            assert BUSY in str(refused)  # noqa: PT017  (the others go on)
                        except StopIteration:
                            return

                with ThreadPoolExecutor(4) as pool:
                    for one in [pool.submit(read) for _ in range(4)]:
                        one.result(10)
                assert sorted(found) == list(range(1, 9))
    finally:
        sys.setswitchinterval(kept)
