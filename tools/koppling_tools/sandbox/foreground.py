"""What `koppling sandbox` does: starts one, tells how to use it, stays until it is interrupted."""

from __future__ import annotations

import contextlib
import json
import shlex
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from koppling.catalog import Catalog
from koppling.model import ConnectorSpec
from koppling_tools.console import terminal
from koppling_tools.sandbox.replay import Played
from koppling_tools.sandbox.start import Mode, Sandbox, start


def stay(connector: str | None, specs: Sequence[Path], *, port: int, mode: Mode, loose: bool) -> int:
    """Run a sandbox until Ctrl-C or SIGTERM, and return the exit status.

    Raises:
        click.UsageError: no connector was named, and there are several, or none.
        SandboxUnavailable: there can be no such sandbox.
    """
    catalog = Catalog(list(specs))
    name = connector or _only(catalog)
    with _ended() as ended, start(name, catalog=catalog, mode=mode, port=port, loose=loose, log=_log) as sandbox:
        for line in _welcome(sandbox, catalog.connector(name)):
            click.echo(line)
        while not ended.wait(0.2):
            if sandbox.process is not None and sandbox.process.poll() is not None:
                raise click.ClickException(f"the sandbox ended by itself, with status {sandbox.process.returncode}")
    terminal.say("the sandbox has ended")
    return 0


def _only(catalog: Catalog) -> str:
    names = catalog.connectors()
    if len(names) == 1:
        return names[0]
    said = (
        f"which connector? There are {', '.join(names)}"
        if names
        else "there is no connector; name a folder with --specs"
    )
    raise click.UsageError(said, click.get_current_context(silent=True))


@contextlib.contextmanager
def _ended() -> Iterator[threading.Event]:
    """Yield what is set when somebody wants this to end: Ctrl-C, or SIGTERM."""
    ended = threading.Event()
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(one, lambda *_: ended.set()) for one in signals]
    try:
        yield ended
    finally:
        for one, handler in zip(signals, before, strict=True):
            signal.signal(one, handler)


def _welcome(sandbox: Sandbox, spec: ConnectorSpec) -> Iterator[str]:
    about = f" ({sandbox.about})" if sandbox.about else ""
    yield f"{spec.title}, {sandbox.kind}{about}: {sandbox.url}"
    variables = {
        str(field.schema["env"]): sandbox.connection_fields[name]
        for name, field in spec.fields.items()
        if "env" in field.schema
        and name in sandbox.connection_fields
        and (field.required or name in _changed(sandbox, spec))
    }
    if variables:
        yield "  export " + " ".join(f"{name}={shlex.quote(_text(value))}" for name, value in variables.items())
    else:
        fields = ", ".join(f"{name}={_text(value)}" for name, value in sandbox.connection_fields.items())
        yield f"  its connection: {fields}"
    test = spec.plan["connection"].get("test")
    if test:
        yield f"  koppling run {spec.name}.{test['module']}{_arguments(test.get('inputs') or {})}"
    yield "Ctrl-C ends it."


def _changed(sandbox: Sandbox, spec: ConnectorSpec) -> set[str]:
    return {name for name, value in sandbox.connection_fields.items() if value == sandbox.url and name in spec.fields}


def _arguments(inputs: Mapping[str, Any]) -> str:
    return "".join(
        f" {name}={shlex.quote(value)}" if isinstance(value, str) else f" {name}:={shlex.quote(json.dumps(value))}"
        for name, value in inputs.items()
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _log(method: str, path: str, played: Played) -> None:
    by = played.example or json.loads(played.answer.data)["error"]["message"]
    terminal.say(f"{method} {path} {played.answer.status} {by}")
