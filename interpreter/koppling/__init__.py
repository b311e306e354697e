"""Runs connectors that are written as data.

`execute`, `Client` and `AsyncClient` execute a module by its name, `connector.module` or `connector.module@major`.
What is imported here is loaded when it is first used.
"""

from __future__ import annotations

TYPE_CHECKING = False  # importing `typing` would cost more than all of this
if TYPE_CHECKING:
    from typing import Any

    from koppling.catalog import Catalog
    from koppling.client import AsyncClient, Client, execute
    from koppling.client.clock import Clock
    from koppling.client.sign_in import SignIn
    from koppling.client.watching import Exchange
    from koppling.connection import Connection
    from koppling.diagnostics import Diagnostic, Location, Problem
    from koppling.errors import (
        ApiError,
        ConnectionInvalid,
        InputInvalid,
        KopplingError,
        ModuleRetired,
        SpecError,
        TransportError,
        UnknownModule,
    )
    from koppling.files import File
    from koppling.limits import Limits
    from koppling.model import Attempt, Lifecycle, Request, Response, Result
    from koppling.trace import Leaf, Trace

__version__ = "0.1.0"

__all__ = [
    "ApiError",
    "AsyncClient",
    "Attempt",
    "Catalog",
    "Client",
    "Clock",
    "Connection",
    "ConnectionInvalid",
    "Diagnostic",
    "Exchange",
    "File",
    "InputInvalid",
    "KopplingError",
    "Leaf",
    "Lifecycle",
    "Limits",
    "Location",
    "ModuleRetired",
    "Problem",
    "Request",
    "Response",
    "Result",
    "SignIn",
    "SpecError",
    "Trace",
    "TransportError",
    "UnknownModule",
    "execute",
]

_HOMES = {
    "catalog": ["Catalog"],
    "client": ["AsyncClient", "Client", "execute"],
    "client.clock": ["Clock"],
    "client.watching": ["Exchange"],
    "client.sign_in": ["SignIn"],
    "connection": ["Connection"],
    "diagnostics": ["Diagnostic", "Location", "Problem"],
    "errors": [
        "ApiError",
        "ConnectionInvalid",
        "InputInvalid",
        "KopplingError",
        "ModuleRetired",
        "SpecError",
        "TransportError",
        "UnknownModule",
    ],
    "files": ["File"],
    "limits": ["Limits"],
    "model": ["Attempt", "Lifecycle", "Request", "Response", "Result"],
    "trace": ["Leaf", "Trace"],
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"koppling.{_HOME[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
