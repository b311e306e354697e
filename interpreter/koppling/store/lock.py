"""A lock that processes and threads wait for. It goes with its holder, however that ends."""

from __future__ import annotations

import os
import sys
import threading
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


class TriedLock:
    """The same lock, for who does not wait: a call, which asks again later."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = threading.Lock()
        self._descriptor: int | None = None
        self._over = False

    def take(self) -> bool:
        """Take it, where nobody has it; tell whether it was taken. Where there can be no lock, it counts as taken."""
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            return True
        with self._guard:
            # Who was cancelled while this ran in a thread wants it no more.
            if not self._over and _lock_at_once(descriptor):
                self._descriptor = descriptor
                return True
        os.close(descriptor)
        return False

    def give_back(self) -> None:
        """Let another take it. It is not taken again."""
        with self._guard:
            self._over = True
            descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


if sys.platform == "win32":

    def _lock_at_once(descriptor: int) -> bool:
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _wait_for(descriptor: int) -> None:
        import time

        while not _lock_at_once(descriptor):
            time.sleep(0.02)

else:

    def _lock_at_once(descriptor: int) -> bool:
        import fcntl

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a file system without locks
            return True
        return True

    def _wait_for(descriptor: int) -> None:
        import fcntl

        # Of the open file, not of the process (as `lockf` would be): threads wait for each other as well.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
