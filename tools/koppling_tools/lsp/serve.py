"""The protocol's life: a server with all that it hears and answers, on standard input and output."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from koppling_tools.lsp import notifications, requests
from koppling_tools.lsp.server import Server


def build(specs: Sequence[Path] = (), as_of: str | None = None) -> Server:
    """Return a server that answers everything, not yet started."""
    server = Server(specs, as_of)
    notifications.register(server)
    requests.register(server)
    return server


def serve(specs: Sequence[Path] = (), as_of: str | None = None) -> int:
    """Serve standard input and output until the client leaves."""
    server = build(specs, as_of)
    # Copies, since the server closes what it is given; and whatever else prints must not come between the messages.
    coming, going = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    try:
        with contextlib.redirect_stdout(sys.stderr):
            server.start_io(coming, going)
    except SystemExit:
        pass
    finally:
        server.publisher.stop()
    return 0
