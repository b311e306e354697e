"""The origin is pinned to the connection: no redirect, page's address or Location takes a credential anywhere else."""

from __future__ import annotations

import base64
import json

import pytest

import koppling

ELSEWHERE = [
    "{stranger}/careful/v1/here?moved=true",
    "//127.0.0.1:{strange_port}/careful/v1/here",
    "http://localhost:{port}/careful/v1/here",
    "https://127.0.0.1:{port}/careful/v1/here",
    "http://user:pass@127.0.0.1:{port}/careful/v1/here",
    "http://127.0.0.1:{port}@127.0.0.1:{strange_port}/careful/v1/here",
    "http://127.0.0.1:99999/",
    "http://[127.0.0.1/",
    "ftp://127.0.0.1:{port}/here",
    "javascript:alert(1)",
]

# Headers cannot carry these; a body can. Readers of addresses drop tabs and line breaks, and then see another host.
ELSEWHERE_IN_A_BODY = [
    *ELSEWHERE,
    "/\t/127.0.0.1:{strange_port}/x",
    "\n//127.0.0.1:{strange_port}/x",
    "h\nttp://localhost:{port}/",
]

HEADERS = [
    ("careful.go_on", {"method": "GET", "status": 302}),
    ("careful.go_on", {"method": "GET", "status": 308}),
    ("careful.go_on", {"method": "POST", "status": 303, "name": "Anvil"}),
    ("careful.go_on", {"method": "POST", "status": 307, "name": "Anvil"}),
    ("jobs.render_film", {"title": "Vinter"}),
    ("pager.list_by_link", {}),
    ("query_key.list_stars", {}),
]


def refused(world, server, stranger, address, module, inputs):
    """Return the error of a call whose first answer leads to an address."""
    server.memory["location"] = address.format(stranger=stranger.url, strange_port=stranger.port, port=server.port)
    with pytest.raises(koppling.ApiError) as caught:
        world.execute(module, inputs)
    assert [one.target for one in stranger.asked] == []
    assert len(server.asked) == 1
    return caught.value


@pytest.mark.parametrize("address", ELSEWHERE)
@pytest.mark.parametrize(("module", "inputs"), HEADERS, ids=str)
def test_an_address_in_a_header_that_leads_elsewhere_is_refused(world, server, stranger, address, module, inputs):
    error = refused(world, server, stranger, address, module, inputs)
    assert (error.kind, error.code) == ("connection", "koppling.foreign_origin")


@pytest.mark.parametrize("address", ELSEWHERE_IN_A_BODY)
def test_an_address_in_a_body_that_leads_elsewhere_is_refused(world, server, stranger, address):
    error = refused(world, server, stranger, address, "pager.list_by_address", {"write": "rooted"})
    assert (error.kind, error.code) == ("connection", "koppling.foreign_origin")


@pytest.mark.parametrize("address", ["/by\x00address", "/" + "a" * 70_000])
def test_an_address_that_is_none_is_an_error_like_any_other(world, server, address):
    server.memory["location"] = address
    with pytest.raises(koppling.KopplingError):
        world.execute("pager.list_by_address", {"write": "rooted"})
    assert len(server.asked) == 1


MOVED = [
    ("GET", 301, "GET", ""),
    ("GET", 303, "GET", ""),
    ("GET", 307, "GET", ""),
    ("POST", 303, "GET", ""),
    ("DELETE", 303, "GET", ""),
    ("POST", 307, "POST", '{"name":"Anvil"}'),
    ("PUT", 308, "PUT", '{"name":"Anvil"}'),
]


@pytest.mark.parametrize(("method", "status", "then", "body"), MOVED)
@pytest.mark.parametrize(
    "location", ["/careful/v1/here?moved=true", "../here?moved=true#part", "{base}/here?moved=true"]
)
def test_a_redirect_within_the_origin_is_followed(world, server, method, status, then, body, location):
    server.memory["location"] = location.format(base=server.base("careful"))
    inputs = {"method": method, "status": status} | ({} if method == "GET" else {"name": "Anvil"})
    assert world.execute("careful.go_on", inputs).output == {"method": then, "body": body}
    assert [asked.header("authorization") for asked in server.asked] == ["Bearer careful-key"] * 2
    assert bool(server.asked[1].header("content-type")) == bool(body)


@pytest.mark.parametrize("status", [301, 302])
def test_a_post_is_not_repeated_where_a_redirect_leaves_open_how(world, server, status):
    with pytest.raises(koppling.ApiError) as caught:
        world.execute("careful.go_on", {"method": "POST", "status": status, "name": "Anvil"})
    assert (caught.value.kind, caught.value.code, len(server.asked)) == ("connection", "koppling.redirect", 1)


def test_a_redirect_that_leads_back_ends(world, server):
    server.memory["location"] = "/careful/v1/moved/302"
    with pytest.raises(koppling.ApiError) as caught:
        world.execute("careful.go_on", {"method": "GET", "status": 302})
    assert (caught.value.kind, caught.value.code) == ("inconsistency", "koppling.redirect_loop")
    assert len(server.asked) < 10


def test_a_resume_token_leads_nowhere_else(world, server, stranger):
    given = world.token("pager.list_by_link")
    told = json.loads(base64.urlsafe_b64decode(given + "=="))
    server.asked.clear()
    for address in ELSEWHERE_IN_A_BODY:
        told[1] = address.format(stranger=stranger.url, strange_port=stranger.port, port=server.port)
        forged = base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")
        with pytest.raises(koppling.InputInvalid):
            world.items("pager.list_by_link", {}, resume=forged)
    assert (server.asked, stranger.asked) == ([], [])


def test_a_resume_token_goes_on_with_the_page_where_it_was_taken(world, server):
    token = world.token("pager.list_by_link", 4)
    server.asked.clear()
    assert [one["id"] for one in world.items("pager.list_by_link", {}, resume=token)] == [5, 6, 7]
    assert [asked.path for asked in server.asked] == ["/by-link"] * 2
