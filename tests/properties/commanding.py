"""The command, run in this process: what it wrote, and how it ended; and connections stored for it."""

from __future__ import annotations

import base64
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any, NamedTuple, Self
from unittest import mock

from every_operation import CANARY, OPERATIONS, Operation
from leaking import leaks
from living import clock

import koppling
from koppling.store import connections
from koppling_tools.cli import main

_SECRET = re.compile(re.escape(CANARY) + r"\w*")
# Who says what went wrong, who masks it, and who closes what is open.
_WHOLE = (
    "koppling_tools.failure",
    "koppling_tools.known_secrets",
    "koppling_tools.console.terminal",
    "koppling.masking",
    "koppling.send",
)
_LAST = {"close", "_release", "__exit__", "__del__", "<genexpr>"}


class Ran(NamedTuple):
    """How the command ended, and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def leaks(self) -> list[str]:
        """What of all that shows a secret."""
        return [*leaks(self.out), *leaks(self.err)]


class Command:
    """Runs the command with folders of its own, and nothing of the environment of the person who runs the tests."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._environment = {"KOPPLING_CACHE": str(place / "cache"), "KOPPLING_CONFIG": str(place), "COLUMNS": "100"}
        for name in ("PATH", "HOME", "PYTHON_KEYRING_BACKEND"):
            self._environment[name] = os.environ.get(name, "")

    @contextmanager
    def surroundings(self, **variables: str) -> Iterator[None]:
        """Have no other variables than these meanwhile, and a clock that nobody waits for."""
        with (
            mock.patch.dict(os.environ, self._environment | variables, clear=True),
            mock.patch("koppling.client.clock.Clock", clock),
        ):
            yield

    def run(self, *words: str, **variables: str) -> Ran:
        """Run it with these words and variables."""
        out, err = (TextIOWrapper(BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        with self.surroundings(**variables), redirect_stdout(out), redirect_stderr(err):
            status = main(words)
        return Ran(status, *(one.buffer.getvalue().decode(errors="surrogateescape") for one in (out, err)))

    def call(self, operation: Operation, command: str, *words: str, **variables: str) -> Ran:
        """Run a command that calls an operation, with the connection that is stored for it."""
        where = ("--specs", str(operation.root), "--as-of", operation.day, "--connection", name_of(operation))
        return self.run(command, operation.module, *words, *where, **variables)

    @contextmanager
    def connections_in(self, place: Path) -> Iterator[None]:
        """Keep connections in another folder meanwhile."""
        with mock.patch.dict(self._environment, {"KOPPLING_CONFIG": str(place)}):
            yield

    def store(self, at: str) -> None:
        """Store a connection for each connector; what is an address in it is this one."""
        for operation in {name_of(one): one for one in OPERATIONS}.values():
            self.store_one(operation, at)

    def store_one(self, operation: Operation, at: str, **others: Any) -> None:
        """Store a connection for an operation, some of its fields being others."""
        with self.surroundings():
            self._add(operation, at, others)

    def _add(self, operation: Operation, at: str, others: dict[str, Any]) -> None:
        fields = {name: at if name in operation.addresses else one for name, one in operation.fields.items()} | others
        secret = {name for name, one in operation.connector.fields.items() if one.secret}
        tokens = {"access_token": f"{CANARY}access", "refresh_token": f"{CANARY}refresh", "expires_at": 4e9}
        connections.add(
            name_of(operation),
            operation.connector.name,
            {name: one for name, one in fields.items() if name not in secret},
            {name: one for name, one in fields.items() if name in secret},
            tokens=tokens if "oauth2" in operation.connector.plan["auth"] else None,
            home="file",
            overwrite=True,
        )

    def words_of(self, inputs: dict[str, Any], how: str) -> list[str]:
        """Return inputs as words of the command line: each in a word, or all in a file."""
        plain = {name: _plain(one) for name, one in inputs.items()}
        if how == "words":
            return [
                f"{key}={one}" if isinstance(one, str) else f"{key}:={json.dumps(one)}" for key, one in plain.items()
            ]
        path = self.place / f"inputs.{how}"
        path.write_text(json.dumps(plain))
        return ["--input", str(path)]


def name_of(operation: Operation) -> str:
    """Return the name of the connection that is stored for an operation."""
    return f"{operation.root.parent.name}-{operation.connector.name}"


def _plain(value: Any) -> Any:
    if isinstance(value, koppling.File):
        return {"name": value.name, "data": base64.b64encode(value.read()).decode(), "media_type": value.media_type}
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


class Crash:
    """A fault of our own in the nth function that the command enters; what it says is what the code there knew.

    Functions count from where the command reads its inputs: it knows by then which of them are secret. Where `at` is
    None, they are counted.
    """

    def __init__(self, at: int | None, form: Any = repr) -> None:
        self._at, self._form = at, form
        self._begun = False
        self.entered = 0
        self.where = ""

    def __enter__(self) -> Self:
        sys.settrace(self._enter)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)

    def _enter(self, frame: Any, _event: str, _arg: Any) -> None:
        module = frame.f_globals.get("__name__", "")
        self._begun = self._begun or frame.f_code.co_name == "read_inputs"
        ours = module.startswith(("koppling.", "koppling_tools.")) and not module.startswith(_WHOLE)
        if not self._begun or not ours or frame.f_code.co_name in _LAST:
            return
        self.entered += 1
        if self.entered - 1 == self._at:
            self.where = f"{module}: {frame.f_code.co_name}"
            known = _read(list(frame.f_locals.values()))
            raise RuntimeError(f"{self._form(known)} {frame.f_locals}")


def _read(values: list[Any]) -> str:
    """Return the first secret that code can read in its variables."""
    for value in values:
        if isinstance(value, str) and (found := _SECRET.search(value)):
            return found[0]
        if isinstance(value, dict | list | tuple) and (
            found := _read(list(value.values() if isinstance(value, dict) else value))
        ):
            return found
    return ""
