"""The events of one answer, read chunk by chunk to an end that the spec calls one."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any, Final

from koppling.call.attempt import read
from koppling.call.failures import no_answer, unreadable, vendor_error
from koppling.call.state import Call
from koppling.effects import Effect, NoAnswer, Reply
from koppling.errors import KopplingError
from koppling.events import Event, EventTooLarge, decoder
from koppling.expression import ABSENT, Roots
from koppling.extract import Stream, event_of, links_of
from koppling.model import Request

# So many are looked at in one go: what they are made of is used again for the next ones while it is still at hand.
_SOME: Final = 32


def roots_of(call: Call, reply: Reply) -> Roots:
    """Return what the expressions of a response see, the body apart."""
    return {
        "input": call.prepared.values,
        "status": reply.status,
        "headers": reply.headers,
        "links": links_of(reply.headers) if "link" in reply.headers else {},
    }


class Events:
    """The events of an answer, as they arrive.

    Args:
        call: whose answer it is.
        form: `sse` or `ndjson`.
        request: what was answered.
        reply: the answer; its body may have come whole.
        rules: where the spec says what ends the stream, and what is an error in it.
        partial: what an error carries of what there was.
    """

    def __init__(
        self,
        call: Call,
        form: str,
        request: Request,
        reply: Reply,
        rules: Stream | None = None,
        partial: Callable[[], Any] = lambda: None,
    ) -> None:
        #: What expressions see; `event` and `event_name` are those of the event that was looked at last.
        self.roots = roots_of(call, reply)
        #: Whether there is nothing more to read.
        self.over = False
        #: What makes the error that ended the stream; the events before it are to be taken first.
        self.fault: Callable[[], KopplingError] | None = None
        self._call, self._form, self._request, self._reply, self._partial = call, form, request, reply, partial
        self._decoder = decoder(form)
        self._mark, self._complete, self._error = (
            (rules.mark, rules.complete, rules.error) if rules else (None, None, None)
        )
        self._rooted = rules is not None and rules.rooted
        self._some = 1 if self._rooted else _SOME
        self._whole = self._mark is None and self._complete is None

    def more(self) -> Generator[Effect, Any, list[Any]]:
        """Return the next events; at the end none.

        Raises:
            TransportError: the stream broke off, or ended without the end that the spec declares; with `partial()`.
            ApiError: an event is no JSON, or an error; with `partial()` too.
        """
        found: list[Any] = []
        while not found:
            if self.fault is not None:
                raise self.fault()
            if self.over:
                break
            chunk = yield from read(self._call, self._request, self._reply, self._partial)
            found = [event for some in self.of(chunk) for event in some]
        return found

    def of(self, chunk: bytes) -> Iterator[list[Any]]:
        """Yield the events that are whole with a chunk, some at a time, up to an end or a fault.

        An empty chunk is the end. Where expressions see the roots, it is one at a time.

        Raises:
            ApiError: an event is larger than any honest one.
        """
        if not chunk:
            yield self._last()
            return
        try:
            texts = self._decoder.feed(chunk)
        except EventTooLarge as fault:
            raise self._unreadable(str(fault)) from None
        for at in range(0, len(texts), self._some):
            yield self._taken(texts[at : at + self._some])
            if self.over or self.fault is not None:
                break

    def _taken(self, texts: list[Event]) -> list[Any]:
        found: list[Any] = []
        mark, error, complete, roots = self._mark, self._error, self._complete, self.roots
        for name, text in texts:
            if text == mark:
                self._whole = self.over = True
                break
            event = event_of(text)
            if event is ABSENT:
                if complete is not None and self._whole:
                    continue  # a mark of its own behind the last event, as some servers write one
                self.fault = self._no_json(text)
                break
            if self._rooted:
                roots["event"], roots["event_name"] = event, name
            if error is not None and error(event, roots):
                self.fault = self._vendors(event)
                break
            if complete is not None and not self._whole:
                self._whole = bool(complete(event, roots))
            found.append(event)
        return found

    def _last(self) -> list[Any]:
        """Return what the end of the bytes leaves."""
        self.over = True
        rest = self._decoder.end()
        found: list[Any] = []
        if any(text == self._mark for _, text in rest):  # to the standard no event, but nobody writes half of it
            self._whole = True
        elif self._form == "ndjson":  # a last line needs no end; half of one was cut off
            if rest and event_of(rest[0][1]) is ABSENT:
                self._whole = False
            else:
                found = self._taken(rest)
        if not self._whole and self.fault is None:
            self.fault = self._cut
        return found

    def _cut(self) -> KopplingError:
        message = "the stream ended before its end mark"
        if self._form == "ndjson" and self._mark is None and self._complete is None:
            message = "the stream ended in the middle of a line"
        return no_answer(self._call, self._request, NoAnswer("cut", message, sent=True), self._partial())

    def _no_json(self, text: str) -> Callable[[], KopplingError]:
        return lambda: self._unreadable("an event of the stream is no JSON", text)

    def _unreadable(self, message: str, text: str = "") -> KopplingError:
        return unreadable(self._call, self._request, self._reply, message, text, partial=self._partial())

    def _vendors(self, event: Any) -> Callable[[], KopplingError]:
        reply = self._reply
        match = self._call.operation.errors.match(reply.status, reply.headers, event)
        kind = match.kind if match is not None else "runtime"
        return lambda: vendor_error(self._call, self._request, reply, event, kind, partial=self._partial())
