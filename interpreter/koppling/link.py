"""Plans to what runs: every template, expression and validator of an operation parsed once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final

from koppling.extract import Case, Errors, Evaluate, Pages, Stream, TelemetryNames
from koppling.limits import Rule
from koppling.masking import Masker
from koppling.model import ConnectorSpec, Lifecycle, ModuleSpec, OperationSpec, lifecycle_of
from koppling.render import Places, RequestTemplate
from koppling.retry import SAFE, Retry
from koppling.validate import Inputs

if TYPE_CHECKING:
    from koppling.tokens import Held


class Operation:
    """One operation, ready to be called any number of times."""

    def __init__(self, connector: ConnectorSpec, module: ModuleSpec, spec: OperationSpec) -> None:
        run = spec.run
        self.connector = connector
        self.module = module
        self.spec = spec
        self.inputs = Inputs(module.full_name, spec, module.select)
        shared = connector.plan
        places = Places(lambda: spec.plan["request_places"], module.path, shared["request_places"], shared["path"])
        self.request = RequestTemplate(module.full_name, run["request"], shared["auth"], shared["style"], places)
        self.reads_call: bool = run["reads_call"]
        self.cases = [Case(one) for one in run["response"]]
        self.errors = Errors(run["errors"], shared["error_body"], shared["request_id"])
        self.retry = Retry(run["retry"])
        self.limits = [Rule(name, one) for name, one in run["limits"].items()]

    @cached_property
    def telemetry(self) -> TelemetryNames:
        """What telemetry says of its calls."""
        return TelemetryNames(self.spec.run["telemetry"])

    @cached_property
    def is_search(self) -> bool:
        """Whether it gives a list of bundles."""
        return any(case.items is not None for case in self.cases)

    @property
    def items_are_events(self) -> bool:
        """Whether its bundles can be shown line by line, as they arrive."""
        return self.cases[0].items_are_events

    @cached_property
    def reads_chunks(self) -> bool:
        """Whether its answers may be more than text in memory."""
        return any(case.format not in {"json", "text"} for case in self.cases)

    @cached_property
    def pages(self) -> Pages | None:
        """How its next page is asked for."""
        return next((case.pages for case in self.cases if case.pages), None)

    @cached_property
    def limit(self) -> Evaluate | None:
        """How many bundles the inputs ask for at most."""
        return next((case.limit for case in self.cases if case.limit), None)

    @cached_property
    def stream(self) -> Stream | None:
        """How it is streamed."""
        return next((case.stream for case in self.cases if case.stream), None)


class Grant:
    """How calls of a connection come by a token: the connector's `auth.oauth2`, and who holds what it gave."""

    def __init__(self, connector: ConnectorSpec, held: Held) -> None:
        from koppling.render.oauth import OAuth  # few connectors have one

        plan = connector.plan
        self.oauth = OAuth(connector.name, plan["auth"]["oauth2"], plan["request"].get("timeout") or {})
        self.held = held
        #: The token endpoint, as an operation of the connector's.
        self.endpoint = _token_endpoint(connector, self.oauth.grant)
        self._maskers = (Masker(), "", Masker())

    def masker(self, known: Masker, token: str) -> Masker:
        """Return a masker that knows a token as well. The last one is kept: making one costs more than many a call."""
        if known.knows(token):
            return known
        before, of, found = self._maskers
        if before is not known or of != token:
            found = known.with_more([token])
            self._maskers = (known, token, found)
        return found


# RFC 6749, 5.2: what it says of an error. Some vendors say it with a success's status.
_TOKEN_ERRORS: Final[list[dict[str, Any]]] = [
    {"status": "200-299", "when": "error", "kind": "invalid_access_token"},
    {"status": 429, "kind": "rate_limit"},
    {"status": "400-499", "kind": "invalid_access_token"},
    {"status": "500-599", "kind": "connection"},
]
_TOKEN_ERROR_BODY: Final = {"message": "error_description || error", "code": "error"}


def _token_endpoint(connector: ConnectorSpec, grant: str) -> Operation:
    """Return the operation that asks for tokens.

    A code, and often a refresh token, is good for one use: what may have been carried out is not asked again. Client
    credentials are.
    """
    retry = {**connector.plan["retry"], "methods": [*SAFE, *(["POST"] if grant == "client_credentials" else [])]}
    inputs: dict[str, Any] = {
        "names": [],
        "defaults": {},
        "parsed": [],
        "files": [],
        "or_text": [],
        "secret": [],
        "dated": [],
    }
    run: dict[str, Any] = {"inputs": inputs, "request": {}, "reads_call": False, "telemetry": {}, "limits": {}}
    run |= {"response": [], "errors": [], "retry": retry}
    spec = OperationSpec(
        None, run, lambda: {"fields": {}, "required": [], "schema": {}, "places": {}, "request_places": {}}
    )
    module = ModuleSpec(
        connector.name, "token", "1.0.0", "Token", "action", "", connector.path, Lifecycle(), None, {None: spec}, {}
    )
    found = Operation(connector, module, spec)
    found.errors = Errors(_TOKEN_ERRORS, _TOKEN_ERROR_BODY, connector.plan["request_id"])
    return found


def connector_spec(plan: dict[str, Any]) -> ConnectorSpec:
    """Return the connector that a plan describes."""
    return ConnectorSpec(plan["name"], plan["title"], plan["version"], plan["path"], plan)


def _rest(rest: Callable[[], dict[str, Any]], name: str) -> dict[str, Any]:
    found: dict[str, Any] = rest()[name]
    return found


def module_spec(plan: dict[str, Any], rest: Callable[[], dict[str, Any]]) -> ModuleSpec:
    """Return the module that a plan describes; `rest` gives the rest of it by operation, when somebody asks."""
    operations = {
        name or None: OperationSpec(name or None, one, partial(_rest, rest, name))
        for name, one in plan["operations"].items()
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
