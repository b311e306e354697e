"""The fields of an operation in words, as rows of a page, and lifecycles in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from koppling.model import FieldSpec, Lifecycle, ModuleSpec, OperationSpec
from koppling.words import show as quoted
from koppling_tools.console.page import Row
from koppling_tools.describing.schema_words import constraints, listed, type_of, values_of
from koppling_tools.describing.snippets import argument

_NESTED: Final = 2  # so many levels of an object's properties are shown


class FieldRows:
    """Makes rows of fields.

    Args:
        module: whose they are.
        operation: of it.
        day: the ISO day that lifecycles are read at.
    """

    def __init__(self, module: ModuleSpec, operation: OperationSpec, day: str) -> None:
        self._defs = operation.plan["schema"].get("$defs") or {}
        self._module = module
        self._day = day

    def resolve(self, reference: str) -> Any:
        """Return the schema that a `$ref` names."""
        where, _, name = reference.partition("#/$defs/")
        return self._defs.get(f"{where}.{name}" if where else name, {})

    def rows(self, spec: FieldSpec) -> Iterator[Row]:
        """Yield the row of a field, and those of what is nested in it."""
        yield from self._schema(spec.name, spec.schema, required=spec.required, depth=0)

    def _schema(self, term: str, schema: Any, *, required: bool, depth: int) -> Iterator[Row]:
        schema = self._plain(schema)
        yield Row(term, tuple(self._lines(term, schema)), required, depth)
        if depth >= _NESTED:
            return
        inner = self._plain(schema.get("items")) if isinstance(schema.get("items"), dict) else schema
        needed = set(inner.get("required", ()))
        for name, one in (inner.get("properties") or {}).items():
            yield from self._schema(f".{name}", one, required=name in needed, depth=depth + 1)

    def _plain(self, schema: Any) -> dict[str, Any]:
        for _ in range(8):
            if not isinstance(schema, dict):
                return {}
            if "$ref" not in schema:
                return schema
            found = self.resolve(schema["$ref"])
            schema = {**(found if isinstance(found, dict) else {}), **{k: v for k, v in schema.items() if k != "$ref"}}
        return {}

    def _lines(self, term: str, schema: dict[str, Any]) -> Iterator[str]:
        values = values_of(schema)
        living = listed(self._living(schema, values))
        kind = type_of(schema, self.resolve)
        closed = kind.startswith("one of")
        facts = [kind.replace("one of", f"one of {living}", 1) if closed else kind, *constraints(schema)]
        if "default" in schema:
            facts.append(f"default {quoted(schema['default'])}")
        if schema.get("secret"):
            facts.append("secret")
        title = schema.get("title")
        named = title and str(title).casefold().replace(" ", "_") != term.strip(".").casefold()
        yield f"{title}: {', '.join(facts)}" if named else ", ".join(facts)
        if schema.get("description"):
            yield " ".join(str(schema["description"]).split())
        if living and not closed:
            yield f"For example {living}."
        if "options" in schema:
            yield self._options(term, schema["options"])
        yield from self._dated(schema)

    def _living(self, schema: dict[str, Any], values: list[Any]) -> list[Any]:
        known = schema.get("values") or {}
        retired = {name for name, one in known.items() if _lifecycle(one).state(self._day) == "retired"}
        return [one for one in values if one is not None and not (isinstance(one, str) and one in retired)]

    def _dated(self, schema: dict[str, Any]) -> Iterator[str]:
        if life := life_words(_lifecycle(schema.get("lifecycle")), self._day):
            yield sentence(life)
        alike: dict[str, list[str]] = {}
        for value, said in (schema.get("values") or {}).items():
            if life := life_words(_lifecycle(said), self._day):
                alike.setdefault(life, []).append(value)
        for life, values in alike.items():
            yield f"{', '.join(values)}: {life}."

    def _options(self, term: str, options: dict[str, Any]) -> str:
        module, select = self._module, self._module.select
        if not term.startswith("."):
            chosen = f" {select['field']}=…" if select else ""
            return f"Values: `koppling options {module.connector}.{module.name} {term}{chosen}`"
        inputs = " ".join(argument(key, value) for key, value in (options.get("inputs") or {}).items())
        return f"Values: `koppling run {module.connector}.{options['module']} {inputs}`".rstrip("` ") + "`"


def _lifecycle(said: Any) -> Lifecycle:
    if not isinstance(said, dict):
        return Lifecycle()
    return Lifecycle(**{key: said[key] for key in Lifecycle.__slots__ if key in said})


def life_words(lifecycle: Lifecycle, day: str) -> str:
    """Return what a caller has to know of a lifecycle on a day; nothing where nothing ever changes."""
    state = lifecycle.state(day)
    if state == "planned":
        said = f"from {lifecycle.since} on"
    elif state == "retired":
        said = f"gone since {lifecycle.retired}"
    elif state == "deprecated":
        said = f"deprecated since {lifecycle.deprecated}"
        said += f", gone from {lifecycle.retired} on" if lifecycle.retired else ""
    elif lifecycle.retired:
        said = f"gone from {lifecycle.retired} on"
    else:
        return ""
    said += f"; use {lifecycle.replaced_by} instead" if lifecycle.replaced_by else ""
    return said + (f". {lifecycle.reason.rstrip('.')}" if lifecycle.reason else "")


def sentence(text: str) -> str:
    """Return words as a sentence; nothing for none."""
    return f"{text[0].upper()}{text[1:]}." if text else ""
