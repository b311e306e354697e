"""Resume tokens: where a search stands, as text that belongs to one module and its inputs."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from koppling.call import Call, Position
from koppling.diagnostics import Problem
from koppling.errors import InputInvalid


def mark(call: Call, inputs: Mapping[str, Any] | None) -> str:
    """Return what a resume token belongs to: the module, and a hash of the inputs."""
    told = json.dumps(dict(inputs or {}), sort_keys=True, default=repr)
    return f"{call.operation.module.full_name} {blake2b(told.encode(), digest_size=12).hexdigest()}"


def write_token(position: Position, mark: str) -> str:
    """Return the token of a position."""
    told = json.dumps([position.page, position.address, position.taken, position.given, mark], separators=(",", ":"))
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def read_token(token: str, call: Call, mark: str) -> Position:
    """Return the position of a token.

    Raises:
        InputInvalid: it is none, or one of another module or other inputs.
    """
    try:
        told = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True))
        page, address, taken, given, known = told
        position = Position(page, address, taken, given)
        if not (_fits(position) and isinstance(known, str)):
            raise TypeError  # noqa: TRY301  (one way out for all that is wrong with a token)
    except (ValueError, TypeError, RecursionError):
        raise _refused(call, "this is no resume token, or not the whole of one") from None
    module, own = known.partition(" ")[0], call.operation.module.full_name
    if module != own:
        raise _refused(call, f"this resume token is one of {module}")
    if known != mark:
        raise _refused(call, "this resume token belongs to other inputs; a search goes on with its own")
    return position


def _fits(position: Position) -> bool:
    counts = (position.taken, position.given)
    return (
        isinstance(position.page, dict)
        and (position.address is None or isinstance(position.address, str))
        and all(type(one) is int and one >= 0 for one in counts)
    )


def _refused(call: Call, message: str) -> InputInvalid:
    return InputInvalid(call.operation.module.full_name, (Problem("", message),))
