"""How a server may say an answer: framed soundly, or cut, spilled over, coded wrongly, no HTTP at all; as steps of the fault server."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

Steps = list[Any]

# An answer that nobody asked for; it must never be taken for one to the next request.
SMUGGLED = b'HTTP/1.1 200 OK\r\nX-Smuggled: smuggled\r\nContent-Length: 22\r\n\r\n{"smuggled":"smuggled"}'


def _counted(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def _chunks(body: bytes, extension: bytes = b"") -> bytes:
    pieces = [body[at : at + 7_000] for at in range(0, len(body), 7_000)]
    return b"".join(b"%x%b\r\n%b\r\n" % (len(one), extension, one) for one in pieces)


def _chunked(body: bytes, end: bytes = b"0\r\n\r\n", extension: bytes = b"") -> bytes:
    return b"Transfer-Encoding: chunked\r\n\r\n" + _chunks(body, extension) + end


def _coded(name: bytes, body: bytes) -> bytes:
    return b"Content-Encoding: " + name + b"\r\n" + _counted(body)


# What comes behind the fields of the head, of a body and of what may stand in any place of an answer.
KEPT: dict[str, Callable[[bytes, bytes], bytes]] = {
    "counted": lambda body, _: _counted(body),
    "in chunks": lambda body, _: _chunked(body),
    "in chunks with words": lambda body, echo: _chunked(body, extension=b";a=" + echo),
    "in chunks with a trailer": lambda body, echo: _chunked(body, b"0\r\nX-Echo: " + echo + b"\r\n\r\n"),
    "with an answer behind it": lambda body, _: _counted(body) + SMUGGLED,
    "with an answer behind its last chunk": lambda body, _: _chunked(body) + SMUGGLED,
    "counted and in chunks": lambda body, _: b"Content-Length: 3\r\n" + _chunked(body) + SMUGGLED,
    "counted twice alike": lambda body, _: b"Content-Length: %d\r\n" % len(body) + _counted(body),
    "gzipped": lambda body, _: _coded(b"gzip", gzip.compress(body)),
    "gzipped twice": lambda body, _: _coded(b"gzip, gzip", gzip.compress(gzip.compress(body))),
    "deflated": lambda body, _: _coded(b"deflate", zlib.compress(body)),
    "not gzipped": lambda body, _: _coded(b"gzip", body),
    "half gzipped": lambda body, _: _coded(b"gzip", gzip.compress(body)[:-9]),
    "in a coding that nobody knows": lambda body, echo: _coded(echo, body),
    "behind a folded field": lambda body, echo: b"X-Fold: a\r\n " + echo + b"\r\n" + _counted(body),
}
CLOSED: dict[str, Callable[[bytes, bytes], bytes]] = {
    "to the end": lambda body, _: b"\r\n" + body,
    "cut": lambda body, _: b"Content-Length: %d\r\n\r\n%b" % (len(body) + 9, body),
    "cut within a chunk": lambda body, _: b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b" % (len(body) + 9, body),
    "cut between chunks": lambda body, _: _chunked(body, b""),
    "cut within the head": lambda _, echo: b"X-Half: " + echo,
    "with no chunk": lambda body, echo: _chunked(body, echo + b"\r\n"),
    "counted in words": lambda body, echo: b"Content-Length: " + echo + b"\r\n\r\n" + body,
    "counted twice": lambda body, _: b"Content-Length: 1\r\n" + _counted(body),
    "in another transfer coding": lambda body, echo: b"Transfer-Encoding: " + echo + b"\r\n\r\n" + body,
    "with a line that is no field": lambda body, echo: echo + b"\r\n" + _counted(body),
    "with a head without end": lambda _, echo: (b"X-Long: " + echo + b"\r\n") * 4_000,
}  # fmt: skip
STARTS: dict[str, Callable[[bytes, int], bytes]] = {
    "plain": lambda _, status: b"HTTP/1.1 %d Well\r\n" % status,
    "with an echo": lambda echo, status: b"HTTP/1.1 %d %b\r\n" % (status, echo),
    "of HTTP/1.0": lambda _, status: b"HTTP/1.0 %d Well\r\n" % status,
    "after hints": lambda echo, status: b"HTTP/1.1 103 Hints\r\nLink: %b\r\n\r\nHTTP/1.1 %d Well\r\n" % (echo, status),
    "of another protocol": lambda echo, _: b"HTTP/1.1 101 Switching\r\nUpgrade: %b\r\n\r\n" % echo,
    "of no protocol": lambda echo, _: b"SSH-2.0 %b\r\n" % echo,
}
_ENDS: list[Steps] = [["read", "close"], ["read", "reset"], ["head", "close"]]


def said(answer: Any, echo: str) -> st.SearchStrategy[Steps]:
    """Return a strategy of the steps in which a server says an answer; `echo` stands where it can repeat something."""
    if isinstance(answer, tuple):
        return st.sampled_from(_ENDS)
    word = " ".join(echo.split()).encode(errors="replace").replace(b"\0", b"")
    fields = b"".join(b"%b: %b\r\n" % (name, value) for name, value in answer["headers"])
    plain = st.just("plain") if answer["status"] in {204, 304} else st.sampled_from([*["plain"] * 6, *STARTS])

    def written(start: str, how: str) -> Steps:
        frame = KEPT.get(how) or CLOSED[how]
        data = STARTS[start](word, answer["status"]) + fields + frame(answer["body"], word)
        return ["read", {"latin": data.decode("latin-1")}, *([] if how in KEPT else ["close"])]

    return st.builds(written, plain, st.sampled_from([*["counted"] * 4, *KEPT, *CLOSED]))
