"""What is secret in a call is in no recorded byte, in no spelling, wherever the vendor echoes it."""

from __future__ import annotations

import base64
import html
import json
import re
from urllib.parse import quote, quote_plus, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from listening_vendor import KEY, Reply

from koppling_tools.recording.disguise import Disguise, Secret

HELD = (0, "1 passed, 0 failed\n")
PASSWORD = 'pä/ss+w0rd"\\\u2603 x=&<y>'


def seen(text: str, secret: str) -> list[str]:
    """In which ways a secret can be read out of a text. Knows nothing of how the recorder looks for it."""
    views = {
        "plain": text,
        "unquoted": unquote(text),
        "twice": unquote(unquote(text)),
        "plus": unquote(text.replace("+", " ")),
    }
    views["xml"] = html.unescape(text)
    for token in re.findall(r"[A-Za-z0-9+/_-]{4,}", text):
        for start in range(4):
            part = token[start:].replace("-", "+").replace("_", "/")
            part = part[: len(part) - (len(part) % 4 == 1)]
            views[f"base64 {token} {start}"] = base64.b64decode(part + "=" * (-len(part) % 4)).decode("utf-8", "ignore")
        if re.fullmatch(r"(?:[0-9a-fA-F]{2})+", token):
            views[f"hex {token}"] = bytes.fromhex(token).decode("utf-8", "ignore")
    views |= {f"{name}, escaped": unescaped(view) for name, view in views.items()}
    folded = secret.casefold()
    return [name for name, view in views.items() if folded in view.casefold()]


def unescaped(text: str) -> str:
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
    return re.sub(r'\\(["\\/])', r"\1", text)


def b64(text: str, before: str = "", after: str = "") -> str:
    return base64.b64encode(f"{before}{text}{after}".encode()).decode()


SPELLINGS = {
    "plain": lambda secret: f"your key is {secret}!",
    "percent-encoded": lambda secret: f"/login?key={quote(secret, safe='')}&x=1",
    "percent-encoded, some of it": lambda secret: f"/login?key={quote(secret)}",
    "percent-encoded in small letters": lambda secret: quote(secret, safe="").lower(),
    "percent-encoded whole": lambda secret: "".join(f"%{octet:02X}" for octet in secret.encode()),
    "percent-encoded twice": lambda secret: quote(quote(secret, safe=""), safe=""),
    "as a form writes it": lambda secret: f"key={quote_plus(secret)}",
    "base64": b64,
    "base64 without its end": lambda secret: b64(secret).rstrip("="),
    "base64 of a pair": lambda secret: f"Basic {b64(secret, 'ann:')}",
    "base64 in the midst": lambda secret: b64(secret, "xy", "and more"),
    "base64 in the midst, one further": lambda secret: b64(secret, "x", "and more."),
    "base64 for addresses": lambda secret: base64.urlsafe_b64encode(f"?{secret}".encode()).decode(),
    "base64 after a word": lambda secret: f"token-{b64(secret)}",
    "base64 of JSON": lambda secret: b64(json.dumps({"key": secret}, ensure_ascii=False)),
    "hexadecimal": lambda secret: secret.encode().hex(),
    "hexadecimal in capitals": lambda secret: secret.encode().hex().upper(),
    "JSON within JSON": lambda secret: json.dumps({"key": secret}),
    "JSON with escapes": lambda secret: "".join(f"\\u{ord(one):04x}" for one in secret),
    "XML": lambda secret: f"<key>{html.escape(secret)}</key>",
    "XML by numbers": lambda secret: "".join(f"&#{ord(one)};" for one in secret),
    "capitals": lambda secret: secret.upper() if len(secret.upper()) == len(secret) else secret,
    "twice in a row": lambda secret: secret * 2,
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_key_that_is_echoed_is_not_in_the_example(server, record, replayed, name):
    echo = SPELLINGS[name](KEY)
    assert seen(echo, KEY)
    server.say = lambda _: Reply({"echo": echo, "deep": [{"list": [echo]}], f"key {echo}": 1})
    found = record("vault.get_thing", "id=th_1")
    assert found.status == 0, found.err
    assert seen(found.text, KEY) == []
    assert replayed(found.path) == HELD


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_secret_input_that_is_echoed_is_not_in_the_example(server, record, replayed, name):
    echo = SPELLINGS[name](PASSWORD)
    server.say = lambda _: Reply({"error": {"message": echo, "code": "refused"}}, 401)
    found = record("vault.unlock", f"password={PASSWORD}", "pin:=81726354", 'door:={"code": "d00r-c0de", "open": true}')
    assert found.status == 0, found.err
    for secret in (PASSWORD, "81726354", "d00r-c0de", KEY):
        assert seen(found.text, secret) == []
    assert "inputs: {password: example-password, pin: 4711, door: {code: example-door, open: true}}" in found.text
    assert f'hidden: "{b64("example-password")}"' in found.text or f"hidden: {b64('example-password')}" in found.text
    assert replayed(found.path) == HELD


SHAPES = {
    "text": (lambda echo: echo.encode(), "text/plain"),
    "bytes": (lambda echo: b"\x89PNG\xff" + echo.encode() + b"\x00", "image/png"),
    "bytes of two each": (lambda _: b"\xff\xfe" + KEY.encode("utf-16-le"), "application/octet-stream"),
    "JSON that an example writes as text": (lambda echo: json.dumps({"a": echo, "b": [1]}).replace("{", '{"b": 0, ', 1).encode(), "application/json"),
    "JSON escaped by hand": (lambda _: b'{"b": 0, "b": 1, "a": "' + "".join(f"\\u{ord(one):04X}" for one in KEY).encode() + b'"}', "application/json"),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_no_shape_of_an_answer_hides_a_key(server, record, replayed, name):
    make, kind = SHAPES[name]
    server.say = lambda _: Reply(data=make(KEY), headers=[("Content-Type", kind)])
    found = record("vault.get_picture")
    assert found.status == 0, found.err
    assert seen(found.text, KEY) == []
    blobs = [base64.b64decode(one) for one in re.findall(r'base64: "?([A-Za-z0-9+/=]+)', found.text)]
    assert all(KEY.encode() not in one and KEY.encode("utf-16-le") not in one for one in blobs)
    assert replayed(found.path) == HELD


def test_cookies_and_what_the_headers_of_an_answer_echo_are_not_in_the_example(server, record, replayed):
    session = "s3ss10n-0123456789abcdef"
    headers = [
        ("Set-Cookie", f"sid={session}; HttpOnly; Path=/"),
        ("Set-Cookie", "lang=en"),
        ("X-Echo", f"Bearer {KEY}"),
    ]
    server.say = lambda _: Reply({"session": session, "lang": "en", "link": f"/?s={quote(session)}"}, headers=headers)
    found = record("vault.call", "url=things?id=7")
    assert found.status == 0, found.err
    assert "set-cookie" not in found.text
    assert (seen(found.text, session), seen(found.text, KEY)) == ([], [])
    assert "x-echo: Bearer example-api_key" in found.text
    assert "session: example-sid, lang: en" in found.text
    assert replayed(found.path) == HELD


def test_a_user_a_password_and_a_key_in_the_query_have_stand_ins(server, record, replayed, monkeypatch):
    for name, value in {
        "USER": "ann",
        "PASSWORD": PASSWORD.replace("\u2603", "s"),
        "TOKEN": "t0k/en+q=1 &",
        "REGION": "south",
    }.items():
        monkeypatch.setenv(f"GATE_{name}", value)
    server.say = lambda asked: Reply({"auth": asked.headers["authorization"], "target": asked.target})
    found = record("gate.get_thing", "id=th_1")
    assert found.status == 0, found.err
    for secret in (PASSWORD.replace("\u2603", "s"), "t0k/en+q=1 &"):
        assert seen(found.text, secret) == []
    assert "connection: {user: ann, region: south}\n" in found.text
    assert "query: {token: example-token, region: south}" in found.text
    assert f'auth: "Basic {b64("example-password", "ann:")}"' in found.text
    assert replayed(found.path) == HELD


def test_what_a_vendor_shows_of_a_key_that_it_refuses_is_not_in_the_example(server, record, replayed, monkeypatch):
    key = "sk-proj-Zr8wT5vY1fQe-9bC7dX2"
    monkeypatch.setenv("VAULT_API_KEY", key)
    said = f"Incorrect API key provided: {key[:8]}{'*' * 16}{key[-4:]}. You began with {key[:14]}…"
    server.say = lambda _: Reply({"error": {"message": said}}, 401)
    found = record("vault.get_thing", "id=th_1")
    assert found.status == 0, found.err
    assert key[:6] not in found.text
    assert key[-4:] not in found.text
    assert replayed(found.path) == HELD


def test_tokens_that_an_answer_hands_out_are_not_in_the_example(server, record, replayed):
    server.say = lambda _: Reply({"access_token": "at-0123456789", "expires_in": 3600, "hint": "use at-0123456789"})
    found = record("vault.get_thing", "id=th_1")
    assert found.status == 0, found.err
    assert "at-0123456789" not in found.text
    assert "{access_token: example-access_token, expires_in: 3600, hint: use example-access_token}" in found.text
    assert replayed(found.path) == HELD


def test_a_secret_that_is_spelled_in_the_words_of_the_example_keeps_it_from_being_kept(server, record, monkeypatch):
    monkeypatch.setenv("VAULT_API_KEY", "response")
    server.say = lambda _: Reply({"ok": True})
    found = record("vault.get_thing", "id=th_1")
    assert (found.status, found.path.exists()) == (1, False)
    assert "the connection's api_key would stand in the example, in a spelling that has no stand-in" in found.err
    assert "nothing was kept; use another secret, or other inputs" in found.err


def test_a_secret_that_is_its_own_stand_in_is_none(server, record, replayed, monkeypatch):
    monkeypatch.setenv("VAULT_API_KEY", "example-api_key")
    server.say = lambda asked: Reply({"key": asked.headers["authorization"]})
    found = record("vault.get_thing", "id=th_1")
    assert found.status == 0, found.err
    assert replayed(found.path) == HELD


LETTERS = st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_categories=["Cc", "Cf", "Cs", "Lm"])


@settings(max_examples=150, deadline=None)
@given(
    secret=st.text(LETTERS, min_size=8, max_size=40),
    spelling=st.sampled_from([name for name in SPELLINGS if name not in {"capitals", "twice in a row"}]),
    before=st.text(LETTERS, max_size=12),
    after=st.text(LETTERS, max_size=12),
)
def test_whatever_the_secret_and_its_surroundings_it_is_replaced_and_found_nowhere(secret, spelling, before, after):
    disguise = Disguise([Secret(secret, "~", "the secret")])
    text = f"{before} {SPELLINGS[spelling](secret)} {after}"
    assert list(disguise.left_in(text))
    shown = disguise.text(text)
    assert list(disguise.left_in(shown)) == []
    assert seen(shown, secret) == []
