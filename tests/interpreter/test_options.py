"""The values of dynamic selects: picked as the spec says, kept as long as it says, for one client alone."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from acme import SECRET

import koppling

CONNECTOR = """koppling: 1
name: acme
title: Acme
version: 1.0.0
connection: {fields: {api_key: {type: string, secret: true}}, required: [api_key]}
auth: {bearer: "${connection.api_key}"}
request: {base_url: "http://acme.test/"}
retry: {attempts: 1}
"""

LIST = """name: list_paints
version: 1.0.0
kind: search
title: Paints
fields: {kind: {type: string}}
request: {path: /paints, query: {kind: "${input.kind}"}}
response: {items: data}
"""

PAINT = """name: paint
version: 1.0.0
title: Paint
fields:
  name: {type: string}
  plain: {type: string, options: {module: list_paints}}
  colour: {type: string, options: {module: list_paints, inputs: {kind: gloss}, value: id, label: name}}
  kept: {type: string, options: {module: list_paints, inputs: {kind: gloss}, value: id, cache: 60}}
  kept_longer: {type: string, options: {module: acme.list_paints@1, inputs: {kind: gloss}, value: id, label: name, where: "wet == `true`", cache: 600}}
  dated:
    type: string
    options: {module: list_paints, value: id, label: name}
    values: {red: {title: Signal red}, lead: {retired: 2020-01-01}, blue: {deprecated: 2020-01-01}}
  closed: {options: {module: list_paints, value: id}, values: {red: {title: Red}, lead: {retired: 2020-01-01}}}
request: {method: POST, path: /paint, json: {}}
"""

ROOM = """name: room
version: 1.0.0
title: Room
select: {field: action}
operations:
  make: {fields: {wall: {type: string, options: {module: list_paints, value: id}}}, request: {path: /make}}
  drop: {fields: {id: {type: string}}, request: {path: /drop}}
"""

PAINTS = [
    {"id": "red", "name": "Red", "wet": True},
    {"id": "blue", "name": None, "wet": False},
    {"id": "lead", "name": "White lead"},
    {"name": "nameless", "wet": True},
]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "acme" / "modules").mkdir(parents=True)
    (tmp_path / "acme" / "connector.yaml").write_text(CONNECTOR)
    for text in (LIST, PAINT, ROOM):
        name = text.split("\n", 1)[0].removeprefix("name: ")
        (tmp_path / "acme" / "modules" / f"{name}.v1.yaml").write_text(
            text.replace("acme.list_paints@1", "acme.list_paints")
        )
    return tmp_path


class World:
    """A client, sync or async, whose vendor counts what it is asked and whose clock stands."""

    def __init__(self, folder, kind, **options):
        self.kind, self.folder, self.asked, self.now, self.answer = kind, folder, [], 1_790_000_000.0, PAINTS
        self.client = self.made(**options)

    def made(self, **options):
        maker = koppling.AsyncClient if self.kind == "async" else koppling.Client
        clock = koppling.Clock(now=lambda: self.now)
        return maker(
            koppling.Connection("acme", api_key=SECRET),
            options.pop("specs", self.folder),
            httpx.MockTransport(self.handle),
            clock=clock,
            **options,
        )

    def handle(self, request):
        self.asked.append(str(request.url.params))
        if isinstance(self.answer, int):
            return httpx.Response(self.answer, json={})
        return httpx.Response(200, json={"data": self.answer})

    def options(self, *arguments, client=None, **words):
        found = (client or self.client).catalog.options(*arguments, **words)
        return asyncio.run(_awaited(found)) if self.kind == "async" else found

    def values(self, *arguments, **words):
        return [one["value"] for one in self.options(*arguments, **words)]


async def _awaited(found):
    return await found


@pytest.fixture(params=["sync", "async"])
def world(request, folder):
    return World(folder, request.param)


@pytest.mark.parametrize(
    ("field", "choices"),
    [
        ("plain", [(one, one) for one in PAINTS]),
        ("colour", [("red", "Red"), ("blue", "blue"), ("lead", "White lead")]),
        ("kept_longer", [("red", "Red")]),
        ("dated", [("red", "Signal red"), ("blue", "blue")]),
        ("closed", [("red", "Red")]),
    ],
)
def test_choices_are_what_the_spec_picks_of_the_bundles(world, field, choices):
    assert [(one["value"], one["label"]) for one in world.options("acme.paint", field)] == choices


def test_a_retired_value_is_a_choice_on_a_day_on_which_it_lived(folder):
    world = World(folder, "sync", as_of="2019-06-01")
    assert world.values("acme.paint", "dated") == ["red", "blue", "lead"]


def test_an_answer_is_asked_for_each_time_where_nothing_is_said_of_keeping_it(world):
    for _ in range(2):
        world.options("acme.paint", "colour")
    assert world.asked == ["kind=gloss"] * 2


def test_an_answer_is_kept_as_long_as_each_field_says(world):
    for seconds, asked in ((0, 1), (59, 1), (61, 2), (120, 2), (122, 3)):
        world.now = 1_790_000_000.0 + seconds
        assert world.values("acme.paint", "kept") == ["red", "blue", "lead"]
        assert len(world.asked) == asked, seconds
    world.now += 599
    assert world.values("acme.paint", "kept_longer") == ["red"]  # the same question, good for longer
    assert len(world.asked) == 3


def test_an_answer_of_the_future_is_none(world):
    world.options("acme.paint", "kept")
    world.now -= 3600  # somebody set the clock back
    world.options("acme.paint", "kept")
    assert len(world.asked) == 2


def test_an_older_answer_is_passed_over_when_told(world):
    world.options("acme.paint", "kept")
    world.answer = PAINTS[:1]
    assert world.values("acme.paint", "kept") == ["red", "blue", "lead"]
    assert world.values("acme.paint", "kept", refresh=True) == ["red"]
    assert world.values("acme.paint", "kept") == ["red"]
    assert len(world.asked) == 2


def test_a_failure_is_not_kept_and_takes_no_older_answer_away(world):
    world.options("acme.paint", "kept")
    world.answer = 500
    with pytest.raises(koppling.ApiError):
        world.options("acme.paint", "kept", refresh=True)
    assert world.values("acme.paint", "kept") == ["red", "blue", "lead"]
    world.now += 61
    with pytest.raises(koppling.ApiError):
        world.options("acme.paint", "kept")


def test_what_a_caller_does_to_the_choices_is_not_kept(world):
    world.options("acme.paint", "kept")[0]["value"] = "mine"
    world.options("acme.paint", "kept").clear()
    assert world.values("acme.paint", "kept") == ["red", "blue", "lead"]


def test_another_client_takes_nothing_over_though_it_has_the_same_catalog(world):
    world.options("acme.paint", "kept")
    other = world.made(specs=world.client.catalog)
    world.options("acme.paint", "kept", client=other)
    assert len(world.asked) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("acme.paint", "colur"), "/colur: there is no such field; did you mean 'colour'?"),
        (
            ("acme.paint", "name"),
            "/name: this field has no options to list (those that have: plain, colour, kept, kept_longer, dated, closed)",
        ),
        (
            ("acme.room", "id", {"action": "drop"}),
            "/id: this field has no options to list (those that have: none here)",
        ),
        (("acme.room", "wall"), "/action: is required"),
    ],
)
def test_a_field_without_choices_is_told_with_those_that_have_some(world, arguments, words):
    with pytest.raises(koppling.InputInvalid) as caught:
        world.options(*arguments)
    assert words in str(caught.value)
    assert world.asked == []


def test_the_inputs_choose_the_operation(world):
    assert world.values("acme.room", "wall", {"action": "make"}) == ["red", "blue", "lead"]


def test_threads_that_ask_at_once_ask_once(folder):
    world, started, go = World(folder, "sync"), threading.Semaphore(0), threading.Event()
    answer = world.handle

    def slowly(request):
        started.release()
        assert go.wait(20)
        return answer(request)

    world.handle = slowly
    world.client = world.made()
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(world.values, "acme.paint", "kept") for _ in range(8)]
        assert started.acquire(timeout=20)
        go.set()
        assert [one.result(20) for one in asked] == [["red", "blue", "lead"]] * 8
    assert world.asked == ["kind=gloss"]


def test_tasks_that_ask_at_once_ask_once_and_one_that_is_cancelled_stops_nobody(folder):
    world = World(folder, "async")

    async def main():
        go, begun = asyncio.Event(), asyncio.Event()

        async def slowly(request):
            begun.set()
            await go.wait()
            return world.handle(request)

        clock = koppling.Clock(now=lambda: world.now)
        async with koppling.AsyncClient(
            koppling.Connection("acme", api_key=SECRET), folder, httpx.MockTransport(slowly), clock=clock
        ) as client:
            tasks = [asyncio.ensure_future(client.catalog.options("acme.paint", "kept")) for _ in range(5)]
            await begun.wait()
            tasks[0].cancel()
            go.set()
            found = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(found[0], asyncio.CancelledError)
        assert [[one["value"] for one in choices] for choices in found[1:]] == [["red", "blue", "lead"]] * 4

    asyncio.run(main())
    assert world.asked == ["kind=gloss"]


def test_an_expression_of_options_that_is_none_is_found_before_anybody_asks(folder):
    path = folder / "acme" / "modules" / "paint.v1.yaml"
    path.write_text(
        PAINT.replace("value: id, label: name}}\n", "value: id, label: 'a b', where: '${input.name}'}}\n", 1)
    )
    with pytest.raises(koppling.SpecError) as caught:
        koppling.Client(koppling.Connection("acme", api_key=SECRET), folder).catalog.options("acme.paint", "colour")
    words = [one.message for one in caught.value.diagnostics]
    assert any("'a b' is no JMESPath" in one for one in words)
    assert any("`input` cannot be used here" in one for one in words)
