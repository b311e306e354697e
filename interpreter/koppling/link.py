"""Plans to what runs: every template, expression and validator of an operation parsed once."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from koppling.extract import Case, Errors, Pages, Stream, TelemetryNames
from koppling.limits import Rule
from koppling.model import ConnectorSpec, ModuleSpec, OperationSpec, lifecycle_of
from koppling.render import Places, RequestTemplate
from koppling.retry import Retry
from koppling.validate import Inputs


class Operation:
    """One operation, ready to be called any number of times."""

    def __init__(self, connector: ConnectorSpec, module: ModuleSpec, spec: OperationSpec) -> None:
        plan = spec.plan
        self.connector = connector
        self.module = module
        self.spec = spec
        self.inputs = Inputs(module.full_name, spec, module.select)
        shared = connector.plan
        places = Places(plan["request_places"], module.path, shared["request_places"], shared["path"])
        self.request = RequestTemplate(module.full_name, plan["request"], shared["auth"], shared["style"], places)
        self.cases = [Case(one) for one in plan["response"]]
        self.errors = Errors(plan["errors"], connector.plan["error_body"], connector.plan["request_id"])
        self.retry = Retry(plan["retry"])
        self.limits = [Rule(name, one) for name, one in plan["limits"].items()]

    @cached_property
    def telemetry(self) -> TelemetryNames:
        """What telemetry says of its calls."""
        return TelemetryNames(self.spec.plan["telemetry"])

    @property
    def is_search(self) -> bool:
        """Whether it gives a list of bundles."""
        return any(case.items is not None for case in self.cases)

    @property
    def items_are_events(self) -> bool:
        """Whether its bundles can be shown line by line, as they arrive."""
        return self.cases[0].items_are_events

    @property
    def reads_chunks(self) -> bool:
        """Whether its answers may be more than text in memory."""
        return any(case.format not in {"json", "text"} for case in self.cases)

    @property
    def pages(self) -> Pages | None:
        """How its next page is asked for."""
        return next((case.pages for case in self.cases if case.pages), None)

    @property
    def stream(self) -> Stream | None:
        """How it is streamed."""
        return next((case.stream for case in self.cases if case.stream), None)


def connector_spec(plan: dict[str, Any]) -> ConnectorSpec:
    """Return the connector that a plan describes."""
    return ConnectorSpec(plan["name"], plan["title"], plan["version"], plan["path"], plan)


def module_spec(plan: dict[str, Any]) -> ModuleSpec:
    """Return the module that a plan describes."""
    operations = {
        None if name == "" else name: OperationSpec(name or None, one) for name, one in plan["operations"].items()
    }
    return ModuleSpec(
        plan["connector"],
        plan["name"],
        plan["version"],
        plan["title"],
        plan["kind"],
        plan["summary"],
        plan["path"],
        lifecycle_of(plan),
        plan["select"],
        operations,
        plan,
    )
