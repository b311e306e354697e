"""Whatever stops a command, as one readable paragraph on standard error and an exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

import click

from koppling_tools.console import terminal
from koppling_tools.console.mistakes import GivenWrong, Misuse

FAULT = 1
"""Something that was given is wrong: a spec, an input, a connection, a module's name."""

COULD_NOT = 2
"""It could not run: wrong usage, no answer, the vendor's refusal."""


def show(error: BaseException) -> int:
    """Say on standard error what, where, and what to do next; return the exit status.

    Notes that were added to the error (`add_note`) are said as further help.
    """
    from koppling.errors import KopplingError, SpecError

    if isinstance(error, SpecError):
        from koppling_tools import report

        for line in report.text(error.diagnostics, colour=terminal.wants_colour(sys.stderr)):
            terminal.say(line)
        return FAULT
    if isinstance(error, click.UsageError):
        _say(error.format_message(), _usage_help(error))
        return COULD_NOT
    if isinstance(error, click.ClickException):
        _say(error.format_message(), [])
        return COULD_NOT
    if isinstance(error, KopplingError):
        _say(_words(error), [*_advices(error), *getattr(error, "__notes__", [])])
        return _status(error)
    if isinstance(error, GivenWrong):
        _say(str(error), getattr(error, "__notes__", []))
        return FAULT
    if isinstance(error, OSError):
        _say(_os_words(error), getattr(error, "__notes__", []))
        return COULD_NOT
    said, trace = _words_of_a_crash(error)
    _say(
        f"this is a fault of Koppling itself: {said}",
        ["please report it, with the command and, where you can, the spec; KOPPLING_DEBUG=1 shows where it happened"],
    )
    if os.environ.get("KOPPLING_DEBUG"):
        sys.stderr.write(trace)
    return COULD_NOT


def _words_of_a_crash(error: BaseException) -> tuple[str, str]:
    """Return what went wrong, and where; without words where it cannot be told what of them is secret."""
    import traceback

    try:
        from koppling_tools import known_secrets

        masker = known_secrets.of(error)
        trace = masker.text("".join(traceback.format_exception(error)))
        return masker.text(f"{type(error).__name__}: {error}"), trace
    except Exception:  # noqa: BLE001  (what is broken may break this as well)
        return type(error).__name__, "".join(traceback.format_tb(error.__traceback__))


def _say(text: str, notes: list[str]) -> None:
    terminal.say(text.rstrip(), "red", label="error: ")
    for note in dict.fromkeys(notes):
        terminal.hint(note)


def _usage_help(error: click.UsageError) -> list[str]:
    if error.ctx is None or isinstance(error, Misuse):
        return []
    return [f"see `{error.ctx.command_path} --help`"]


def _words(error: Any) -> str:
    """Return what an error says, to somebody at a command line."""
    from koppling.errors import ApiError, ConnectionInvalid

    said = str(error)
    if isinstance(error, ConnectionInvalid):
        return said.partition(": pass Connection(")[0]  # what follows is for programs; the advice says it for people
    if isinstance(error, ApiError) and error.request is not None:
        return f"{error.request.method} {error.request.masker.text(error.request.url)}: {said}"
    return said


def _status(error: Any) -> int:
    from koppling.errors import ApiError, TransportError

    return COULD_NOT if isinstance(error, ApiError | TransportError) else FAULT


def _os_words(error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason


def _advices(error: Any) -> Iterator[str]:
    """Yield what to do next, as far as the error alone tells. What knows more adds notes to the error."""
    from koppling.errors import ApiError, ConnectionInvalid, ModuleRetired, TransportError, UnknownModule

    match error:
        case UnknownModule():
            yield "`koppling list` shows the modules there are, `koppling list --all` the retired ones as well"
        case ModuleRetired(name=name, lifecycle=lifecycle) if lifecycle.replaced_by:
            new = lifecycle.replaced_by
            yield f"`koppling show {new if '.' in new else name.partition('.')[0] + '.' + new}` tells what it takes"
        case ModuleRetired(name=name):
            yield f"`koppling show {name}` tells more; with --as-of DAY, `run --dry-run` still shows its request"
        case ConnectionInvalid(variable=variable) if variable:
            yield (
                f"set {variable}, or store a connection with `koppling connection add {error.connector}` and name it "
                "with --connection, or try --sandbox"
            )
        case TransportError(reason="connect"):
            yield "is the server running, and is the address of the connection right?"
        case TransportError(reason="timeout"):
            yield "--timeout SECONDS gives it longer"
        case TransportError(reason="deadline"):
            yield "--deadline SECONDS gives all of it longer"
        case ApiError():
            yield from _api_advice(error)
        case _:
            return


def _api_advice(error: Any) -> Iterator[str]:
    if error.code == "koppling.unreadable":
        yield "what answered is perhaps not this vendor's API: is the address of the connection right?"
        return
    if error.code == "koppling.foreign_origin":
        yield "credentials go to the connection's own address alone; correct the address of the connection"
        return
    match error.kind:
        case "rate_limit":
            after = f" in {error.retry_after:g} s" if error.retry_after is not None else " later"
            yield f"the vendor asks to slow down: try again{after}"
        case "connection":
            yield "the vendor's server failed; try again later"
        case "inconsistency":
            yield "the vendor, or the module's spec, is wrong about its pages; a limit may end before the fault"
        case "module_timeout":
            yield "it took longer than the module allows; the vendor may still finish it"
        case _:
            return
