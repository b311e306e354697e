"""What a call asks of the world.

The call yields one of these; a driver answers it, or throws NoAnswer or TooLarge into the call.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from koppling.model import Request

if TYPE_CHECKING:
    from koppling.mutex import Mutex

Reason = Literal["connect", "timeout", "cut", "protocol"]


@dataclass(slots=True)
class Send:
    """Send this request. Answered by a Reply; with `stream`, a success's body is left to be read in chunks.

    The call was `queued` for so many seconds before. The driver notes in it when it `began`, in seconds since 1970, and
    how many seconds it `took`, to whatever end.
    """

    request: Request
    stream: bool = False
    queued: float = 0.0
    began: float = 0.0
    took: float = 0.0


@dataclass(frozen=True, slots=True)
class Read:
    """Read on in a streamed body. Answered by bytes, empty at the end."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Now:
    """Tell the time. Answered by seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Tell a time that only runs forward, for measuring. Answered by seconds since some moment."""


@dataclass(frozen=True, slots=True)
class Emit:
    """Show these to the caller, one by one: deltas of a stream, bundles of a search. The only effect a caller sees."""

    values: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Await:
    """Wait until a mutex is given back."""

    mutex: Mutex


@dataclass(frozen=True, slots=True)
class Do:
    """Do this, which takes a moment of somebody's disk or keyring. Answered by what it returns."""

    work: Callable[[], Any]


# The largest honest answer known, embeddings of 2 048 texts in 3 072 numbers each, is 130 MB of JSON.
MOST_BODY: Final = 256 << 20
MOST_FILE: Final = 8 << 30


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many bytes of an answer are taken in, after decompression: in memory, and on disk."""

    body: int = MOST_BODY
    file: int = MOST_FILE


@dataclass(slots=True)
class Reply:
    """An answer's head. `body` is whole, or None where it is to be read in chunks; `handle` is the driver's own."""

    status: int
    headers: dict[str, str]
    body: bytes | None
    handle: Any = field(default=None, repr=False)
    bounds: Bounds = field(default_factory=Bounds, repr=False)

    def taken(self) -> bytes:
        """Return a body that came whole, as the one chunk of it, and then its end."""
        whole, self.body = self.body or b"", b""
        return whole


class NoAnswer(Exception):
    """What a driver throws into a call when the network fails."""

    def __init__(self, reason: Reason, message: str, *, sent: bool, partial: bytes | None = None) -> None:
        super().__init__(message)
        self.partial = partial
        self.reason: Reason = reason
        self.sent = sent


class TooLarge(Exception):
    """What a driver throws into a call when the body of a success exceeds its bound. `reply` is its head."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"a body of more than {reply.bounds.body} bytes")
        self.reply = reply


Effect = Send | Read | Sleep | Now | Tick | Await | Do | Emit
Life = Generator[Effect, Any, Any]
