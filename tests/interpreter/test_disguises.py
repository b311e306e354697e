import httpx
import pytest

import koppling

CONNECTOR = """
koppling: 1
name: town
title: Town
version: 1.0.0
connection: {fields: {key: {type: string, secret: true}}, required: [key]}
auth: {api_key: {in: query, name: key, value: "${connection.key}"}}
request: {base_url: "http://town.test/"}
errors: [{status: 200, when: "ok == `false`", kind: data}]
error_body: {message: why}
"""
MODULE = "name: look\nversion: 1.0.0\ntitle: Look\nrequest: {method: GET, path: /look, query: QUERY}\n"


@pytest.fixture
def client(tmp_path):
    def make(response, answer):
        module = MODULE.replace("QUERY", "{page: '${page.number}'}" if "pages" in response else "{}")
        (tmp_path / "town/modules").mkdir(parents=True)
        (tmp_path / "town/connector.yaml").write_text(CONNECTOR)
        (tmp_path / "town/modules/look.v1.yaml").write_text(f"{module}response: {response}\n")
        return koppling.Client(koppling.Connection("town", key="k+1"), tmp_path, httpx.MockTransport(answer))

    return make


@pytest.mark.parametrize("form", ["json", "text", "bytes", "ndjson", "auto"])
def test_an_error_with_the_status_of_a_success_is_one_whatever_was_expected(client, form):
    town = client(f"{{format: {form}}}", lambda _: httpx.Response(200, json={"ok": False, "why": "closed"}))
    with pytest.raises(koppling.ApiError) as caught:
        town.execute("town.look")
    assert (caught.value.kind, caught.value.message) == ("data", "closed")


@pytest.mark.parametrize("form", ["json", "text", "bytes", "ndjson", "auto"])
def test_a_success_that_is_json_is_read_as_it_was_expected(client, form):
    town = client(f"{{format: {form}}}", lambda _: httpx.Response(200, json={"ok": True}))
    output = town.execute("town.look").output
    shown = output.read() if form == "bytes" else output
    assert shown == {"text": '{"ok":true}', "bytes": b'{"ok":true}', "ndjson": [{"ok": True}]}.get(form, {"ok": True})


def test_a_redirect_within_the_origin_takes_the_key_along(client):
    heard = []

    def answer(request):
        heard.append(str(request.url))
        return httpx.Response(302, headers={"location": "/there"}) if len(heard) == 1 else httpx.Response(200, json={})

    client("{format: json}", answer).execute("town.look")
    assert heard == ["http://town.test/look?key=k%2B1", "http://town.test/there?key=k%2B1"]


def test_a_vendor_that_pays_no_heed_to_page_numbers_is_not_asked_for_ever(client):
    town = client(
        "{items: data, pages: {number: {start: 1}}}", lambda _: httpx.Response(200, json={"data": [{"id": 1}]})
    )
    with pytest.raises(koppling.ApiError) as caught:
        town.execute("town.look")
    assert (caught.value.kind, caught.value.code, len(caught.value.attempts)) == (
        "inconsistency",
        "koppling.page_loop",
        2,
    )
