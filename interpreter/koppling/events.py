"""Bytes to events: server-sent events and NDJSON, as they arrive. No I/O, no JSON.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Final, Protocol

LARGEST: Final = 64 << 20


class EventTooLarge(ValueError):
    """An event or a line that never ends."""


class Decoder(Protocol):
    """What turns chunks into the texts of events."""

    def feed(self, chunk: bytes) -> Iterator[str]:
        """Yield the events that are whole with this chunk."""
        ...

    def end(self) -> Iterator[str]:
        """Yield what is left when the stream has ended."""
        ...


class Lines:
    """The lines of a text that comes in chunks: LF, CRLF and CR end a line, whatever the chunks cut apart."""

    def __init__(self, *, bare_cr: bool) -> None:
        self._utf8 = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._rest = ""
        self._bare_cr = bare_cr
        self._skip_lf = False

    def feed(self, chunk: bytes, *, final: bool = False) -> list[str]:
        """Return the lines that are whole now, without their ends."""
        text = self._utf8.decode(chunk, final)
        if self._skip_lf and text:
            text, self._skip_lf = text.removeprefix("\n"), False
        text = self._rest + text
        if self._bare_cr and "\r" in text:
            if text.endswith("\r") and not final:
                self._skip_lf = True
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        *lines, self._rest = text.split("\n")
        if len(self._rest) > LARGEST:
            raise EventTooLarge(f"a line of more than {LARGEST >> 20} MiB")
        return lines

    @property
    def rest(self) -> str:
        """What follows the last end of a line."""
        return self._rest


class ServerSentEvents:
    """The `data` of each event. Comments, ids and retry times are passed over."""

    def __init__(self) -> None:
        self._lines = Lines(bare_cr=True)
        self._data: list[str] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[str]:
        """Yield the data of the events that a blank line has ended."""
        for line in self._lines.feed(chunk):
            if not line:
                if self._data:
                    yield "\n".join(self._data)
                    self._data, self._size = [], 0
            elif line.startswith("data:"):
                value = line[6:] if line.startswith("data: ") else line[5:]
                self._size += len(value)
                if self._size > LARGEST:
                    raise EventTooLarge(f"an event of more than {LARGEST >> 20} MiB")
                self._data.append(value)
            elif line == "data":
                self._data.append("")

    def end(self) -> Iterator[str]:
        """Yield nothing: the standard discards an event that no blank line ended."""
        yield from ()


class JsonLines:
    """One JSON text a line. Blank lines are passed over; the last line needs no end."""

    def __init__(self) -> None:
        self._lines = Lines(bare_cr=False)

    def feed(self, chunk: bytes) -> Iterator[str]:
        """Yield the lines that are whole."""
        for line in self._lines.feed(chunk):
            if stripped := line.strip():
                yield stripped

    def end(self) -> Iterator[str]:
        """Yield the last line, where it had no end."""
        yield from (line.strip() for line in self._lines.feed(b"", final=True) if line.strip())
        if rest := self._lines.rest.strip():
            yield rest


def decoder(form: str) -> Decoder:
    """Return the decoder of a format: `sse` or `ndjson`."""
    return ServerSentEvents() if form == "sse" else JsonLines()
