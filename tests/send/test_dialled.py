"""Which addresses may be dialled where only public ones may, and that none other is."""

from __future__ import annotations

import asyncio
import socket

import pytest

import koppling
from koppling.send.dialled import public

PUBLIC = ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::101:101"]
NOT_PUBLIC = [
    "127.0.0.1", "127.9.9.9", "0.0.0" + ".0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0",
    "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::1", "2002:a00:1::", "2002:101:101::1", "2001:0:102:304::1", "::ffff:1.1.1.1", "localhost", "", "2130706433",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_dialled(address):
    assert public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_another_one_may_not(address):
    assert not public(address)


class Dialled(Exception):
    """Somebody wants to connect there."""


@pytest.fixture
def net(monkeypatch):
    """A net in which names lead where the test says, and dialling only notes the address."""
    found = {"lookups": 0, "dialled": [], "addresses": []}

    def find(host, port, *_args, **_options):
        host = host.decode() if isinstance(host, bytes) else host
        found["lookups"] += 1
        there = found["addresses"][min(found["lookups"], len(found["addresses"])) - 1]
        return [
            (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, int(port or 0)))
            for one in there
        ]

    def connect(_self, address):
        found["dialled"].append(address[0])
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket, "getaddrinfo", find)
    monkeypatch.setattr(socket.socket, "connect", connect)
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return found


def call(world, url, specs, **options):
    connection = koppling.Connection("acme", base_url=url)
    clock = koppling.Clock(sleep=lambda _: None)

    async def lived():
        async with koppling.AsyncClient(connection, specs, clock=clock, **options) as client:
            return await client.execute("acme.get_thing")

    try:
        if world == "tasks":
            asyncio.run(lived())
        else:
            with koppling.Client(connection, specs, clock=clock, **options) as client:
                client.execute("acme.get_thing")
    except koppling.TransportError as error:
        return error
    raise AssertionError("it got through")


WORLDS = pytest.mark.parametrize("world", ["threads", "tasks"])


@WORLDS
def test_what_was_looked_at_is_what_is_dialled(world, net, specs):
    net["addresses"] = [["93.184.216.34"], ["127.0.0.1"]]  # whoever looks twice is led astray
    error = call(world, "http://rebound.test/v1", specs, public_only=True)
    # Each attempt looks once. The first goes where it looked; the others see where the name leads now.
    assert (net["dialled"], error.reason) == (["93.184.216.34"], "protocol")
    assert "rebound.test is 127.0.0.1, which is no public address" in error.message


@WORLDS
def test_among_several_addresses_only_the_public_ones_are_dialled(world, net, specs):
    net["addresses"] = [["10.0.0.1", "::1", "1.1.1.1"]]
    call(world, "http://mixed.test/v1", specs, public_only=True)
    assert set(net["dialled"]) == {"1.1.1.1"}


@WORLDS
@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "0x7f.1", "2130706433", "localhost", "169.254.169.254"])
def test_no_spelling_of_a_private_address_is_dialled(world, host, net, specs):
    net["addresses"] = [["169.254.169.254" if host.startswith("169") else "::1" if ":" in host else "127.0.0.1"]]
    error = call(world, f"http://{host}:9/v1", specs, public_only=True)
    assert (error.reason, error.sent, net["dialled"]) == ("protocol", False, [])


@WORLDS
@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("127.0.0.1", "could not be sent: 127.0.0.1 is no public address, and this client dials only those"),
        ("[::1]", "could not be sent: ::1 is no public address"),
        ("localhost", "could not be sent: localhost is "),
    ],
)
def test_an_address_is_named_once(world, host, words, net, specs):
    net["addresses"] = [[host.strip("[]") if host != "localhost" else "127.0.0.1"]]
    assert call(world, f"http://{host}/v1", specs, public_only=True).message.startswith(words)


@WORLDS
@pytest.mark.parametrize("proxy", ["http://proxy.test:99999", "http://me:hush-hush@proxy.test:x", "http://["])
def test_a_proxy_that_is_no_address_is_refused_in_words(world, proxy, net, specs, monkeypatch):
    monkeypatch.setenv("http_proxy", proxy)
    error = call(world, "http://fine.test/v1", specs)
    assert error.message.startswith("could not be sent: the proxy that the environment names is no http://")
    assert not net["dialled"]


@WORLDS
def test_a_proxy_which_would_dial_by_itself_is_refused(world, net, specs, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://me:secret@proxy.test:3128")
    error = call(world, "http://acme.test/v1", specs, public_only=True)
    assert "the proxy proxy.test:3128 would dial acme.test" in error.message
    assert (net["lookups"], net["dialled"]) == (0, [])


@WORLDS
def test_without_the_option_any_address_is_dialled(world, net, specs):
    net["addresses"] = [["10.0.0.1"]]
    assert call(world, "http://inside.test/v1", specs).reason == "connect"
    assert set(net["dialled"]) == {"10.0.0.1"}


def test_a_transport_that_dials_by_itself_cannot_be_held_to_it(specs):
    import httpx

    with pytest.raises(ValueError, match="a transport of the caller's own dials by itself"):
        koppling.Client(koppling.Connection("acme", base_url="http://a.test"), specs, httpx.HTTPTransport(), public_only=True)  # fmt: skip
