"""Values as they may be shown: files described, secrets masked."""

from __future__ import annotations

import json
from typing import Any

from koppling.body import Part
from koppling.encode import Listed
from koppling.files import File
from koppling.masking import MASK
from koppling.trace import Given, Leaf, Trace


def leaf_value(leaf: Leaf, trace: Trace) -> Any:
    """Return a leaf's value as JSON, without any secret.

    What read a secret, and does not show it as it was, is masked whole: an expression may have turned it round.
    """
    return _masked(leaf.value, leaf.secret, trace)


def given_value(given: Given, trace: Trace) -> Any:
    """Return an input as JSON, without any secret."""
    return MASK if given.secret else _masked(given.value, False, trace)


def template(leaf: Leaf, trace: Trace) -> str:
    """Return what the spec says there; a spec may hold, in its own text, what is secret."""
    return trace.masker.text(leaf.template)


def one_line(value: Any) -> str:
    """Return JSON as a line of text."""
    return json.dumps(value, ensure_ascii=False)


def _masked(value: Any, secret: bool, trace: Trace) -> Any:
    plain = _json(value)
    shown = trace.masker.value(plain)
    return MASK if secret and shown == plain and plain is not None else shown


def _json(value: Any) -> Any:
    match value:
        case File():
            return {"name": value.name, "media_type": value.media_type, "size": value.size}
        case Part(content=bytes()):
            return value.shown
        case Part(content=File() as file):
            return {"name": value.file_name, "media_type": value.media_type, "size": file.size}
        case Listed():
            return ",".join(value)
        case dict():
            return {str(key): _json(one) for key, one in value.items()}
        case list() | tuple():
            return [_json(one) for one in value]
        case None | str() | int() | float():
            return value
        case _:
            return repr(value)  # what no JSON has, among the problems
