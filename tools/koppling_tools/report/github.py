"""Faults as the commands by which a GitHub workflow puts annotations on the lines of a change.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#setting-an-error-message
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from koppling.diagnostics import Diagnostic

_COMMANDS: Final = {"error": "error", "warning": "warning", "advice": "notice"}


def github(diagnostics: Iterable[Diagnostic]) -> Iterator[str]:
    """Yield one command a fault."""
    for one in diagnostics:
        place = [("file", one.location.path)]
        if one.location.line:
            place += [("line", str(one.location.line)), ("col", str(one.location.column))]
        place.append(("title", one.rule))
        told = ",".join(f"{key}={_property(value)}" for key, value in place)
        message = one.message + (f"\nhelp: {one.help}" if one.help else "")
        yield f"::{_COMMANDS[one.severity]} {told}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
