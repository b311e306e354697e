"""A vendor with OAuth 2, scripted: its token endpoint keeps the standard's rules, its API takes only tokens that live.

It answers httpx in either world, or over a socket (`Served`).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlencode, urlsplit

import httpx

CLIENT = "client one"
SECRET = "canary:s3cret/ä%41+b"
CANARIES = (SECRET, "canary-access", "canary-refresh", "canary-code")


@dataclass
class Code:
    redirect: str
    challenge: str | None
    used: bool = False


@dataclass
class OAuthVendor(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """`public` clients have no secret; `rotates` gives a new refresh token each time, and revokes all on a second use."""

    expires_in: object = 3600
    public: bool = False
    rotates: bool = True
    pause: float = 0.0
    lock: threading.RLock = field(default_factory=threading.RLock)
    seen: list[tuple[str, str, dict[str, str], str]] = field(default_factory=list)
    living: set[str] = field(default_factory=set)
    refreshing: dict[str, bool] = field(default_factory=dict)  # refresh token: whether it was used
    codes: dict[str, Code] = field(default_factory=dict)
    scripted: list[object] = field(default_factory=list)  # what the token endpoint says next instead
    given: int = 0

    # ---- what tests ask ----

    @property
    def asked(self) -> list[dict[str, str]]:
        """The forms that the token endpoint was sent."""
        return [
            dict(parse_qsl(body, keep_blank_values=True)) for method, path, _, body in self.seen if path == "/token"
        ]

    @property
    def called(self) -> list[tuple[str, str]]:
        """Method and token of each request to the API."""
        return [
            (method, headers.get("authorization", ""))
            for method, path, headers, _ in self.seen
            if path not in {"/token", "/authorize"}
        ]

    def revoke(self) -> None:
        """Let no access token be taken any more, though none of them is at its end."""
        with self.lock:
            self.living.clear()

    def tokens(self, **more: object) -> dict[str, object]:
        """Return new tokens, as an answer has them."""
        with self.lock:
            self.given += 1
            access, refresh = f"canary-access-{self.given}", f"canary-refresh-{self.given}"
            self.living.add(access)
            self.refreshing[refresh] = False
        found = {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": self.expires_in,
            "refresh_token": refresh,
            **more,
        }
        return {name: value for name, value in found.items() if value is not None}

    # ---- what it answers ----

    def answer(self, method: str, url: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], object]:
        parts = urlsplit(url)
        text = body.decode(errors="replace")
        with self.lock:
            self.seen.append((method, parts.path, headers, text))
        if parts.path == "/token":
            time.sleep(self.pause)
            with self.lock:
                return self._token(method, headers, text)
        if parts.path == "/authorize":
            return self._authorize(dict(parse_qsl(parts.query)))
        token = headers.get("authorization", "").removeprefix("Bearer ")
        with self.lock:
            if token not in self.living:
                return 401, {}, {"message": f"the token {token} is not good"}
        if parts.path == "/watch":
            return (
                200,
                {"content-type": "text/event-stream"},
                'data: {"text": "a"}\n\ndata: {"text": "b"}\n\ndata: [DONE]\n\n',
            )
        if method == "POST":
            return 200, {}, {"id": "made"}
        after = parse_qs(parts.query).get("after", ["0"])[0]
        return 200, {}, {"data": [{"id": f"th_{after}"}], "next": str(int(after) + 1) if int(after) < 2 else None}

    def _token(self, method: str, headers: dict[str, str], text: str) -> tuple[int, dict[str, str], object]:
        if self.scripted:
            said = self.scripted.pop(0)
            if isinstance(said, Exception):
                raise said
            return said if isinstance(said, tuple) else (200, {}, said)
        form = dict(parse_qsl(text, keep_blank_values=True))
        if method != "POST" or headers.get("content-type") != "application/x-www-form-urlencoded":
            return 400, {}, {"error": "invalid_request", "error_description": "POST a form"}
        if self._client(headers, form) != (CLIENT, None if self.public else SECRET):
            return (
                401,
                {},
                {
                    "error": "invalid_client",
                    "error_description": f"no such client, or not with {form.get('client_secret')}",
                },
            )
        match form.get("grant_type"):
            case "client_credentials":
                return 200, {}, self.tokens(refresh_token=None)
            case "refresh_token":
                return self._refresh(form.get("refresh_token", ""))
            case "authorization_code":
                return self._exchange(form)
        return 400, {}, {"error": "unsupported_grant_type"}

    def _client(self, headers: dict[str, str], form: dict[str, str]) -> tuple[str | None, str | None]:
        """RFC 6749, 2.3.1: in the header, form-encoded within; or in the body."""
        scheme, _, coded = headers.get("authorization", "").partition(" ")
        if scheme == "Basic":
            name, _, secret = base64.b64decode(coded).decode().partition(":")
            assert "client_secret" not in form
            return unquote_plus(name), unquote_plus(secret)
        return form.get("client_id"), form.get("client_secret")

    def _refresh(self, token: str) -> tuple[int, dict[str, str], object]:
        if self.refreshing.get(token, True):  # unknown, or used: RFC 9700, 4.14.2
            self.refreshing.clear()
            self.living.clear()
            return (
                400,
                {},
                {"error": "invalid_grant", "error_description": f"the token {token} was used, or never given"},
            )
        if not self.rotates:
            return 200, {}, self.tokens(refresh_token=None)
        self.refreshing[token] = True
        return 200, {}, self.tokens()

    def _authorize(self, query: dict[str, str]) -> tuple[int, dict[str, str], object]:
        code = f"canary-code-{len(self.codes)}"
        assert query["response_type"] == "code"
        self.codes[code] = Code(query["redirect_uri"], query.get("code_challenge"))
        back = urlencode({"code": code, "state": query["state"]})
        return 302, {"location": f"{query['redirect_uri']}?{back}"}, {}

    def _exchange(self, form: dict[str, str]) -> tuple[int, dict[str, str], object]:
        code = self.codes.get(form.get("code", ""))
        if code is None or code.used or code.redirect != form.get("redirect_uri"):
            return 400, {}, {"error": "invalid_grant"}
        code.used = True
        if code.challenge is not None:  # RFC 7636, 4.6
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            if base64.urlsafe_b64encode(digest).decode().rstrip("=") != code.challenge:
                return 400, {}, {"error": "invalid_grant", "error_description": "another verifier"}
        return 200, {}, self.tokens()

    # ---- as a transport of httpx ----

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        return self._response(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        await asyncio.sleep(self.pause)
        pause, self.pause = self.pause, 0.0
        try:
            return self._response(request)
        finally:
            self.pause = pause

    def _response(self, request: httpx.Request) -> httpx.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        status, more, body = self.answer(request.method, str(request.url), headers, request.content)
        return httpx.Response(status, headers=more, **({"text": body} if isinstance(body, str) else {"json": body}))


class Served:
    """A vendor that listens on the loopback address."""

    def __init__(self, vendor: OAuthVendor) -> None:
        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, more, said = vendor.answer(self.command, self.path, headers, body)
                data = said.encode() if isinstance(said, str) else json.dumps(said).encode()
                self.send_response(status)
                for name, value in {
                    "content-type": "application/json",
                    **more,
                    "content-length": str(len(data)),
                }.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = answer  # noqa: N815  (http.server's names)

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}/"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
