"""The sandbox as a process: `python -m koppling_tools.sandbox.models --port 0 [--data DIR] [--parent]`."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import sys
import tempfile
import threading
from pathlib import Path

# Before anything loads a pool of threads: they would spin against each other, and answers take three times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def main() -> None:
    """Listen on 127.0.0.1, say so on standard output when ready, and serve until told to end."""
    parser = argparse.ArgumentParser(prog="python -m koppling_tools.sandbox.models", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="where to listen on 127.0.0.1; 0 takes a free port")
    parser.add_argument("--data", type=Path, help="where files and jobs are kept; a temporary folder unless told")
    parser.add_argument("--parent", action="store_true", help="end when standard input does")
    asked = parser.parse_args()
    for one in (signal.SIGINT, signal.SIGTERM):
        # The server ends in good order and then raises the signal again, for this to leave the `with`.
        signal.signal(one, lambda *_: sys.exit(0))
    with contextlib.ExitStack() as stack:
        folder = asked.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="koppling-sandbox-")))
        listener = stack.enter_context(socket.create_server(("127.0.0.1", asked.port)))
        if asked.parent:
            threading.Thread(target=_end_with_parent, daemon=True).start()
        _serve(folder, listener)


def _serve(folder: Path, listener: socket.socket) -> None:
    import uvicorn  # after the environment is set

    from koppling_tools.sandbox.models.app import build

    url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1/"

    def ready() -> None:
        print(json.dumps({"url": url}), flush=True)

    config = uvicorn.Config(
        build(folder, ready), log_level="warning", access_log=False, lifespan="on", timeout_graceful_shutdown=1
    )
    uvicorn.Server(config).run(sockets=[listener])


def _end_with_parent() -> None:
    while sys.stdin.buffer.read(1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
