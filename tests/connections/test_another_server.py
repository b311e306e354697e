"""The same flows against a token endpoint that is not ours: oauthlib's."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from oauthlib.oauth2 import RequestValidator, Server

from koppling import AsyncClient, Client, Connection, ConnectionInvalid

SPECS = Path(__file__).parent / "spec"
CLIENT, SECRET, BACK = "client:1/ä", "canary s3cret:+%41ä", "http://127.0.0.1:8976/callback"


class Validator(RequestValidator):
    """Remembers what oauthlib gives out. What it checks by itself, such as the verifier, is not here."""

    def __init__(self):
        self.codes, self.refresh, self.bearer = {}, set(), {}

    def authenticate_client(self, request, *_, **__):
        from base64 import b64decode
        from urllib.parse import unquote_plus

        scheme, _, coded = request.headers.get("Authorization", "").partition(" ")
        given = (request.client_id, request.client_secret)
        if scheme == "Basic":
            given = tuple(map(unquote_plus, b64decode(coded).decode().split(":")))
        request.client = type("Known", (), {"client_id": given[0]})()
        return given == (CLIENT, SECRET)

    def authenticate_client_id(self, *_, **__):
        return False

    def client_authentication_required(self, *_, **__):
        return True

    def validate_client_id(self, client_id, *_, **__):
        return client_id == CLIENT

    def validate_redirect_uri(self, _, redirect_uri, *__, **___):
        return redirect_uri == BACK

    def validate_response_type(self, _, response_type, *__, **___):
        return response_type == "code"

    def validate_grant_type(self, *_, **__):
        return True

    def get_default_scopes(self, *_, **__):
        return []

    def validate_scopes(self, _, scopes, *__, **___):
        return set(scopes) <= {"things.read", "things.write"}

    def save_authorization_code(self, _, code, request, **__):
        self.codes[code["code"]] = request

    def validate_code(self, _, code, __, request, **___):
        request.user, request.scopes = "somebody", ["things.read"]
        return code in self.codes

    def is_pkce_required(self, *_, **__):
        return True

    def get_code_challenge(self, code, _):
        return self.codes[code].code_challenge

    def get_code_challenge_method(self, code, _):
        return self.codes[code].code_challenge_method

    def confirm_redirect_uri(self, _, code, redirect_uri, *__, **___):
        return self.codes[code].redirect_uri == redirect_uri

    def invalidate_authorization_code(self, _, code, *__, **___):
        del self.codes[code]

    def save_bearer_token(self, token, *_, **__):
        self.bearer[token["access_token"]] = True
        if "refresh_token" in token:
            self.refresh.add(token["refresh_token"])

    def validate_refresh_token(self, token, _, request, **__):
        request.user = "somebody"
        found = token in self.refresh
        self.refresh.discard(token)
        return found

    def get_original_scopes(self, *_, **__):
        return ["things.read"]

    def validate_bearer_token(self, token, *_, **__):
        return self.bearer.get(token, False)


class Vendor(httpx.BaseTransport, httpx.AsyncBaseTransport):
    def __init__(self):
        self.validator = Validator()
        self.server = Server(self.validator)

    def handle_request(self, request):
        request.read()
        headers = {name.title(): value for name, value in request.headers.items()}
        asked = (str(request.url), request.method, request.content.decode(), headers)
        if request.url.path == "/token":
            answered = self.server.create_token_response(*asked)
        elif request.url.path == "/authorize":
            scopes, credentials = self.server.validate_authorization_request(*asked)
            answered = self.server.create_authorization_response(*asked, scopes=scopes, credentials=credentials)
        else:
            good, _ = self.server.verify_request(*asked, scopes=[])
            return httpx.Response(200, json={"data": [{"id": "th_0"}]}) if good else httpx.Response(401, json={})
        more, body, status = answered
        return httpx.Response(status, headers=more, text=body or "")

    async def handle_async_request(self, request):
        await request.aread()
        return self.handle_request(request)


@pytest.fixture
def vendor():
    return Vendor()


def person(secret=SECRET):
    return Connection("person", client_id=CLIENT, client_secret=secret)


def signed_in(vendor, connection):
    with Client(connection, SPECS, vendor) as client:
        begun = client.sign_in(BACK)
        back = httpx.Client(transport=vendor).get(begun.url).headers["location"]
        begun.finish(back)
    return dict(parse_qsl(urlsplit(back).query))


def test_a_machine_gets_a_token(vendor):
    connection = Connection("machine", client_id=CLIENT, client_secret=SECRET)
    with Client(connection, SPECS, vendor) as client:
        assert client.execute("machine.list_things").output == [{"id": "th_0"}]
    assert connection.tokens["expires_in"] == 3600


def test_a_person_signs_in_and_the_token_is_renewed_in_either_world(vendor):
    connection = person()
    signed_in(vendor, connection)
    first = connection.tokens
    vendor.validator.bearer.clear()
    with Client(connection, SPECS, vendor) as client:
        assert client.execute("person.list_things").output == [{"id": "th_0"}]
    second = connection.tokens
    vendor.validator.bearer.clear()

    async def live():
        async with AsyncClient(connection, SPECS, vendor) as client:
            return await asyncio.gather(*(client.execute("person.list_things") for _ in range(5)))

    assert [one.output for one in asyncio.run(live())] == [[{"id": "th_0"}]] * 5
    assert len({one["refresh_token"] for one in (first, second, connection.tokens)}) == 3
    assert vendor.validator.refresh == {connection.tokens["refresh_token"]}


def test_a_code_is_good_once_and_for_who_asked(vendor):
    brought = signed_in(vendor, person())
    with Client(person(), SPECS, vendor) as client:
        begun = client.sign_in(BACK)
        with pytest.raises(ConnectionInvalid, match="refuses this connection: invalid_grant"):
            begun.finish(f"?code={brought['code']}&state={begun.state}")
        stolen = dict(
            parse_qsl(urlsplit(httpx.Client(transport=vendor).get(client.sign_in(BACK).url).headers["location"]).query)
        )
        with pytest.raises(ConnectionInvalid, match="refuses this connection: invalid_grant"):
            begun.finish(f"?code={stolen['code']}&state={begun.state}")


def test_another_secret_is_refused_in_its_words(vendor):
    with pytest.raises(
        ConnectionInvalid, match=r"the token endpoint of person refuses this connection: invalid_client$"
    ):
        signed_in(vendor, person("another secret"))
