"""What callers give a client, looked at in words before anything is made of it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from koppling.connection import Connection
from koppling.diagnostics import kind_of, suggestion
from koppling.effects import MOST_BODY, MOST_FILE, Bounds
from koppling.limits import Limits
from koppling.model import ConnectorSpec
from koppling.validate import Schema, check_extra

Day = date | str | None


def day_of(given: Day) -> str | None:
    """Return a day as ISO text, None where none was given.

    Raises:
        TypeError, ValueError: it is none.
    """
    if given is None:
        return None
    if isinstance(given, datetime):
        given = given.date()
    if isinstance(given, date):
        return given.isoformat()
    if not isinstance(given, str):
        raise _wrong("as_of", "a date, or text as 2026-11-23", given)
    try:
        exact = date.fromisoformat(given).isoformat() == given  # 20261123 and 2026-W48 would not compare as text
    except ValueError:
        exact = False
    if not exact:
        raise ValueError(f"as_of is a day, as 2026-11-23, not {given!r}")
    return given


def check_client(connection: Any, extra: Any, files: Any, limits: Any) -> None:
    """Refuse what no client can be made of.

    Raises:
        TypeError, ValueError: the first argument that is wrong.
    """
    if connection is not None and not isinstance(connection, Connection):
        raise _wrong("connection", "a Connection, as Connection.load(name)", connection)
    if files is not None and not isinstance(files, str | Path):
        raise _wrong("files", "a folder", files)
    if limits is not None and not isinstance(limits, Limits):
        raise _wrong("limits", "a Limits, as Limits(requests=100)", limits)
    check_extra(extra)


def check_transport(transport: Any, send: str) -> None:
    """Refuse what lacks the method by which a transport sends.

    Raises:
        TypeError: it does.
    """
    if transport is not None and not hasattr(transport, send):
        raise _wrong("transport", f"a transport of httpx, with `{send}`", transport)


def check_observer(name: str, observer: Any) -> None:
    """Refuse what cannot be called with an exchange and be done.

    Raises:
        TypeError: it is no function, or one that would have to be awaited or iterated.
    """
    if observer is None:
        return
    if not callable(observer):
        raise _wrong(name, "a function of one Exchange", observer)
    function = observer
    while isinstance(function, functools.partial):
        function = function.func
    for one in (function, type(function).__call__):
        if inspect.iscoroutinefunction(one) or inspect.isasyncgenfunction(one):
            raise TypeError(f"{name} is a plain function, not an async one: it is called, and nobody awaits it")
        if inspect.isgeneratorfunction(one):
            raise TypeError(f"{name} is a plain function, not a generator: it is called, and nobody iterates over it")


def bounds_of(max_body: Any, max_file: Any) -> Bounds:
    """Return the bounds of answers, the usual ones where none are given.

    Raises:
        TypeError, ValueError: one is no number of bytes.
    """
    for name, given in (("max_body", max_body), ("max_file", max_file)):
        if given is not None and (isinstance(given, bool) or not isinstance(given, int)):
            raise _wrong(name, "a number of bytes", given)
        if given is not None and given <= 0:
            raise ValueError(f"{name} is a number of bytes above 0, not {given!r}")
    return Bounds(MOST_BODY if max_body is None else max_body, MOST_FILE if max_file is None else max_file)


def check_name(name: Any) -> None:
    """Refuse what is no module's name.

    Raises:
        TypeError: it is no text.
    """
    if not isinstance(name, str):
        raise _wrong("name", "a module's name, as 'acme.get_thing'", name)


def check_seconds(name: str, seconds: Any) -> None:
    """Refuse what is no number of seconds.

    Raises:
        TypeError, ValueError: it is none.
    """
    if seconds is not None:
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise _wrong(name, "a number of seconds", seconds)
        if not seconds > 0:
            raise ValueError(f"{name} is a number of seconds above 0, not {seconds!r}")


def check_limits(limits: Limits, spec: ConnectorSpec) -> None:
    """Refuse amounts of limits that a connector does not declare.

    Raises:
        ValueError: there is one.
    """
    known = spec.plan["limits"]
    for name in limits.amounts:
        if name not in known:
            said = suggestion(name, known) if known else "it declares none"
            raise ValueError(f"{spec.name} declares no rate limit {name!r}; {said}")


def retry_of(given: Any) -> dict[str, Any]:
    """Return a caller's own retry rules.

    Raises:
        TypeError, ValueError: they are not what the language says of `retry`.
    """
    from koppling.compile.grammar import grammar

    if not isinstance(given, Mapping):
        raise _wrong("retry", "a mapping, as {'attempts': 1}", given)
    known = grammar("connector").schema["$defs"]["retry"]
    own = {key: value for key, value in known["properties"].items() if key != "idempotency"}  # made when a spec is read
    for fault in Schema({**known, "properties": own}).faults(dict(given)):
        where = ".".join(map(str, ("retry", *fault.pointer)))
        raise ValueError(f"{where} {fault.message}" + (f"; {fault.help}" if fault.help else ""))
    return dict(given)


def _wrong(name: str, what: str, given: Any) -> TypeError:
    return TypeError(f"{name} is {what}, not {kind_of(given)}")
