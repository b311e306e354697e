"""A person's sign-in: what the browser opens, what it brings back, what comes of it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from oauth_vendor import CANARIES, CLIENT, SECRET, OAuthVendor

import koppling
from koppling import AsyncClient, Client, Connection, ConnectionInvalid
from koppling.client.sign_in import challenge_of
from koppling.store import connections

SPECS = Path(__file__).parent / "spec"
BACK = "http://127.0.0.1:8976/callback"


def person(**fields):
    return Connection("person", **{"client_id": CLIENT, "client_secret": SECRET, **fields})


def opened(vendor, address):
    """Return where a browser that opens this address is sent back to."""
    return httpx.Client(transport=vendor).get(address).headers["location"]


def query(address):
    return dict(parse_qsl(urlsplit(address).query))


def test_the_verifier_is_shown_as_the_standard_shows_it():
    # RFC 7636, appendix B
    assert challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_address_holds_what_the_standard_asks_for_and_no_secret():
    with Client(person(), SPECS, OAuthVendor()) as client:
        begun = client.sign_in(BACK)
    asked = query(begun.url)
    assert begun.url.startswith("https://login.person.example/authorize?from=koppling&")
    assert {name: value for name, value in asked.items() if name not in {"state", "code_challenge"}} == {
        "from": "koppling", "response_type": "code", "client_id": CLIENT, "redirect_uri": BACK, "scope": "things.read",
        "code_challenge_method": "S256", "access_type": "offline",
    }  # fmt: skip
    assert asked["state"] == begun.state
    assert (len(begun.state), len(begun._verifier), asked["code_challenge"]) == (43, 43, challenge_of(begun._verifier))
    assert SECRET not in begun.url
    assert begun._verifier not in begun.url + repr(begun)


def test_no_two_sign_ins_share_anything_to_guess_by():
    with Client(person(), SPECS, OAuthVendor()) as client:
        first, second = client.sign_in(BACK), client.sign_in(BACK)
    assert len({first.state, second.state, first._verifier, second._verifier}) == 4


@pytest.mark.parametrize("secret", [SECRET, None])
def test_a_sign_in_gives_the_connection_its_tokens(secret):
    vendor, connection = OAuthVendor(public=secret is None), person(client_secret=secret)
    with Client(connection, SPECS, vendor) as client:
        begun = client.sign_in(BACK)
        assert begun.finish(opened(vendor, begun.url)) is None
        assert client.execute("person.list_things", {"limit": 1}).output == [{"id": "th_0"}]
    (form,) = vendor.asked
    assert (form["grant_type"], form["redirect_uri"], form["code_verifier"]) == (
        "authorization_code",
        BACK,
        begun._verifier,
    )
    assert form.get("client_secret") == secret
    assert connection.tokens["refresh_token"] == "canary-refresh-1"


def test_a_sign_in_is_awaited_with_an_async_client():
    vendor, connection = OAuthVendor(), person()

    async def live():
        async with AsyncClient(connection, SPECS, vendor) as client:
            begun = client.sign_in(BACK)
            await begun.finish("?" + urlsplit(opened(vendor, begun.url)).query)
            return await client.execute("person.list_things", {"limit": 1})

    assert asyncio.run(live()).output == [{"id": "th_0"}]


def test_a_stored_connection_stores_what_a_sign_in_gave():
    vendor = OAuthVendor()
    connections.add("mine", "person", {"client_id": CLIENT}, {"client_secret": SECRET})
    with Client(Connection.load("mine"), SPECS, vendor) as client:
        begun = client.sign_in(BACK)
        begun.finish(opened(vendor, begun.url))
    with Client(Connection.load("mine"), SPECS, vendor) as client:
        client.execute("person.list_things", {"limit": 1})
    assert len(vendor.asked) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"state": "another"}, "this is no answer to this sign-in to person; begin it anew"),
        ({"state": None}, "this is no answer to this sign-in"),
        ({"state": "\u00e4"}, "this is no answer to this sign-in"),
        ({"code": None}, "the sign-in to person brought no code"),
        ({"code": None, "error": "access_denied"}, "the sign-in to person was refused: access_denied$"),
        ({"error": "access_denied", "error_description": "She said no."}, "refused: access_denied: She said no"),
        ({"code": "canary-code-of-another"}, "the token endpoint of person refuses this connection: invalid_grant$"),
    ],
)
def test_what_a_browser_may_bring_instead_is_told_in_words(change, words):
    vendor, connection = OAuthVendor(), person()
    with Client(connection, SPECS, vendor) as client:
        begun = client.sign_in(BACK)
        brought = {
            name: value for name, value in {**query(opened(vendor, begun.url)), **change}.items() if value is not None
        }
        with pytest.raises(ConnectionInvalid, match=words) as told:
            begun.finish(f"{BACK}?{httpx.QueryParams(brought)}")
    assert connection.tokens is None
    assert not [one for one in CANARIES if one in str(told.value)]
    assert len(vendor.asked) == ("of-another" in str(change))


def test_another_who_has_the_code_cannot_use_it():
    vendor = OAuthVendor()
    with Client(person(), SPECS, vendor) as client:
        begun, thief = client.sign_in(BACK), client.sign_in(BACK)
        code = query(opened(vendor, begun.url))["code"]
        with pytest.raises(ConnectionInvalid, match="invalid_grant: another verifier"):
            thief.finish(f"?code={code}&state={thief.state}")


def test_who_cannot_sign_in_is_told():
    of_machines = Connection("machine", client_id="a", client_secret="b")
    with Client(of_machines, SPECS) as client, pytest.raises(ConnectionInvalid, match="nobody signs in to machine"):
        client.sign_in(BACK)
    with Client(None, SPECS) as client, pytest.raises(ValueError, match="make the client with one"):
        client.sign_in(BACK)
    with Client(person(), SPECS) as client, pytest.raises(ValueError, match="redirect_uri is needed"):
        client.sign_in()


def test_a_connector_may_say_where_the_browser_comes_back_to_and_leave_pkce_out(tmp_path):
    text = (SPECS / "person/connector.yaml").read_text()
    path = tmp_path / "person/connector.yaml"
    path.parent.mkdir()
    path.write_text(
        text.replace(
            "    scopes: [things.read]", f"    pkce: none\n    redirect: {BACK}\n    scopes: ${{connection.client_id}}"
        )
    )
    with Client(person(), tmp_path) as client:
        begun = client.sign_in()
    asked = query(begun.url)
    assert (begun.redirect_uri, asked["redirect_uri"], asked["scope"]) == (BACK, BACK, CLIENT)
    assert "code_challenge" not in asked


def test_the_name_is_public():
    with Client(person(), SPECS) as client:
        assert isinstance(client.sign_in(BACK), koppling.SignIn)
