"""A request as it goes over the wire."""

from __future__ import annotations

import email
import email.policy
import io

import pytest

from koppling.body import Content, Multipart, Part, Raw
from koppling.effects import NoAnswer
from koppling.files import File
from koppling.model import Request
from koppling.send.message import compose
from koppling.send.route import route_to, split


def composed(body=None, method="POST", url="http://acme.test:81/v1/x?y=z#part", **headers):
    origin, target = split(url)
    return compose(Request(method, url, headers, body), route_to(origin), origin, target)


def written(message):
    return b"".join(message.pieces())


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


TARGETS = [
    ("http://acme.test", "http://acme.test", "/"),
    ("http://acme.test?a=b", "http://acme.test", "/?a=b"),
    ("http://acme.test/a%2Fb?c=%20#d", "http://acme.test", "/a%2Fb?c=%20"),
    ("https://acme.test:8443/å b", "https://acme.test:8443", "/%C3%A5%20b"),
    ("http://acme.test/#?/x", "http://acme.test", "/"),
]


@pytest.mark.parametrize(("url", "origin", "target"), TARGETS)
def test_an_address_is_an_origin_and_a_target(url, origin, target):
    assert split(url) == (origin, target)


@pytest.mark.parametrize(
    ("origin", "host", "port", "authority"),
    [
        ("http://acme.test", "acme.test", 80, "acme.test"),
        ("https://acme.test:443", "acme.test", 443, "acme.test"),
        ("https://me:secret@ACME.test:8443", "acme.test", 8443, "acme.test:8443"),
        ("http://[::1]:8080", "::1", 8080, "[::1]:8080"),
        ("http://bücher.test", "xn--bcher-kva.test", 80, "xn--bcher-kva.test"),
    ],
)
def test_an_origin_is_a_host_and_a_port(origin, host, port, authority):
    found = route_to(origin).origin
    assert (found.host, found.port, found.authority) == (host, port, authority)


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        ("ftp://acme.test", "neither http:// nor https://"),
        ("http://", "names no host"),
        ("http://a:b", "http://a:b is no address: port could not be"),
        ("http://me:secret@a:99999", "http://a:99999 is no address: port out of range 0-65535"),
        ("nonsense", "neither http"),
    ],
)
def test_what_is_no_address_is_told_and_no_password_is_shown(origin, words):
    with pytest.raises(NoAnswer, match=words) as caught:
        route_to(origin)
    assert (caught.value.reason, caught.value.sent) == ("protocol", False)
    assert "secret" not in str(caught.value)


def test_a_body_of_bytes_has_its_length_and_a_bodyless_post_says_so():
    message = composed(Content.json({"a": 1}), accept="*/*")
    assert dict(message.headers) == {
        "host": "acme.test:81", "accept": "*/*", "accept-encoding": "gzip, deflate", "content-length": "7",
    }  # fmt: skip
    assert written(message) == b'{"a":1}'
    assert dict(composed().headers)["content-length"] == "0"
    assert "content-length" not in dict(composed(method="GET").headers)
    assert dict(composed(method="GET", **{"accept-encoding": "identity"}).headers)["accept-encoding"] == "identity"


def form(message):
    """Return the parts as the mail library of the standard reads them."""
    kind = dict(message.headers)["content-type"]
    data = written(message)
    assert int(dict(message.headers)["content-length"]) == len(data)
    read = email.message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + data, policy=email.policy.HTTP)
    return [
        (part.get_param("name", header="content-disposition"), part.get_filename(), part.get_content_type(), part.get_payload(decode=True))
        for part in read.iter_parts()
    ]  # fmt: skip


def test_a_form_has_its_parts_with_names_media_types_and_an_exact_length(tmp_path):
    (tmp_path / "clip.mp3").write_bytes(b"\xff\xfbsound" * 20_000)
    handle = io.BytesIO(b"skipped,read")
    handle.seek(8)
    parts = (
        Part("model", b"whisper"),
        Part("file", File(tmp_path / "clip.mp3"), "clip.mp3", "audio/mpeg"),
        Part("other", File(handle, name="o.csv"), "o.csv"),
        Part("same", File(handle, name="o.csv"), "o.csv", "text/plain"),
    )
    message = composed(Multipart(parts), **{"content-type": "multipart/form-data"})
    assert message.replayable
    for _ in range(2):  # another attempt reads it all again
        assert form(message) == [
            ("model", None, "text/plain", b"whisper"),
            ("file", "clip.mp3", "audio/mpeg", b"\xff\xfbsound" * 20_000),
            ("other", "o.csv", "text/csv", b"read"),
            ("same", "o.csv", "text/plain", b"read"),
        ]


@pytest.mark.parametrize("name", ['a"b', "a\r\nX: y", "a\\b", "å.png", 'a"; filename="c'])
def test_no_name_breaks_out_of_its_part(name):
    message = composed(Multipart((Part(name, File(b"x"), name, "image/png"), Part("next", b"y"))))
    found = form(message)
    assert [(kind, data) for _, _, kind, data in found] == [("image/png", b"x"), ("text/plain", b"y")]
    assert found[1][:2] == ("next", None)


def test_a_form_without_parts_is_still_one():
    assert written(composed(Multipart(()))).endswith(b"--\r\n")


def test_a_file_is_read_from_where_it_stood_and_again(tmp_path):
    with (tmp_path / "x.bin").open("w+b") as handle:
        handle.write(b"0123456789")
        handle.seek(4)
        message = composed(Raw(File(handle)))
        assert (dict(message.headers)["content-length"], written(message), written(message)) == (
            "6",
            b"456789",
            b"456789",
        )


def test_what_cannot_be_measured_goes_in_chunks_and_once():
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

    message = composed(Raw(File(Pipe(b"abc"))))
    assert dict(message.headers)["transfer-encoding"] == "chunked"
    assert (message.replayable, written(message)) == (False, b"abc")
    assert dict(composed(Multipart((Part("f", File(Pipe(b"abc")), "f"),))).headers)["transfer-encoding"] == "chunked"


def test_a_file_that_grows_is_sent_as_it_was_and_one_that_shrinks_is_told(tmp_path):
    path = tmp_path / "log.txt"
    path.write_bytes(b"x" * 100)
    message = composed(Raw(File(path)))
    path.write_bytes(b"x" * 150)
    assert written(message) == b"x" * 100
    path.write_bytes(b"x" * 50)
    with pytest.raises(NoAnswer, match=r"'log\.txt' became shorter while it was read"):
        written(message)
