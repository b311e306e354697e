"""Where an error says that the part of a request came from which the vendor complains of."""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from koppling import ApiError, AsyncClient, Client, Connection, InputInvalid
from koppling.call import Call

SPECS = Path(__file__).parent / "spec"
PARCEL = {
    "to": {"name": "Ada"},
    "things": [{"name": "Anvil"}, {"name": "Bolt"}],
    "note": "x",
    "weight": 2,
    "labels": ["a"],
}
FIND = {"kinds": ["a", "b"], "where": {"colour": "red"}, "text": "t"}

# module, inputs, the vendor's word for the part; its name in the request, the inputs, the line of the spec
CASES = [
    ("acme.send_parcel", PARCEL, "labels", "/labels", ("/labels",), "send_parcel.v1.yaml:28:13"),
    ("acme.send_parcel", PARCEL, "labels[0]", "/labels/0", ("/labels/0",), "send_parcel.v1.yaml:28:13"),
    ("acme.send_parcel", PARCEL, "lines.3.last", "/lines/3/last", ("/things/1/name",), "send_parcel.v1.yaml:22:15"),
    (
        "acme.send_parcel",
        PARCEL,
        "/lines/3/first/name",
        "/lines/3/first/name",
        ("/things/0/name",),
        "send_parcel.v1.yaml:21:16",
    ),
    ("acme.send_parcel", PARCEL, "lines[3]['names'][1]", "/lines/3/names/1", ("/things",), "send_parcel.v1.yaml:23:16"),
    ("acme.send_parcel", PARCEL, "receiver.country", "/receiver/country", (), "send_parcel.v1.yaml:16:81"),
    ("acme.send_parcel", PARCEL, "receiver", "/receiver", ("/to/name",), "send_parcel.v1.yaml:16:23"),
    ("acme.send_parcel", PARCEL, "X-Weight", "x-weight", ("/weight",), "send_parcel.v1.yaml:14:80"),
    ("acme.find", FIND, "where.colour", "where.colour", ("/where/colour",), "find.v1.yaml:18:21"),
    ("acme.find", FIND, "q[text]", "q[text]", ("/text",), "find.v1.yaml:20:16"),
    ("acme.find", FIND, "kind", "kind", ("/kinds/0", "/kinds/1"), "find.v1.yaml:16:20"),
    ("acme.find", FIND, "near", "near", (), "find.v1.yaml:19:11"),
    ("acme.get_thing", {"id": "1", "folder": "f"}, "id", "", ("/id",), "get_thing.v2.yaml:11:42"),
    ("acme.keep", {"name": "Ada", "tags": ["x"]}, "tags", "tags[]", ("/tags/0",), "keep.v1.yaml:9:88"),
    (
        "acme.call",
        {"url": "a", "method": "POST", "body": {"a": [1]}},
        "a[0]",
        "/a/0",
        ("/body/a/0",),
        "call.v1.yaml:11:123",
    ),
]


def refusing(param, status=400):
    return httpx.MockTransport(lambda _: httpx.Response(status, json={"error": {"message": "No.", "param": param}}))


def refusal(module, inputs, param):
    """Return the error that a vendor's complaint about a parameter becomes."""
    with Client(Connection("acme", api_key="key-1"), SPECS, refusing(param), as_of="2026-11-24") as client:
        with pytest.raises(ApiError) as caught:
            client.execute(module, inputs)
        return caught.value


@pytest.mark.parametrize(
    ("module", "inputs", "param", "name", "pointers", "place"), CASES, ids=[one[2] for one in CASES]
)
def test_a_parameter_that_the_vendor_names_leads_to_its_inputs_and_its_line(
    module, inputs, param, name, pointers, place
):
    origin = refusal(module, inputs, param).origin
    assert (origin.name, origin.inputs, origin.place.rpartition("/")[2]) == (name, pointers, place)
    assert origin.value is None


def test_the_words_of_an_error_say_where_its_parameter_came_from():
    error = refusal("acme.send_parcel", PARCEL, "labels[0]")
    place = f"{SPECS}/acme/modules/send_parcel.v1.yaml:28:13"
    assert (
        str(error) == f"data error, status 400: No. (param labels[0]); `labels[0]` came from input /labels/0, {place}"
    )
    error = refusal("acme.find", {}, "q[text]")
    assert str(error).endswith(
        "; `q[text]` is input /text, not given, " + str(SPECS / "acme/modules/find.v1.yaml:20:16")
    )


@pytest.mark.parametrize("param", [None, "", "colour", "***", "lines[9]", "."])
def test_a_parameter_that_cannot_be_told_has_no_origin(param):
    error = refusal("acme.send_parcel", PARCEL, param)
    assert error.origin is None
    assert "came from" not in str(error)


def test_an_origin_is_looked_for_when_somebody_asks_and_only_once(monkeypatch):
    asked = []
    trace = Call.trace
    monkeypatch.setattr(Call, "trace", lambda *arguments: asked.append(1) or trace(*arguments))
    error = refusal("acme.send_parcel", PARCEL, "labels")
    assert asked == []
    assert error.origin is error.origin
    assert str(error)
    assert asked == [1]


def test_an_error_takes_its_origin_along():
    error = pickle.loads(pickle.dumps(refusal("acme.send_parcel", PARCEL, "labels[0]")))
    assert error.origin.inputs == ("/labels/0",)
    assert str(error) == str(refusal("acme.send_parcel", PARCEL, "labels[0]"))
    assert pickle.loads(pickle.dumps(error)).origin == error.origin


def test_an_error_of_an_async_client_has_an_origin_as_well():
    async def call():
        async with AsyncClient(Connection("acme", api_key="key-1"), SPECS, refusing("labels")) as client:
            await client.execute("acme.send_parcel", PARCEL)

    with pytest.raises(ApiError) as caught:
        asyncio.run(call())
    assert caught.value.origin.inputs == ("/labels",)


def test_a_search_that_is_refused_on_a_later_page_knows_the_cursor():
    answers = iter(
        [
            httpx.Response(200, json={"things": [{}], "cursor": "c1"}),
            httpx.Response(400, json={"error": {"param": "after"}}),
        ]
    )
    transport = httpx.MockTransport(lambda _: next(answers))
    with Client(Connection("acme", api_key="key-1"), SPECS, transport) as client, pytest.raises(ApiError) as caught:
        list(client.items("acme.find", FIND))
    assert caught.value.origin.others == ("page.after",)
    assert caught.value.origin.dropped == ""


def test_an_origin_holds_no_secret():
    inputs = {"box": "b", "code": "tu-ulos-1234", "keys": {"first": "kanari-1"}}
    connection = Connection("vault", user="anna", password="hemligt", path_key="stig")
    transport = httpx.MockTransport(lambda _: httpx.Response(400, json={"error": {"param": "keys.first"}}))
    with Client(connection, SPECS, transport) as client, pytest.raises(ApiError) as caught:
        client.execute("vault.open_box", inputs)
    error = caught.value
    for text in (str(error), repr(error), repr(error.origin), repr(vars(error)), repr(pickle.dumps(error))):
        assert not any(secret in text for secret in ("tu-ulos", "kanari", "hemligt"))


@pytest.mark.parametrize(
    ("module", "inputs", "problems"),
    [
        ("acme.get_thing", {"id": "..", "folder": "f"}, [("/id", "get_thing.v2.yaml:11:42")]),
        ("acme.get_thing", {"id": "\ud800", "folder": "f"}, [("/id", "get_thing.v2.yaml:5:3")]),
        ("acme.get_thing", {"count": 0}, [("/count", "get_thing.v2.yaml:6:3"), ("/folder", "get_thing.v2.yaml:8:3"), ("/id", "get_thing.v2.yaml:5:3")]),
        ("acme.keep", {"action": "nap"}, [("/action", "keep.v1.yaml:4:1")]),
        ("acme.send_parcel", {"note": "å"}, [("/note", "send_parcel.v1.yaml:14:53")]),
    ],
)  # fmt: skip
def test_each_problem_of_the_inputs_names_its_line_of_the_spec(module, inputs, problems):
    client = Client(Connection("acme", api_key="key-1"), SPECS, as_of="2026-11-24")
    with client, pytest.raises(InputInvalid) as caught:
        client.render(module, inputs)
    assert sorted((one.pointer, one.place.rpartition("/")[2]) for one in caught.value.problems) == problems


def test_a_call_that_nobody_asks_about_loads_nothing_of_the_trace():
    code = f"""
import sys, httpx, koppling
transport = httpx.MockTransport(lambda _: httpx.Response(400, json={{"error": {{"message": "No.", "param": "about"}}}}))
with koppling.Client(koppling.Connection("acme", api_key="key-1"), {str(SPECS)!r}, transport) as client:
    client.render("acme.tell", {{"about": "kings"}})
    try:
        client.execute("acme.tell", {{"about": "kings"}})
    except koppling.ApiError as error:
        print(sorted(one for one in sys.modules if one.startswith("koppling") and one.endswith(("trace", "tracing", "sources"))))
        print(error.origin.inputs)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n('/about',)\n"
