"""The replay of a connector's examples, over a real socket."""

from __future__ import annotations

import json
import shutil
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

import koppling
from koppling.catalog import Catalog
from koppling_tools.sandbox.start import Sandbox, start

HERE = Path(__file__).parent


def asked(name: str) -> dict[str, str]:
    return {"x-koppling-example": name}


def reasons(response: httpx.Response) -> list[tuple[str, list[str]]]:
    """Return the examples that a refusal names, each with the places that differ."""
    error = response.json()["error"]
    assert error["code"] == "koppling.no_example"
    return [(one["example"], [other["path"] for other in one["differences"]]) for one in error["reasons"]]


def test_a_request_that_an_example_states_gets_its_answer(vendor: httpx.Client) -> None:
    response = vendor.get("things/a%2Fb%20c", params={"include[]": ["tags", "weight"]})
    assert response.status_code == 200
    assert response.json() == {"id": "a/b c", "name": "Rope", "weight": 1.0, "tags": ["long", "1"]}
    assert response.headers["x-request-id"] == "req-7"
    assert response.headers["x-koppling-example"] == "acme.get_thing@1/every_field"


def test_one_connection_carries_several_requests(sandbox: Sandbox) -> None:
    port = urlsplit(sandbox.url).port
    assert port is not None
    head = b"Host: x\r\nAuthorization: Bearer k\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        for _ in range(2):
            connection.sendall(
                b"POST /v2/letters HTTP/1.1\r\n" + head + b"Content-Type: application/json\r\n"
                b'Transfer-Encoding: chunked\r\n\r\n8\r\n{"about"\r\n8\r\n:"rain"}\r\n0\r\n\r\n'
            )
            found = b""
            while b"It rains." not in found:
                found += connection.recv(4096)
            assert found.startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_module_runs_against_the_replay(here: Path, sandbox: Sandbox) -> None:
    connection = koppling.Connection("acme", **sandbox.connection_fields)
    clock = koppling.Clock(sleep=lambda _seconds: None)
    with koppling.Client(connection, here / "spec", clock=clock) as client:
        found = client.execute("acme.list_things@1")
        assert [one["id"] for one in found.output] == ["th_1", "th_2", "th_3"]
        assert found.envelope == {"total": 3}
        ordered = client.execute("acme.order_things@1", {"ids": ["th_1", "th_2"], "address": {"city": "Malmö"}})
        assert ordered.output == {"state": "shipped"}
        assert [one.status for one in ordered.attempts] == [202, 200, 200, 200]
        picture = client.execute("acme.manage_pictures@1", {"action": "download", "id": "p_1"}).output
        assert (picture.name, picture.read()) == ("cave.png", b"\x89PNG\r\n\x1a\n")
        with client.stream("acme.write_letter@1", {"about": "rain"}) as stream:
            assert list(stream) == [{"text": "It "}, {"text": "rains"}, {"text": "."}]
            assert stream.result().output == {"text": "It rains."}


def test_events_come_one_by_one(vendor: httpx.Client) -> None:
    with vendor.stream("POST", "letters", json={"about": "rain", "stream": True}) as response:
        assert response.headers["content-type"] == "text/event-stream"
        assert response.headers["transfer-encoding"] == "chunked"
        chunks = list(response.iter_raw())
    assert b"".join(chunks).decode().splitlines() == [
        'data: {"piece":"It "}',
        "",
        'data: {"piece":"rains","note":"ö"}',
        "",
        'data: {"piece":null}',
        "",
        'data: {"piece":"."}',
        "",
        "data: [DONE]",
        "",
    ]


def test_links_in_an_answer_lead_to_the_replay(vendor: httpx.Client, sandbox: Sandbox) -> None:
    response = vendor.post("orders", data={"ids[]": ["th_1", "th_2"], "address[city]": "Malmö"})
    assert response.status_code == 202
    assert response.headers["location"] == f"{sandbox.url}orders/or_1"


def test_an_example_with_several_exchanges_keeps_its_place(vendor: httpx.Client) -> None:
    order = {"ids[]": ["th_1", "th_2"], "address[city]": "Malmö"}

    def states(count: int) -> list[str]:
        return [vendor.get("orders/or_1").json()["state"] for _ in range(count)]

    vendor.post("orders", data=order)
    assert states(4) == ["packed", "packed", "shipped", "shipped"]
    vendor.post("orders", data=order)
    assert states(1) == ["packed"]
    vendor.post("orders", data=order)
    assert states(3) == ["packed", "packed", "shipped"]


def test_pages_are_read_from_the_start_again(vendor: httpx.Client) -> None:
    for _ in range(2):
        assert [one["id"] for one in vendor.get("things").json()["data"]] == ["th_1", "th_2"]
        assert [one["id"] for one in vendor.get("things", params={"after": "th_2"}).json()["data"]] == ["th_3"]


def test_an_error_answers_only_where_nothing_else_fits_or_when_it_is_asked_for(vendor: httpx.Client) -> None:
    assert vendor.get("things/th_1").json()["name"] == "Anvil"
    refused = vendor.get("things/th_1", headers=asked("acme.get_thing@1/no_key"))
    assert (refused.status_code, refused.json()) == (401, {"error": {"message": "Who are you?"}})
    assert vendor.get("things/th_9").status_code == 404


def test_the_attempts_of_an_example_come_in_their_order(vendor: httpx.Client) -> None:
    statuses = [vendor.get("things/th_2", headers=asked("get_thing@1/second_attempt")).status_code for _ in range(4)]
    assert statuses == [429, 200, 429, 200]


def test_an_example_that_is_asked_for_and_not_there_is_named_with_its_near_miss(vendor: httpx.Client) -> None:
    response = vendor.get("things/th_9", headers=asked("get_thing@1/not_fund"))
    assert response.status_code == 404
    assert "did you mean 'acme.get_thing@1/not_found'?" in response.json()["error"]["message"]


def test_a_body_that_differs_is_refused_with_the_places_of_the_nearest_example_first(vendor: httpx.Client) -> None:
    response = vendor.post("things", json={"name": "Door", "size": {"width": 1, "height": 2}, "fragile": True})
    assert response.status_code == 422
    assert reasons(response)[0] == ("acme.create_thing@1/every_field", ["json.size.height", "json.label"])
    assert response.json()["error"]["reasons"][0]["differences"] == [
        {"path": "json.size.height", "stated": 2.0, "sent": 2},
        {"path": "json.label", "stated": "old"},
    ]
    assert response.json()["error"]["message"] == (
        "no example of acme answers POST /things. The nearest is acme.create_thing@1/every_field: "
        'json.size.height is 2.0 there, 2 here; json.label is "old" there, nothing here'
    )


@pytest.mark.parametrize(
    ("method", "path", "status", "example", "places"),
    [
        ("GET", "thing/th_1", 404, "acme.get_thing@1/no_key", ["path"]),
        ("DELETE", "things/th_1", 404, "acme.get_thing@1/no_key", ["method"]),
        ("GET", "things?color=green", 422, "acme.list_things@1/two_pages", ["query.color"]),
        ("GET", "things?color=red&limit=2", 422, "acme.list_things@1/red", ["query.limit"]),
    ],
)
def test_a_request_that_no_example_states_is_refused_with_the_reasons(
    vendor: httpx.Client, method: str, path: str, status: int, example: str, places: list[str]
) -> None:
    response = vendor.request(method, path)
    assert response.status_code == status
    assert reasons(response)[0] == (example, places)


@pytest.mark.parametrize(
    ("value", "lack"),
    [
        (None, "there is no header 'authorization'"),
        ("", "there is no header 'authorization'"),
        ("Basic YTpi", "the header 'authorization' is not `Bearer …`"),
        ("Bearer", "the header 'authorization' is not `Bearer …`"),
    ],
)
def test_a_request_without_the_credential_is_answered_401(sandbox: Sandbox, value: str | None, lack: str) -> None:
    headers = {} if value is None else {"Authorization": value}
    response = httpx.get(f"{sandbox.url}things/th_1", headers=headers, trust_env=False)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json()["error"]["code"] == "koppling.no_credential"
    assert lack in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("auth", "right", "wrong"),
    [
        (
            '{basic: {username: "${connection.api_key}"}}',
            {"auth": ("u", "")},
            {"headers": {"Authorization": "Basic !"}},
        ),
        ('{api_key: {in: header, name: X-Key, value: "${connection.api_key}"}}', {"headers": {"x-key": "k"}}, {}),
        (
            '{api_key: {in: query, name: key, value: "${connection.api_key}"}}',
            {"params": {"key": "k"}},
            {"params": {"key": ""}},
        ),
    ],
    ids=["basic", "header", "query"],
)
def test_each_kind_of_credential_is_looked_for_and_its_value_is_free(
    tmp_path: Path, auth: str, right: dict[str, Any], wrong: dict[str, Any]
) -> None:
    shutil.copytree(HERE / "spec", tmp_path / "spec")
    path = tmp_path / "spec" / "acme" / "connector.yaml"
    path.write_text(path.read_text().replace('auth: {bearer: "${connection.api_key}"}', f"auth: {auth}"))
    with start("acme", catalog=Catalog([tmp_path / "spec"]), mode="replay") as sandbox:
        with httpx.Client(base_url=sandbox.url, trust_env=False) as client:
            assert client.get("things/th_1", **right).json()["name"] == "Anvil"
            assert client.get("things/th_1", **wrong).status_code == 401
        connection = koppling.Connection("acme", **sandbox.connection_fields)
        with koppling.Client(connection, tmp_path / "spec") as koppling_client:
            assert koppling_client.execute("acme.get_thing@1", {"id": "th_1"}).output["name"] == "Anvil"


def test_loosely_the_method_the_path_and_the_keys_of_the_body_suffice(catalog: Catalog) -> None:
    headers = {"Authorization": "Bearer k"}
    with (
        start("acme", catalog=catalog, mode="replay", loose=True) as sandbox,
        httpx.Client(base_url=sandbox.url, headers=headers, trust_env=False) as client,
    ):
        assert client.get("things/th_77").json()["name"] == "Anvil"
        assert client.get("things/a%2Fb%20c", params={"include[]": ["tags", "weight"]}).json()["name"] == "Rope"
        assert client.post("things", json={"name": "Window"}).json()["name"] == "Anvil"
        assert client.post("things", json={"name": "Twin"}).status_code == 409
        assert client.post("things", json={"name": "Window", "size": {}}).json()["id"] == "th_2"
        assert client.post("things", json={"title": "Window"}).status_code == 422
        assert client.post("things", data={"name": "Window"}).status_code == 422
        assert client.get("things/th_77/parts").status_code == 404
        upload = {"files": {"picture": ("z.gif", b"GIF", "image/gif")}, "data": {"caption": "z", "tags[]": "q"}}
        assert client.post("pictures", **upload).json() == {"id": "p_1"}


def test_several_requests_at_once_are_answered(vendor: httpx.Client) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _number: vendor.get("things/th_1").json()["name"], range(64)))
    assert found == ["Anvil"] * 64


def test_head_has_no_body_and_a_length_that_is_no_number_is_refused(sandbox: Sandbox) -> None:
    parts = urlsplit(sandbox.url)
    assert parts.port is not None
    for request, status in (
        (b"HEAD /v2/things/th_1 HTTP/1.1\r\nConnection: close\r\nAuthorization: Bearer k\r\n\r\n", b"404"),
        (b"POST /v2/things HTTP/1.1\r\nContent-Length: many\r\n\r\n", b"400"),
        (b"POST /v2/things HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST /v2/things HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
        (b"POST /v2/things HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n", b"413"),
    ):
        with socket.create_connection(("127.0.0.1", parts.port), timeout=5) as connection:
            connection.sendall(request)
            found = b"".join(iter(lambda: connection.recv(4096), b""))
            assert found.startswith(b"HTTP/1.1 " + status), found
            if request.startswith(b"HEAD"):
                assert found.endswith(b"\r\n\r\n")


def test_the_log_is_told_which_example_answered(catalog: Catalog) -> None:
    told: list[tuple[str, str, int, str | None]] = []
    with start(
        "acme",
        catalog=catalog,
        mode="replay",
        log=lambda method, path, played: told.append((method, path, played.answer.status, played.example)),
    ) as sandbox:
        httpx.get(f"{sandbox.url}things/th_1", headers={"Authorization": "Bearer k"}, trust_env=False)
        httpx.get(f"{sandbox.url}nothing", headers={"Authorization": "Bearer k"}, trust_env=False)
    assert told == [
        ("GET", "/v2/things/th_1", 200, "acme.get_thing@1/smallest"),
        ("GET", "/v2/nothing", 404, None),
    ]


def test_what_the_user_sent_as_a_secret_is_not_said_back(sandbox: Sandbox) -> None:
    headers = {"Authorization": "Bearer canary-secret-value"}
    response = httpx.post(f"{sandbox.url}things", json={}, headers=headers, trust_env=False)
    assert response.status_code == 422
    assert "canary" not in json.dumps(response.json())
