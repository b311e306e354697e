"""The fields of an operation as a tree: each with its schema, references followed, and the fields inside of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from koppling.model import OperationSpec

_DEEPEST: Final = 4


@dataclass(frozen=True, slots=True)
class SchemaField:
    """A field, or what is nested in one. `path` are the names that lead to it."""

    path: tuple[str, ...]
    schema: dict[str, Any]
    required: bool
    inner: tuple[SchemaField, ...]

    @property
    def name(self) -> str:
        """Its own name."""
        return self.path[-1]

    def walk(self) -> Iterator[SchemaField]:
        """Yield it and all that is nested in it."""
        yield self
        for one in self.inner:
            yield from one.walk()


def resolver(defs: Mapping[str, Any]) -> Callable[[str], Any]:
    """Return what finds the schema that a `$ref` names."""
    return lambda reference: defs.get(_name(reference), {})


def _name(reference: str) -> str:
    """Return the name of a definition, which a connector's own references to it leave short."""
    where, _, name = reference.partition("#/$defs/")
    return f"{where}.{name}" if where else name


def tree(operation: OperationSpec) -> list[SchemaField]:
    """Return the fields of an operation, in the order of the spec."""
    resolve = resolver(operation.plan["schema"].get("$defs") or {})
    return [_field((one.name,), one.schema, one.required, resolve, ()) for one in operation.fields.values()]


def of_schemas(fields: Mapping[str, Any], required: set[str]) -> list[SchemaField]:
    """Return the fields of a map of schemas without references, as a connection's."""
    return [_field((name,), schema, name in required, lambda _: {}, ()) for name, schema in fields.items()]


def plain(schema: Any, resolve: Callable[[str], Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return a schema with its references followed, and the references."""
    followed: tuple[str, ...] = ()
    for _ in range(8):
        if not isinstance(schema, dict):
            return {}, followed
        if "$ref" not in schema:
            return schema, followed
        followed += (_name(schema["$ref"]),)
        found = resolve(schema["$ref"])
        schema = {**(found if isinstance(found, dict) else {}), **{k: v for k, v in schema.items() if k != "$ref"}}
    return {}, followed


def _field(
    path: tuple[str, ...], schema: Any, required: bool, resolve: Callable[[str], Any], above: tuple[str, ...]
) -> SchemaField:
    found, followed = plain(schema, resolve)
    inner: list[SchemaField] = []
    if not set(followed) & set(above) and len(path) < _DEEPEST:  # a schema that holds itself is shown once
        passed = (*above, *followed)
        for holder, more in _holders(found, resolve, passed):
            needed = set(holder.get("required", ()))
            for name, one in (holder.get("properties") or {}).items():
                if all(name != known.name for known in inner):
                    inner.append(_field((*path, name), one, name in needed, resolve, more))
    return SchemaField(path, found, required, tuple(inner))


def _holders(
    schema: dict[str, Any], resolve: Callable[[str], Any], above: tuple[str, ...]
) -> Iterator[tuple[dict[str, Any], tuple[str, ...]]]:
    """Yield the schemas whose properties are a field's: its own, those of its elements, and of its alternatives."""
    if "properties" in schema:
        yield schema, above
    for one in [schema.get("items"), *schema.get("anyOf", ()), *schema.get("oneOf", ())]:
        if isinstance(one, dict):
            found, followed = plain(one, resolve)
            if not set(followed) & set(above):
                yield from _holders(found, resolve, (*above, *followed))
