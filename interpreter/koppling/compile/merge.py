"""An operation is its module's own keys with the operation's over them; what is merged remembers where it stood."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from koppling.read import Pointer

BODIES = ("json", "form", "multipart", "raw")
_ADDRESSES = ("path", "target")


@dataclass(slots=True)
class Merged:
    """A merged operation. `origins` leads from a place in `tree` to the place in the document that it came from."""

    tree: dict[str, Any]
    origins: dict[Pointer, Pointer] = field(default_factory=dict)

    def origin(self, pointer: Pointer) -> Pointer:
        """Return where in the document a place of the tree stands."""
        for length in range(len(pointer), 0, -1):
            if pointer[:length] in self.origins:
                return self.origins[pointer[:length]] + pointer[length:]
        return pointer


def merge(module: dict[str, Any], name: str | None) -> Merged:
    """Return one operation of a module; the module itself where there is nothing to choose (name None)."""
    merged = Merged({"required": [], "fields": {}, "validation": {}, "request": {}, "response": {}, "telemetry": {}})
    _lay(merged, module, ())
    if name is not None:
        _lay(merged, module["operations"][name] or {}, ("operations", name))
    return merged


def _lay(merged: Merged, layer: dict[str, Any], base: Pointer) -> None:
    tree = merged.tree
    for key in ("fields", "validation", "telemetry"):
        for name, value in (layer.get(key) or {}).items():
            tree[key][name] = value
            merged.origins[(key, name)] = (*base, key, name)
    for index, name in enumerate(layer.get("required") or ()):
        if name not in tree["required"]:
            tree["required"].append(name)
            merged.origins[("required", len(tree["required"]) - 1)] = (*base, "required", index)
    _lay_request(merged, layer.get("request") or {}, base)
    _lay_response(merged, layer.get("response"), base)


def _lay_request(merged: Merged, layer: dict[str, Any], base: Pointer) -> None:
    request = merged.tree["request"]
    for group in (BODIES, _ADDRESSES):
        if any(key in layer for key in group):
            for key in group:
                request.pop(key, None)
    for key, value in layer.items():
        if key in {"headers", "query"} and isinstance(value, dict) and isinstance(request.get(key), dict):
            request[key] = {**request[key], **value}
            for name in value:
                merged.origins[("request", key, name)] = (*base, "request", key, name)
        else:
            request[key] = value
            _forget(merged, ("request", key))
            merged.origins[("request", key)] = (*base, "request", key)


def _lay_response(merged: Merged, layer: Any, base: Pointer) -> None:
    if layer is None:
        return
    known = merged.tree["response"]
    if isinstance(layer, list) or isinstance(known, list):
        merged.tree["response"] = layer
        _forget(merged, ("response",))
        merged.origins[("response",)] = (*base, "response")
        return
    merged.tree["response"] = {**known, **layer}
    for key in layer:
        merged.origins[("response", key)] = (*base, "response", key)


def _forget(merged: Merged, prefix: Pointer) -> None:
    for pointer in [one for one in merged.origins if one[: len(prefix)] == prefix]:
        del merged.origins[pointer]
