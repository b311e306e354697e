"""What to do next, where the command knows more than the error that was raised: added to it as notes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from koppling.errors import ApiError, ConnectionInvalid, InputInvalid, TransportError
from koppling.words import TYPES

_PLACEHOLDER = {"integer": "3", "number": "0.5", "boolean": "true", "array": "'[…]'", "object": "'{…}'"}


@contextlib.contextmanager
def advised(module: Any, connector: Any, texts: set[str]) -> Iterator[None]:
    """Add what to do next to an error that passes through.

    Args:
        module: the ModuleSpec that is called.
        connector: its ConnectorSpec.
        texts: the inputs that were given as `key=value`.
    """
    try:
        yield
    except InputInvalid as error:
        for note in _input_notes(error, module, texts):
            error.add_note(note)
        raise
    except ApiError as error:
        if error.kind == "invalid_access_token":
            error.add_note(f"the vendor does not take this credential: check {_secrets(connector)}")
        elif error.code == "koppling.no_example":
            error.add_note(
                f"the replay answers what the examples state; `koppling show {module.full_name}` has their inputs"
            )
        elif error.kind == "data" and not (error.code or "").startswith("koppling."):
            error.add_note(f"`koppling show {module.full_name}` tells what it takes")
        elif (error.code or "") in {"koppling.unreadable", "koppling.foreign_origin"}:
            error.add_note(_address(connector))
        raise
    except ConnectionInvalid as error:
        field = connector.fields.get(error.field)
        if field is not None and error.variable is None and (variable := field.schema.get("env")):
            error.add_note(f"it comes from the stored connection, or from the variable {variable}")
        raise
    except TransportError as error:
        if error.reason == "connect" and (where := _address(connector)):
            error.add_note(where)
        raise


def _input_notes(error: InputInvalid, module: Any, texts: set[str]) -> Iterator[str]:
    fields = {name: spec for operation in module.operations.values() for name, spec in operation.fields.items()}
    told = False
    for problem in error.problems:
        name = problem.pointer.strip("/")
        schema = fields[name].schema if name in fields else None
        if name not in texts or schema is None:
            continue
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if kinds and "string" not in kinds and "parse" not in schema:
            example = _PLACEHOLDER.get(kinds[0], "JSON")
            yield f"`{name}=…` gives a text; write {name}:={example} for {TYPES.get(kinds[0], kinds[0])}"
        told = True
    if not told and module.full_name == error.module:
        yield f"`koppling show {module.full_name}` tells what it takes"


def _secrets(connector: Any) -> str:
    """Return the secret fields of a connection with their variables, in words."""
    named = [f"{name}{_variable(spec)}" for name, spec in connector.fields.items() if spec.secret]
    return " and ".join(named) if named else "the connection"


def _address(connector: Any) -> str:
    """Return a hint at the field of a connection that holds its address."""
    for name, spec in connector.fields.items():
        if spec.schema.get("format") == "uri":
            return f"the address comes from the connection's field {name}{_variable(spec)}"
    return "the address stands in the connector's request.base_url"


def _variable(spec: Any) -> str:
    return f" (variable {spec.schema['env']})" if "env" in spec.schema else ""
