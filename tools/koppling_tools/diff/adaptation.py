"""Whether inputs of an older major version become those of a newer one, and whether anything is lost on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from koppling.adapt import adapted
from koppling.diagnostics import Location
from koppling.read import Document
from koppling_tools.diff.change import Change
from koppling_tools.diff.operation import Side
from koppling_tools.diff.schema import Comparison


def adaptation(
    name: str, old_major: str, old: Mapping[Any, Side], new: Mapping[Any, Side], document: Document
) -> Iterator[Change]:
    """Yield what the `adapts` of a new major version comes to.

    Args:
        name: the new version.
        old_major: the number of the older one.
        old: the older one's operations.
        new: the newer one's.
        document: the newer one's file.
    """
    rules = (document.value.get("adapts") or {}).get(old_major)
    if rules is None:
        yield Change(
            "adapts-missing",
            "additive",
            name,
            f"inputs of version {old_major} cannot be adapted",
            Location(document.path, 1, 1),
            f"say how, in `adapts: {{{old_major}: …}}`, if they can",
        )
        return
    place = document.locate(("adapts", old_major), key=True)
    missing = list(dict.fromkeys(_missing(rules, old, new)))
    for told in missing:
        yield Change("adapts-incomplete", "additive", name, f"inputs of version {old_major}: {told}", place)
    lost = list(_lost(rules, old))
    for told in lost:
        yield Change("adapts-lossy", "additive", name, f"inputs of version {old_major}: {told}", place)
    if not missing and not lost:
        yield Change(
            "adapts-lossless",
            "additive",
            name,
            f"inputs of version {old_major} become its own, and nothing is lost",
            place,
        )


def _missing(rules: Mapping[str, Any], old: Mapping[Any, Side], new: Mapping[Any, Side]) -> Iterator[str]:
    """Yield, in words, which valid inputs of the older version the newer one would refuse, as far as can be told."""
    names, dropped = rules.get("rename") or {}, set(rules.get("drop") or ())
    for operation, before in old.items():
        after = new.get(operation) or next(iter(new.values()))
        fields, known = before.merged.tree["fields"], after.merged.tree["fields"]
        required = set(before.merged.tree["required"])
        given = {names.get(name, name) for name in fields if name not in dropped}
        sure = {names.get(name, name) for name in required if name not in dropped} | set(rules.get("default") or {})
        for name in sorted(given - set(known)):
            yield f"`{name}` has no place; rename or drop it"
        for name in after.merged.tree["required"]:
            if name not in sure and "default" not in known.get(name, {}):
                yield f"`{name}` is required, and may be missing; give it a default"
        comparison = Comparison(before.defs, after.defs)
        for name, schema in fields.items():
            current = names.get(name, name)
            if name in dropped or current not in known:
                continue
            for one in comparison.differences(_mapped(schema, rules, current), known[current], f"`{current}`"):
                if one.how in {"narrower", "other"}:
                    yield one.message


def _mapped(schema: Mapping[str, Any], rules: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the schema of an older input with its closed values as they are once mapped."""
    values = (rules.get("map") or {}).get(name)
    if not values:
        return schema
    if "enum" in schema:
        return {**schema, "enum": [values.get(one, one) if isinstance(one, str) else one for one in schema["enum"]]}
    if "values" in schema:
        return {**schema, "values": {values.get(one, one): said for one, said in schema["values"].items()}}
    return schema


def _lost(rules: Mapping[str, Any], old: Mapping[Any, Side]) -> Iterator[str]:
    for name in rules.get("drop") or ():
        if any(name in side.merged.tree["fields"] for side in old.values()):
            yield f"`{name}` is dropped"
    for name, values in (rules.get("map") or {}).items():
        closed = [value for side in old.values() for value in _closed(side, name, rules)]
        became: dict[Any, set[Any]] = {}
        for value in {*values, *closed}:
            became.setdefault(adapted({name: value}, {"map": rules["map"]})[name], set()).add(value)
        for value, before in became.items():
            if len(before) > 1:
                yield f"{' and '.join(repr(one) for one in sorted(before))} of `{name}` both become {value!r}"


def _closed(side: Side, name: str, rules: Mapping[str, Any]) -> list[str]:
    older = next((old for old, new in (rules.get("rename") or {}).items() if new == name), name)
    schema = side.merged.tree["fields"].get(older) or {}
    found = schema.get("enum") or (list(schema.get("values") or {}) if "type" not in schema else [])
    return [one for one in found if isinstance(one, str)]
