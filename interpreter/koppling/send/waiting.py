"""Waiting for a socket."""

from __future__ import annotations

import select
import socket
from typing import Final

IN: Final = 1
OUT: Final = 2

if hasattr(select, "poll"):

    def wait(waiting: socket.socket, events: int, seconds: float) -> int:
        """Wait until a socket can be read or written; return which, 0 when the time is over."""
        poll = select.poll()
        poll.register(waiting, (select.POLLIN if events & IN else 0) | (select.POLLOUT if events & OUT else 0))
        ready = poll.poll(seconds * 1000)
        if not ready:
            return 0
        found = ready[0][1]
        broken = found & (select.POLLERR | select.POLLHUP | select.POLLNVAL)
        return events if broken else (IN if found & select.POLLIN else 0) | (OUT if found & select.POLLOUT else 0)

else:

    def wait(waiting: socket.socket, events: int, seconds: float) -> int:
        """Wait until a socket can be read or written; return which, 0 when the time is over."""
        reading, writing = [waiting] if events & IN else [], [waiting] if events & OUT else []
        readable, writable, _ = select.select(reading, writing, [], seconds)
        return (IN if readable else 0) | (OUT if writable else 0)


def readable(waiting: socket.socket) -> bool:
    """Tell whether something has come, bytes or the end; nothing will where it is closed."""
    return waiting.fileno() >= 0 and bool(wait(waiting, IN, 0))
