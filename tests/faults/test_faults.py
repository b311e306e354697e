"""Every fault of cases.yaml, in every world: what the caller sees, that nothing leaks, that the client works afterwards."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme
from fault_worlds import WORLDS, Outcome, Untouched
from ruamel.yaml import YAML
from server import FINE, FaultServer

CASES: list[dict[str, Any]] = YAML(typ="safe").load((Path(__file__).parent / "cases.yaml").read_text())
KEYS = {"name", "call", "streamed", "size", "timeout", "max_body", "max_file", "public_only", "server", "gate", "tls", "host", "gives", "slept", "kept", "requests", "then"}  # fmt: skip


def test_every_case_says_only_what_is_understood():
    assert [(case["name"], set(case) - KEYS) for case in CASES if set(case) - KEYS] == []
    assert len({case["name"] for case in CASES}) == len(CASES)


@pytest.fixture(scope="session")
def authorities(tmp_path_factory):
    ours, others = trustme.CA(), trustme.CA()
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    ours.cert_pem.write_to_path(str(path))
    contexts = {}
    for name, authority, host in [
        ("trusted", ours, "localhost"),
        ("unknown", others, "localhost"),
        ("another_name", ours, "acme.test"),
    ]:
        contexts[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(host).configure_cert(contexts[name])
    return path, contexts


@pytest.fixture
def names(monkeypatch):
    """No name is looked up: what is not the loopback address does not exist."""
    known = socket.getaddrinfo

    def find(host, *args, **options):
        if host in {"localhost", "127.0.0.1", b"localhost"}:
            return known("127.0.0.1", *args, **options)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", find)


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_fault_is_told_and_leaves_nothing_behind(case, world, authorities, names, monkeypatch):
    ca, contexts = authorities
    monkeypatch.setenv("SSL_CERT_FILE", str(ca))
    with Untouched():
        server = FaultServer(contexts.get(case.get("tls")))
        try:
            asyncio.run(lived(case, WORLDS[world], server))
        finally:
            server.stop()


async def lived(case: dict[str, Any], world: Any, server: FaultServer) -> None:
    scheme = "https" if "tls" in case else "http"
    url = f"{scheme}://{case.get('host', 'localhost')}:{server.port}/v1"
    if case.get("server") == "none":
        server.stop()
    else:
        server.play(case.get("server", FINE))
    slept: list[float] = []
    client = world(url, slept, case)
    try:
        outcome = await client.call(case)
        check(case["gives"], outcome)
        assert slept == case.get("slept", [0.5, 1.0][: outcome["attempts"] - 1]), "how long was waited between attempts"
        if "requests" in case:
            assert len(server.requests) == case["requests"], "how many requests reached the server"
        if case.get("gate"):
            server.open_gate()
            assert await asyncio.to_thread(server.passed.wait, 20)
        if case.get("server") == "none" or case.get("then") == "nothing":
            return
        before = server.places[-1:]
        server.play(FINE)
        after = await client.call({"call": case.get("then", "get_thing")})
        assert after.get("output") == {"id": "fine"}, after
        if "kept" in case:
            assert (server.places[-1:] == before) is case["kept"], "whether the connection was kept"
    finally:
        await client.close()
        assert await asyncio.to_thread(server.wait_until_left), "connections that the client left open"


def check(expected: dict[str, Any], found: Outcome) -> None:
    """Compare what a case expects; `words` is a pattern."""
    if "output" not in expected:
        expected = {"attempts": 1, **expected}
    for key, value in expected.items():
        if key == "words":
            assert re.search(value, found["words"]), found["words"]
        else:
            assert found.get(key) == value, (key, found)
