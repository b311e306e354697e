"""Processes of their own, and what they cost."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable


def cpu(code: str, *arguments: str) -> Callable[[], float]:
    """Return the side that runs code in a new interpreter, and tells the seconds of CPU of the whole process."""

    def side() -> float:
        process = subprocess.Popen([sys.executable, "-c", code, *arguments])  # noqa: S603  (our own code)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"exit {process.returncode} of:\n{code}")
        return used.ru_utime + used.ru_stime

    return side


def printed(code: str, *arguments: str) -> str:
    """Run code in a new interpreter and return what it printed."""
    done = subprocess.run([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603  (our own code)
    return done.stdout
