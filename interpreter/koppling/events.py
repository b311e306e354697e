"""Bytes to events: server-sent events and NDJSON, as they arrive. No I/O, no JSON.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from __future__ import annotations

from typing import Final, Protocol

LARGEST: Final = 64 << 20

# What `event:` named it, if anything, and its data. A tuple: an object each would cost as much as finding the event.
Event = tuple[str | None, str]

_BOM: Final = b"\xef\xbb\xbf"


class EventTooLarge(ValueError):
    """An event or a line that never ends."""


class Decoder(Protocol):
    """What turns chunks into events."""

    def feed(self, chunk: bytes) -> list[Event]:
        """Return the events that are whole with this chunk."""
        ...

    def end(self) -> list[Event]:
        """Return what is left when the stream has ended: at most one event, which may be half of one."""
        ...


class Lines:
    """The lines of a stream of bytes: LF, and where `bare_cr` CRLF and CR too, end one, whatever the chunks cut apart.

    Bytes, since no byte of a longer UTF-8 sequence looks like an end of line. A line is joined once, when it is whole.
    """

    def __init__(self, *, bare_cr: bool) -> None:
        self._rest: list[bytes] = []
        self._size = 0
        self._bare_cr = bare_cr
        self._skip_lf = False
        self._begun = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that are whole now, without their ends."""
        if not self._begun:
            chunk = self._beginning(chunk)
        if self._bare_cr and (self._skip_lf or b"\r" in chunk):
            chunk = self._with_lf(chunk)
        lines = chunk.split(b"\n")
        last = lines.pop()
        if lines and self._rest:
            self._rest.append(lines[0])
            lines[0] = b"".join(self._rest)
            self._rest, self._size = [], 0
        if last:
            self._rest.append(last)
            self._size += len(last)
            if self._size > LARGEST:
                raise EventTooLarge(f"a line of more than {LARGEST >> 20} MiB")
        return lines

    def _beginning(self, chunk: bytes) -> bytes:
        """Return the first bytes without the mark that may stand before them, nothing while that can't be told."""
        chunk = b"".join((*self._rest, chunk))
        self._rest, self._size = [], 0
        self._begun = len(chunk) >= len(_BOM) or not _BOM.startswith(chunk)
        if self._begun:
            return chunk.removeprefix(_BOM)
        self._rest = [chunk] if chunk else []
        return b""

    def _with_lf(self, chunk: bytes) -> bytes:
        if self._skip_lf and chunk:
            chunk, self._skip_lf = chunk.removeprefix(b"\n"), False
        if chunk.endswith(b"\r"):  # it ends its line now; a line feed may still belong to it
            self._skip_lf = True
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


class ServerSentEvents:
    """The name and the data of each event. Comments, ids, retry times and events without data are passed over."""

    def __init__(self) -> None:
        self._lines = Lines(bare_cr=True)
        self._name: str | None = None
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[Event]:
        """Return the events that a blank line has ended."""
        found: list[Event] = []
        data = self._data
        for line in self._lines.feed(chunk):
            if not line:
                if data:
                    text = data[0] if len(data) == 1 else b"\n".join(data)
                    if text:
                        found.append((self._name, text.decode("utf-8", "replace")))
                    data.clear()
                    self._size = 0
                self._name = None
            elif line.startswith(b"data:"):
                value = line[6:] if line.startswith(b"data: ") else line[5:]
                self._size += len(value)
                if self._size > LARGEST:
                    raise EventTooLarge(f"an event of more than {LARGEST >> 20} MiB")
                data.append(value)
            elif line.startswith(b"event:"):
                self._name = line[6:].removeprefix(b" ").decode("utf-8", "replace") or None
            elif line == b"data":
                data.append(b"")
        return found

    def end(self) -> list[Event]:
        """Return the event that no blank line ended: to the standard it is none."""
        return self.feed(b"\n\n")


class JsonLines:
    """One JSON text a line. Blank lines are passed over; the last line needs no end."""

    def __init__(self) -> None:
        self._lines = Lines(bare_cr=False)

    def feed(self, chunk: bytes) -> list[Event]:
        """Return the lines that are whole."""
        return [
            (None, stripped.decode("utf-8", "replace"))
            for line in self._lines.feed(chunk)
            if (stripped := line.strip())
        ]

    def end(self) -> list[Event]:
        """Return the last line, where it had no end."""
        return self.feed(b"\n")


def decoder(form: str) -> Decoder:
    """Return the decoder of a format: `sse` or `ndjson`."""
    return ServerSentEvents() if form == "sse" else JsonLines()
