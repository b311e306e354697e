"""A fault of Koppling itself, met while one file or one rule was looked at: told of that file, and no other is lost."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from koppling.diagnostics import Diagnostic, Location

OWN_FAULT: Final = "fault-of-koppling"


@contextmanager
def own_faults(found: list[Diagnostic], path: str, doing: str) -> Iterator[None]:
    """Note an exception that nobody foresaw, instead of letting it end the check.

    Args:
        found: where it is noted.
        path: the file that was looked at.
        doing: what was held against it, as `the rule page`.
    """
    try:
        yield
    except Exception as error:  # noqa: BLE001  (nobody foresaw it)
        if os.environ.get("KOPPLING_DEBUG"):
            import traceback

            sys.stderr.write("".join(traceback.format_exception(error)))
        message = f"this is a fault of Koppling itself, met with {doing}: {type(error).__name__}: {error}"
        help_text = "please report it, with this file where you can; KOPPLING_DEBUG=1 shows where it happened"
        found.append(Diagnostic(OWN_FAULT, message, Location(path), help=help_text))


def is_own(found: Diagnostic) -> bool:
    """Tell whether a fault is one of Koppling itself."""
    return found.rule == OWN_FAULT
