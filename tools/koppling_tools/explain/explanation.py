"""What there is to say about one call, as far as it came: gathered once, shown as text or as JSON."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from koppling import Client, InputInvalid, KopplingError, ModuleRetired
from koppling.catalog import Catalog
from koppling.diagnostics import Problem
from koppling.model import ConnectorSpec, ModuleSpec
from koppling.trace import Trace
from koppling.validate import Extra, choose
from koppling_tools.console.advice import advised
from koppling_tools.console.mistakes import GivenWrong
from koppling_tools.explain.account import Known, account
from koppling_tools.explain.choice import Choice, Version, operation_choice, versions, why_version
from koppling_tools.running.values import Inputs, read_inputs, secret_inputs, settle_files


@dataclass(frozen=True)
class Asked:
    """What somebody wants explained."""

    module: str
    inputs: tuple[str, ...]
    as_of: str
    specs: tuple[Path, ...]
    source: str | None = None
    connection: str | None = None
    operation: str | None = None
    inputs_of: int | None = None
    stream: bool = False
    extra: Extra = "forbid"


@dataclass
class Explanation:
    """What a name and inputs come to. `trace` is None where no operation was reached, and `error` says why."""

    asked: Asked
    module: ModuleSpec
    connector: ConnectorSpec
    versions: list[Version]
    why_version: str
    operation: Choice | None
    given: Mapping[str, Any]
    connection: list[Known] = field(default_factory=list)
    trace: Trace | None = None
    error: KopplingError | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the inputs."""
        if self.trace is not None:
            return self.trace.problems
        return self.error.problems if isinstance(self.error, InputInvalid) else ()


def explain(asked: Asked) -> Explanation:
    """Explain a call without making it.

    Raises:
        GivenWrong: streaming was asked for, and there is none; no such operation; inputs that cannot be read.
        KopplingError: the module, or the connection's name, is not known; a spec has faults.
    """
    catalog = Catalog(asked.specs)
    module = catalog.module(asked.module, asked.as_of, retired=True)
    connector = catalog.connector(module.connector)
    secret = secret_inputs(catalog, module, asked.inputs_of, asked.as_of)
    inputs = read_inputs(asked.inputs, asked.source, secret)
    if asked.inputs_of is not None:
        adapted = catalog.adapt(module.full_name, inputs.values, asked.inputs_of, asked.as_of)
        inputs = replace(inputs, values=adapted)
    if asked.operation is not None:
        inputs = replace(inputs, values=_with_operation(module, inputs.values, asked.operation))
    known = versions(catalog, module, asked.as_of)
    found = Explanation(
        asked,
        module,
        connector,
        known,
        why_version(asked.module, module, known, asked.as_of),
        operation_choice(module, inputs.values, asked.as_of),
        inputs.values,
    )
    try:
        _trace(found, catalog, inputs)
    except (InputInvalid, ModuleRetired) as error:
        found.error = error
        found.notes += getattr(error, "__notes__", [])
    return found


def _trace(found: Explanation, catalog: Catalog, inputs: Inputs) -> None:
    asked, module = found.asked, found.module
    if module.lifecycle.state(asked.as_of) == "retired":
        raise ModuleRetired(module.full_name, module.lifecycle)
    with advised(module, found.connector, inputs.texts):
        operation = choose(module, inputs.values)
        streams = any("stream" in case for case in operation.plan["response"])
        if asked.stream and not streams and not operation.is_search:
            raise GivenWrong(f"{module.full_name} neither streams nor lists; leave out --stream")
        values = settle_files(inputs, operation.fields)
        connection, found.connection = account(found.connector, asked.connection)
        client = Client(connection, catalog, extra=asked.extra, as_of=asked.as_of)
        with client, warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # they are in the trace
            found.trace = client.trace(module.full_name, values, stream=asked.stream and not operation.is_search)
    if found.trace.problems:
        error = InputInvalid(module.full_name, found.trace.problems)
        with contextlib.suppress(InputInvalid), advised(module, found.connector, inputs.texts):
            raise error
        found.notes = getattr(error, "__notes__", [])


def _with_operation(module: ModuleSpec, values: dict[str, Any], operation: str) -> dict[str, Any]:
    """Return the inputs with the one that chooses an operation.

    Raises:
        GivenWrong: there is nothing to choose, or the inputs choose another.
    """
    if module.select is None:
        raise GivenWrong(f"{module.full_name} has one operation; leave out --operation")
    field = module.select["field"]
    if values.get(field, operation) != operation:
        raise GivenWrong(f"--operation {operation} contradicts the input {field}, which is {values[field]!r}")
    return {**values, field: operation}
