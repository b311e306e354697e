"""Content codings undone: a little at a time, so that what a small body blows up to costs no memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

from koppling.effects import NoAnswer
from koppling.files import CHUNK
from koppling.send.words import quoted

_MOST: Final = 4  # codings one over the other
_ZLIB: Final = 8  # the method that a zlib header names in its first half byte (RFC 1950, 2.2)


class Inflate:
    """gzip, of one or several members, and deflate, with its wrapper or, as many servers have it, without."""

    def __init__(self, *, gzip: bool) -> None:
        self._gzip = gzip
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 16) if gzip else None
        self._start = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what these bytes stand for, in pieces of a bounded size.

        Raises:
            zlib.error: they are not so coded.
        """
        if self._inflate is None:
            self._start = data = self._start + data
            if len(data) < 2:  # noqa: PLR2004  (a zlib header)
                return
            wrapped = data[0] & 0x0F == _ZLIB and int.from_bytes(data[:2]) % 31 == 0
            self._inflate = zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
        while data:
            if self._inflate.eof:  # another member follows, or padding (RFC 1952, 2.2)
                data = data.lstrip(b"\0")
                if not data or not self._gzip:
                    return
                self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)
            piece = self._inflate.decompress(data, CHUNK)
            data = self._inflate.unconsumed_tail or self._inflate.unused_data
            while piece:
                yield piece
                # Behind a piece that is full to the brim there may be more than the input shows.
                piece = self._inflate.decompress(b"", CHUNK) if len(piece) == CHUNK and not data else b""

    @property
    def whole(self) -> bool:
        """Whether what was fed is all of it."""
        return self._inflate is not None and self._inflate.eof


class Decoder:
    """All the codings of one body."""

    def __init__(self, codings: list[Inflate]) -> None:
        self._codings = codings
        self._fed = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what these bytes stand for.

        Raises:
            NoAnswer: they are not so coded.
        """
        self._fed = True
        try:
            yield from self._through(data, 0)
        except zlib.error as error:
            raise _broken(str(error).rpartition(": ")[2]) from error

    def _through(self, data: bytes, depth: int) -> Iterator[bytes]:
        if depth == len(self._codings):
            yield data
            return
        for piece in self._codings[depth].feed(data):
            yield from self._through(piece, depth + 1)

    def end(self) -> None:
        """See that nothing is missing.

        Raises:
            NoAnswer: something is.
        """
        if self._fed and not all(coding.whole for coding in self._codings):
            raise _broken("it ends too early")


def decoder(encoding: str | None) -> Decoder | None:
    """Return what undoes a Content-Encoding, None where there is nothing to undo.

    Raises:
        NoAnswer: nobody here can.
    """
    if not encoding:
        return None
    names = [name for one in encoding.lower().split(",") if (name := one.strip()) and name != "identity"]
    if not {"gzip", "x-gzip", "deflate"}.issuperset(names):
        raise NoAnswer("protocol", f"the body is coded as {quoted(encoding)}, which cannot be read here", sent=True)
    if len(names) > _MOST:
        raise _broken(f"{len(names)} codings, one over the other")
    return Decoder([Inflate(gzip=name != "deflate") for name in reversed(names)]) if names else None


def _broken(why: str) -> NoAnswer:
    return NoAnswer("protocol", f"the body's encoding is broken: {why}", sent=True)
