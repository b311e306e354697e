"""A lock that processes and threads wait for. It goes with its holder, however that ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock that this (empty) file stands for.

    Raises:
        OSError: the file cannot be made, or its file system knows no locks.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _wait_for(descriptor)
        yield
    finally:
        os.close(descriptor)


if sys.platform == "win32":

    def _wait_for(descriptor: int) -> None:
        import msvcrt
        import time

        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            except OSError:
                time.sleep(0.02)
            else:
                return

else:

    def _wait_for(descriptor: int) -> None:
        import fcntl

        # Of the open file, not of the process (as `lockf` would be): threads wait for each other as well.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
