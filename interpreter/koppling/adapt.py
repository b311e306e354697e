"""Inputs of an older major version made into those of a newer one, as the newer one's spec says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def adapted(inputs: Mapping[str, Any], rules: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs as the newer version takes them.

    Args:
        inputs: as the older version takes them.
        rules: what the newer version's `adapts` says of the older one. In this order: `drop` leaves inputs out,
            `rename` gives others their new names, `map` changes values (by the new names), `default` adds what is
            missing.
    """
    dropped, names = set(rules.get("drop") or ()), rules.get("rename") or {}
    found = {names.get(name, name): value for name, value in inputs.items() if name not in dropped}
    for name, values in (rules.get("map") or {}).items():
        if isinstance(found.get(name), str) and found[name] in values:
            found[name] = values[found[name]]
    for name, value in (rules.get("default") or {}).items():
        found.setdefault(name, value)
    return found
