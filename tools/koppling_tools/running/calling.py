"""What `koppling run` does: one call, from the command line's words to what is printed."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from koppling_tools.console import terminal
from koppling_tools.console.advice import advised
from koppling_tools.console.mistakes import GivenWrong, Misuse
from koppling_tools.console.output import Format
from koppling_tools.running.printing import Printer
from koppling_tools.running.values import read_inputs, secret_inputs, settle_files


@dataclass(frozen=True)
class Order:
    """The words of the command line."""

    module: str
    inputs: tuple[str, ...]
    source: str | None
    inputs_of: int | None
    connection: str | None
    env_file: str | None
    sandbox: bool
    stream: bool
    dry_run: bool
    query: str | None
    form: Format | None
    save: str | None
    extra: Any
    timeout: float | None
    deadline: float | None
    as_of: str
    specs: tuple[Path, ...]

    @property
    def timing(self) -> dict[str, float]:
        """The timeout and the deadline as keywords of a call, where there are such."""
        given = {"timeout": self.timeout, "deadline": self.deadline}
        return {name: seconds for name, seconds in given.items() if seconds is not None}


def carry_out(order: Order) -> int:
    """Run the module and print its output. Everything is looked at before anything is sent.

    Raises:
        click.UsageError: the command line contradicts itself, or names what is not there.
        InputUnreadable: a file of the inputs.
        KopplingError: what stopped the call.
    """
    from koppling.catalog import Catalog
    from koppling.validate import choose

    if order.sandbox and order.connection is not None:
        raise Misuse("--connection and --sandbox exclude each other")
    if order.env_file is not None and (order.sandbox or order.connection is not None):
        raise Misuse(f"--env-file and --{'sandbox' if order.sandbox else 'connection'} exclude each other")
    printer = Printer(order.query, order.form, order.save)
    catalog = Catalog(order.specs)
    module = catalog.module(order.module, order.as_of)
    connector = catalog.connector(module.connector)
    secret = secret_inputs(catalog, module, order.inputs_of, order.as_of)
    inputs = read_inputs(order.inputs, order.source, secret)
    if order.inputs_of is not None:
        inputs = replace(inputs, values=catalog.adapt(module.full_name, inputs.values, order.inputs_of, order.as_of))
    with advised(module, connector, inputs.texts):
        operation = choose(module, inputs.values)
        values = settle_files(inputs, operation.fields)
        streams = any("stream" in case for case in operation.plan["response"])
        if order.stream and not operation.is_search and not streams:
            raise GivenWrong(f"{module.full_name} neither streams nor lists; leave out --stream")
        if order.dry_run:
            streamed = order.stream and not operation.is_search
            return _dry_run(order, module, connector, values, printer, stream=streamed)
        printer.check(operation)
        with contextlib.ExitStack() as stack:
            if order.sandbox:
                _rehearse(order, module, connector, values)
            connection = stack.enter_context(_connected(order, connector, catalog))
            waiting = stack.enter_context(terminal.Waiting(module.full_name))
            transport = stack.enter_context(_transport(waiting, operation))
            client = stack.enter_context(_client(order, connection, transport))
            if not order.stream:
                result = client.execute(module.full_name, values, **order.timing)
                waiting.stop()
                printer.output(result.output)
            elif operation.is_search:
                _bundles(client.items(module.full_name, values, **order.timing), waiting, printer)
            else:
                _deltas(client.stream(module.full_name, values, **order.timing), waiting, printer)
    return 0


def _client(order: Order, connection: Any, transport: Any = None) -> Any:
    from koppling import Client

    return Client(connection=connection, specs=order.specs, transport=transport, extra=order.extra, as_of=order.as_of)


def _transport(waiting: terminal.Waiting, operation: Any) -> Any:
    """Return, to be entered, a transport that counts for whoever looks; None, the Client's own, where nobody does."""
    if not terminal.can_move(sys.stderr):
        return contextlib.nullcontext()
    from koppling_tools.running.progress import Counted

    return contextlib.closing(Counted(waiting, "page" if operation.is_search else "request"))


@contextlib.contextmanager
def _connected(order: Order, connector: Any, catalog: Any) -> Iterator[Any]:
    if order.sandbox:
        from koppling_tools.examples.placeholders import connected
        from koppling_tools.sandbox.start import start

        with contextlib.ExitStack() as stack:
            with terminal.Waiting(f"starting the sandbox of {connector.name}"):
                sandbox = stack.enter_context(start(connector.name, catalog=catalog))
            about = f" ({sandbox.about})" if sandbox.about else ""
            terminal.say(f"{sandbox.kind} at {sandbox.url}{about}", label="sandbox: ")
            yield connected(connector, sandbox.connection_fields)
    else:
        yield connection_of(connector, order.connection, order.env_file)


def connection_of(connector: Any, name: str | None, env_file: str | None = None) -> Any:
    """Return the connection that is named, else the environment's, else the connector's default.

    Args:
        connector: its ConnectorSpec.
        name: a stored connection.
        env_file: a file of variables, in place of the environment's own.

    None is the environment's, which the client reads after it has looked at the inputs.

    Raises:
        ConnectionInvalid: there is none of that name, or there are several to choose from.
    """
    from koppling import Connection
    from koppling.errors import ConnectionInvalid
    from koppling.store.connections import default_name, names

    if name is not None:
        return Connection.load(name)
    if env_file is not None:
        return Connection.from_env(connector.name, env_file=env_file)
    needed = [one.schema for one in connector.fields.values() if one.required and "default" not in one.schema]
    if needed and all(os.environ.get(one.get("env", "")) for one in needed):
        return None
    if (name := default_name(connector.name)) is None:
        if needed and (known := names(connector.name)):
            error = ConnectionInvalid(
                connector.name,
                f"the environment has no connection, and of those stored none is the default: {', '.join(known)}",
            )
            error.add_note("--connection NAME names one; `koppling connection default NAME` makes it the default")
            raise error
        return None
    terminal.say(f"with the stored connection {name!r}")
    return Connection.load(name)


def _rehearse(order: Order, module: Any, connector: Any, values: dict[str, Any]) -> None:
    """Look at the inputs before a sandbox is started for them."""
    from koppling import Connection
    from koppling_tools.examples.placeholders import placeholders

    with _client(order, Connection(module.connector, **placeholders(connector))) as client:
        client.render(module.full_name, values)


def _dry_run(
    order: Order, module: Any, connector: Any, values: dict[str, Any], printer: Printer, *, stream: bool
) -> int:
    from koppling import Connection
    from koppling_tools.examples.placeholders import placeholders

    connection = (
        Connection(module.connector, **placeholders(connector))
        if order.sandbox
        else connection_of(connector, order.connection, order.env_file)
    )
    with _client(order, connection) as client:
        request = client.render(module.full_name, values, stream=stream)
    if printer.form == "text" or order.form is None:
        printer.text(f"{request}\n\n{request.curl()}")
    else:
        printer.output({**request.as_json(), "curl": request.curl()})
    terminal.say("nothing was sent")
    return 0


def _bundles(items: Any, waiting: terminal.Waiting, printer: Printer) -> None:
    with items:
        for bundle in items:
            waiting.stop()
            printer.bundle(bundle)
    waiting.stop()


def _deltas(stream: Any, waiting: terminal.Waiting, printer: Printer) -> None:
    try:
        with stream:
            for delta in stream:
                waiting.stop()
                printer.delta(delta)
            result = stream.result()
    except BaseException:
        waiting.stop()
        printer.end()
        raise
    waiting.stop()
    printer.end(result.output)
