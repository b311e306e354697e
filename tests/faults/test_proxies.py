"""The proxies that the environment names, in both worlds."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from base64 import b64encode

import pytest
import trustme
from fault_worlds import SPEC
from server import FaultServer

import koppling

SECRET = "s3cret/word"


class Proxy:
    """Forwards, tunnels, and speaks SOCKS 5; notes what it was asked. Every name leads to the loopback address."""

    def __init__(self, kind="http", *, answer=None, wants=None, tls=None):
        self._kind, self._answer, self._wants, self._tls = kind, answer, wants, tls
        self.asked = []
        self._open, self._threads = [], []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._start(self._accept)

    def _start(self, run, *args):
        thread = threading.Thread(target=run, args=args)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                opened, _ = self._listener.accept()
                self._open.append(opened)
                self._start(self._serve, opened)

    def _serve(self, opened):
        with contextlib.suppress(OSError, EOFError):
            if self._tls is not None:
                opened = self._tls.wrap_socket(opened, server_side=True)
                self._open.append(opened)
            (self._socks if self._kind == "socks" else self._http)(opened)
        opened.close()

    def _http(self, opened):
        head = b""
        while b"\r\n\r\n" not in head:
            head += self._some(opened)
        first, _, rest = head.partition(b"\r\n")
        method, target, _ = first.decode().split(" ")
        fields = dict(line.decode().split(": ", 1) for line in rest.split(b"\r\n\r\n")[0].split(b"\r\n"))
        self.asked.append((method, target, fields.get("proxy-authorization")))
        if self._answer is not None:
            opened.sendall(self._answer)
            return
        if method == "CONNECT":
            there = socket.create_connection(("127.0.0.1", int(target.rpartition(":")[2])))
            opened.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            there = socket.create_connection(("127.0.0.1", int(target.split("/")[2].rpartition(":")[2])))
            there.sendall(head)
        self._relay(opened, there)

    def _socks(self, opened):
        _, count = self._exactly(opened, 2)
        methods = self._exactly(opened, count)
        method = 2 if self._wants else 0
        opened.sendall(bytes((5, method if method in methods else 255)))
        if method not in methods:
            return
        if method == 2:
            user = self._exactly(opened, self._exactly(opened, 2)[1])
            password = self._exactly(opened, self._exactly(opened, 1)[0])
            fine = (user.decode(), password.decode()) == self._wants
            opened.sendall(bytes((1, 0 if fine else 1)))
            if not fine:
                return
        self._exactly(opened, 4)
        host = self._exactly(opened, self._exactly(opened, 1)[0]).decode()
        port = int.from_bytes(self._exactly(opened, 2))
        self.asked.append(("SOCKS", f"{host}:{port}", None))
        opened.sendall(self._answer or bytes((5, 0, 0, 1, 127, 0, 0, 1, 0, 0)))
        if self._answer is None:
            self._relay(opened, socket.create_connection(("127.0.0.1", port)))

    def _relay(self, one, other):
        self._open.append(other)
        self._start(self._pump, other, one)
        self._pump(one, other)

    @staticmethod
    def _pump(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def _some(opened):
        data = opened.recv(65536)
        if not data:
            raise EOFError
        return data

    @classmethod
    def _exactly(cls, opened, count):
        data = b""
        while len(data) < count:
            one = opened.recv(count - len(data))
            if not one:
                raise EOFError
            data += one
        return data

    def stop(self):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads[:1]:
            thread.join()
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for one in self._open:
            one.close()


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    authority = trustme.CA()
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("acme.test", "localhost").configure_cert(context)
    return path, context


@pytest.fixture
def start(monkeypatch, tls):
    """Start an origin and a proxy, and let the environment name it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tls[0]))
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    running = []

    def make(variable, scheme="http", *, secure=False, user="", proxy_tls=False, **options):
        origin = FaultServer(tls[1] if secure else None)
        proxy = Proxy("socks" if scheme.startswith("socks") else "http", tls=tls[1] if proxy_tls else None, **options)
        running.extend((origin, proxy))
        host = "localhost" if proxy_tls else "127.0.0.1"
        monkeypatch.setenv(variable, f"{scheme}://{user}{host}:{proxy.port}")
        return origin, proxy, f"{'https' if secure else 'http'}://acme.test:{origin.port}/v1"

    yield make
    for one in running:
        one.stop()


def call(world, url, times=1):
    connection = koppling.Connection("acme", base_url=url)
    clock = koppling.Clock(sleep=lambda _: None)

    async def lived():
        async with koppling.AsyncClient(connection, SPEC, clock=clock) as client:
            return [(await client.execute("acme.make_thing")).output for _ in range(times)]

    if world == "tasks":
        return asyncio.run(lived())
    with koppling.Client(connection, SPEC, clock=clock) as client:
        return [client.execute("acme.make_thing").output for _ in range(times)]


WORLDS = pytest.mark.parametrize("world", ["threads", "tasks"])


@WORLDS
def test_a_request_without_tls_is_handed_to_the_proxy_whole(world, start):
    origin, proxy, url = start("http_proxy", user="me:s3cret%2Fword@")
    assert call(world, url, times=2) == [{"id": "fine"}] * 2
    basic = f"Basic {b64encode(f'me:{SECRET}'.encode()).decode()}"
    assert proxy.asked == [("POST", f"http://acme.test:{origin.port}/v1/things", basic)]  # and the connection is kept


@WORLDS
@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY", "all_proxy"])
def test_tls_goes_through_a_tunnel(world, variable, start):
    origin, proxy, url = start(variable, secure=True, user="me:s3cret%2Fword@")
    assert call(world, url, times=2) == [{"id": "fine"}] * 2
    assert [one[:2] for one in proxy.asked] == [("CONNECT", f"acme.test:{origin.port}")]
    assert b"s3cret" not in b"".join(origin.requests)
    assert b"proxy-authorization" not in origin.requests[0].lower()


@WORLDS
@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("wants", [None, ("me", SECRET)])
def test_socks_goes_through_a_tunnel_too(world, secure, wants, start):
    origin, proxy, url = start("all_proxy", "socks5h", secure=secure, wants=wants, user="me:s3cret%2Fword@")
    assert call(world, url) == [{"id": "fine"}]
    assert proxy.asked == [("SOCKS", f"acme.test:{origin.port}", None)]


@WORLDS
def test_a_proxy_may_itself_be_spoken_to_over_tls(world, start):
    _, proxy, url = start("http_proxy", "https", proxy_tls=True)
    assert call(world, url) == [{"id": "fine"}]
    assert proxy.asked[0][0] == "POST"


def test_tls_within_tls_is_for_tasks_and_threads_say_so(start):
    _, proxy, url = start("https_proxy", "https", secure=True, proxy_tls=True)
    assert call("tasks", url) == [{"id": "fine"}]
    with pytest.raises(koppling.TransportError, match="is for AsyncClient alone"):
        call("threads", url)
    assert len(proxy.asked) == 1


@WORLDS
def test_no_proxy_is_heeded(world, start, monkeypatch):
    origin, proxy, _ = start("http_proxy")
    monkeypatch.setenv("no_proxy", "other.test, 127.0.0.1")
    assert call(world, f"http://127.0.0.1:{origin.port}/v1") == [{"id": "fine"}]
    assert proxy.asked == []


REFUSALS = [
    ("https_proxy", "http", {"secure": True, "answer": b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"}, "refused: 407 Proxy Authentication Required"),
    ("https_proxy", "http", {"secure": True, "answer": b""}, "the server closed the connection without an answer"),
    ("all_proxy", "socks5", {"wants": ("me", SECRET)}, "refused: it wants to know who is asking"),
    ("all_proxy", "socks5", {"wants": ("me", SECRET), "user": "me:wrong@"}, "refused: user name or password is wrong"),
    ("all_proxy", "socks5", {"answer": bytes((5, 5, 0, 1, 0, 0, 0, 0, 0, 0))}, "refused: connection refused"),
    ("all_proxy", "gopher", {}, "no http://, https:// or socks5:// address"),
]  # fmt: skip


@WORLDS
@pytest.mark.parametrize(("variable", "scheme", "options", "words"), REFUSALS, ids=[case[3] for case in REFUSALS])
def test_a_proxy_that_refuses_is_told_without_its_password(world, variable, scheme, options, words, start):
    _, _, url = start(variable, scheme, **options)
    with pytest.raises(koppling.TransportError, match=words) as caught:
        call(world, url)
    assert caught.value.sent is False
    assert "s3cret" not in str(caught.value)
    assert "wrong@" not in str(caught.value)
