"""Resume tokens: where a search stands, as text that belongs to one module and its inputs."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from koppling.call import Call, Position
from koppling.errors import InputInvalid, Problem


def mark(call: Call, inputs: Mapping[str, Any] | None) -> str:
    """Return the hash of module and inputs that a resume token carries."""
    told = json.dumps([call.operation.module.full_name, dict(inputs or {})], sort_keys=True, default=repr)
    return blake2b(told.encode(), digest_size=12).hexdigest()


def write_token(position: Position, mark: str) -> str:
    """Return the token of a position."""
    told = json.dumps([position.page, position.address, position.taken, mark], separators=(",", ":"))
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def read_token(token: str, call: Call, mark: str) -> Position:
    """Return the position of a token.

    Raises:
        InputInvalid: it is none, or one of another module or other inputs.
    """
    try:
        told = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        page, address, taken, known = told
        if not (isinstance(page, dict) and isinstance(taken, int) and (address is None or isinstance(address, str))):
            raise TypeError  # noqa: TRY301  (one way out for all that is wrong with a token)
    except (ValueError, TypeError):
        raise _refused(call, "this is no resume token") from None
    if known != mark:
        raise _refused(call, "this resume token belongs to another module or other inputs")
    return Position(page, address, taken)


def _refused(call: Call, message: str) -> InputInvalid:
    return InputInvalid(call.operation.module.full_name, (Problem("", message),))
