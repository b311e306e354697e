"""`koppling test --record`: one real call, kept as an example of its module."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from koppling import Client, Connection
from koppling.catalog import Catalog
from koppling.errors import ApiError
from koppling.model import ModuleSpec
from koppling.validate import choose
from koppling_tools.console import terminal
from koppling_tools.console.advice import advised
from koppling_tools.console.mistakes import Misuse
from koppling_tools.examples.load import shown
from koppling_tools.recording import marked
from koppling_tools.recording.disguise import Disguise, Secret
from koppling_tools.recording.keep import Call, kept, moved
from koppling_tools.recording.wiretap import Wiretap
from koppling_tools.running.calling import connection_of
from koppling_tools.running.values import read_inputs, secret_inputs, settle_files

_CASE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class Wish:
    """The words of the command line."""

    module: str
    case: str
    inputs: tuple[str, ...]
    source: str | None
    connection: str | None
    title: str
    stream: bool
    force: bool
    day: str
    specs: tuple[Path, ...]


def record(wish: Wish) -> int:
    """Call, and keep the call as an example, or say why not and keep nothing.

    Raises:
        Misuse: a name that cannot be one, or that is taken.
        GivenWrong: what was heard cannot be kept.
        KopplingError: the call came to nothing.
    """
    catalog = Catalog(wish.specs)
    module = catalog.module(wish.module, wish.day)
    path = _place(catalog, module, wish)
    call = _called(wish, catalog, module)
    disguise = _disguise(call)
    text = kept(call, disguise, path, wish.title)
    _write(path, text, force=wish.force)
    click.echo(str(path))
    count = len(call.heard)
    terminal.say(f"{count} request{'' if count == 1 else 's'}, replayed and kept")
    for what, times in sorted(disguise.found.items()):
        terminal.say(f"{what}: a stand-in in {times} place{'' if times == 1 else 's'}")
    terminal.hint("what is not marked secret stands there as it was; look before you commit")
    return 0


def _place(catalog: Catalog, module: ModuleSpec, wish: Wish) -> Path:
    if not _CASE.fullmatch(wish.case):
        raise Misuse(f"--case: {wish.case!r} is no name of a case; write letters, digits, - and _")
    home = catalog.files(module.connector)[module.name, module.major][0].parent.parent
    path = shown(home) / "examples" / f"{module.name}.v{module.major}" / f"{wish.case.removesuffix('.yaml')}.yaml"
    if path.exists() and not wish.force:
        raise Misuse(f"{path} is there already; --force writes it anew, another --case leaves it alone")
    there = next(one for one in path.absolute().parents if one.exists())
    if not os.access(there, os.W_OK):
        raise Misuse(f"{there} cannot be written; name a folder of your own with --specs")
    return path


def _called(wish: Wish, catalog: Catalog, module: ModuleSpec) -> Call:
    """Execute the module for real, listening.

    Raises:
        GivenWrong: a secret is too short, or an answer too large.
        KopplingError: nothing was sent, or there was no answer.
    """
    inputs = read_inputs(wish.inputs, wish.source, secret_inputs(catalog, module, None, wish.day))
    connector = catalog.connector(module.connector)
    with advised(module, connector, inputs.texts):
        operation = choose(module, inputs.values)
        values = settle_files(inputs, operation.fields)
        given = connection_of(connector, wish.connection) or Connection.from_env(connector.name)
        bound = given.bind(connector) if given.connector == connector.name else None
        secrets = [*(marked.of_connection(connector, bound) if bound else ()), *marked.of_inputs(operation, values)]
        marked.must_be_long_enough(secrets)
        wiretap = Wiretap()
        with Client(given, catalog, wiretap, as_of=wish.day) as client, terminal.Waiting(module.full_name):
            client.render(module.full_name, values)  # says what is wrong before anything is sent
            assert bound is not None  # noqa: S101  (the client refused another connector's connection)
            call = Call(catalog, module, operation, connector, bound, values, wish.day, wiretap.heard, wish.stream)
            try:
                _execute(client, wish, call)
            except ApiError as error:
                call.error = error
            finally:
                wiretap.close()
            if bound.grant is not None:  # an example has its token
                login = bound.grant.oauth.token_url({"connection": bound.values})
                call.heard[:] = [one for one in call.heard if one.url != login]
    return call


def _execute(client: Client, wish: Wish, call: Call) -> None:
    name = call.module.full_name
    if not wish.stream:
        call.result = client.execute(name, call.inputs)
        return
    with client.stream(name, call.inputs) as stream:
        call.deltas.extend(stream)
        call.result = stream.result()


def _disguise(call: Call) -> Disguise:
    secrets: list[Secret] = [
        *marked.of_connection(call.connector, call.bound),
        *marked.of_inputs(call.operation, call.inputs),
        *marked.of_wire(call.heard),
    ]
    return Disguise(secrets, moved(call))


def _write(path: Path, text: str, *, force: bool) -> None:
    """Write the file whole, or not at all; over another one only if that is wished."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".partial")
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(text.encode())
        Path(partial).chmod(0o644)
        if force:
            Path(partial).replace(path)
        else:
            os.link(partial, path)  # unlike a renaming, it fails where somebody was quicker
    except FileExistsError:
        raise Misuse(f"{path} is there already; --force writes it anew") from None
    finally:
        Path(partial).unlink(missing_ok=True)
