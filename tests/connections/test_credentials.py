"""Bearer, basic, a key in a header or in the query: what is sent, what is refused, and that nobody else sees it."""

from __future__ import annotations

import base64
import logging

import httpx
import pytest

from koppling import ApiError, Client, Connection, ConnectionInvalid

CONNECTOR = """\
koppling: 1
name: keyed
title: Keyed
version: 1.0.0
connection:
  fields: {{user: {{type: string}}, key: {{type: string, secret: true}}}}
auth: {auth}
request: {{base_url: "https://keyed.test/"}}
errors: [{{status: 400-499, kind: data}}]
error_body: {{message: message}}
"""
MODULE = """\
name: list_things
version: 1.0.0
kind: search
title: List things
request: {method: GET, path: /things}
response: {items: data, pages: {link: next}}
"""
BEARER, HEADER, QUERY = (
    '{bearer: "${connection.key}"}',
    '{api_key: {in: header, name: X-Key, value: "Key ${connection.key}"}}',
    '{api_key: {in: query, name: key, value: "${connection.key}"}}',
)
BASIC = '{basic: {username: "${connection.user}", password: "${connection.key}"}}'
PART = "{bearer: \"${split(connection.key, ':')[1]}\"}"
KEY = "canary:k3y ä/+%&"


@pytest.fixture
def specs(tmp_path):
    def write(auth):
        (tmp_path / "keyed/modules").mkdir(parents=True)
        (tmp_path / "keyed/connector.yaml").write_text(CONNECTOR.format(auth=auth))
        (tmp_path / "keyed/modules/list_things.v1.yaml").write_text(MODULE)
        return tmp_path

    return write


def sent(specs, answers, **fields):
    seen = []

    def answer(request):
        seen.append(request)
        return answers.pop(0)

    with Client(Connection("keyed", **fields), specs, httpx.MockTransport(answer)) as client:
        return seen, client.execute("keyed.list_things")


@pytest.mark.parametrize(
    ("auth", "fields", "header", "value"),
    [
        (BEARER, {"key": "abcd"}, "authorization", "Bearer abcd"),
        (BEARER, {}, "authorization", None),
        (HEADER, {"key": "abcd"}, "x-key", "Key abcd"),
        (HEADER, {}, "x-key", None),
        # RFC 7617, 2 and 2.1
        (BASIC, {"user": "Aladdin", "key": "open sesame"}, "authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        (BASIC, {"user": "test", "key": "123\u00a3"}, "authorization", "Basic dGVzdDoxMjPCow=="),
        (BASIC, {"user": "u", "key": ":"}, "authorization", "Basic dTo6"),
        (BASIC, {"user": "u"}, "authorization", "Basic dTo="),
        (BASIC, {"key": "k"}, "authorization", "Basic Oms="),
        (BASIC, {}, "authorization", None),
    ],
)
def test_a_header_proves_who_calls(specs, auth, fields, header, value):
    (request,), _ = sent(specs(auth), [httpx.Response(200, json={"data": []})], **fields)
    assert request.headers.get(header) == value


def test_a_key_in_the_query_goes_with_every_page_once(specs):
    pages = [
        httpx.Response(200, json={"data": [1]}, headers={"link": "</things?after=2>; rel=next"}),
        httpx.Response(
            200, json={"data": [2]}, headers={"link": "</things?after=3&key=canary-of-the-vendor>; rel=next"}
        ),
        httpx.Response(200, json={"data": [3]}),
    ]
    seen, result = sent(specs(QUERY), pages, key=KEY)
    assert result.output == [1, 2, 3]
    assert [request.url.params.get_list("key") for request in seen] == [[KEY], [KEY], ["canary-of-the-vendor"]]


@pytest.mark.parametrize(
    ("auth", "fields", "words"),
    [
        (BEARER, {"key": "abcd\n"}, "the credential of the connection must"),
        (BEARER, {"key": "abcd\r\nX-Evil: 1"}, "the credential of the connection must"),
        (BEARER, {"key": "ä€"}, "the credential of the connection must"),
        (HEADER, {"key": "a\0b"}, "the credential of the connection must"),
        (BASIC, {"user": "a:b", "key": "k"}, "the user name of the connection must not hold a colon"),
    ],
)
def test_what_no_header_can_carry_is_refused_before_anything_is_sent(specs, auth, fields, words):
    with pytest.raises(ConnectionInvalid, match=words):
        sent(specs(auth), [], **fields)


@pytest.mark.parametrize("auth", [BEARER, HEADER, QUERY, BASIC, PART])
def test_nobody_else_sees_it(specs, auth, caplog):
    caplog.set_level(logging.DEBUG)
    key = KEY if auth in {QUERY, BASIC} else "some:canary-key"
    echo = [key, key.partition(":")[2], base64.b64encode(f"user:{key}".encode()).decode()]
    shown = []
    answer = httpx.Response(400, json={"message": f"not with {echo[0]} {echo[2]}"})
    with Client(
        Connection("keyed", user="user", key=key),
        specs(auth),
        httpx.MockTransport(lambda _: answer),
        on_request=lambda one: shown.append(repr(one)),
    ) as client:
        request = client.render("keyed.list_things")
        with pytest.raises(ApiError) as told:
            client.execute("keyed.list_things")
    shown += [
        repr(request),
        str(request),
        request.curl(),
        str(request.as_json()),
        str(told.value),
        repr(told.value),
        repr(told.value.__dict__),
        caplog.text,
    ]
    hidden = [*echo, str(httpx.QueryParams({"key": key})).partition("=")[2]]
    assert len(shown) == 9
    assert not [(one, text) for one in hidden for text in shown if one in text]
