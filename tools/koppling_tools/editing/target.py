"""What a person names for a change: a module, one of its operations, a field, a value of a field."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from koppling.catalog import Catalog
from koppling.diagnostics import suggestion
from koppling.errors import UnknownModule
from koppling.read import Pointer
from koppling_tools.console.mistakes import Misuse
from koppling_tools.editing.text import Edit


@dataclass(frozen=True)
class Target:
    """A place in a module's file. `kind` is module, operation, field or value; `operation` is where it stands."""

    edit: Edit
    connector: str
    module: str  # with its major version: get_thing@1
    kind: str
    pointer: Pointer
    operation: str | None
    name: str

    @property
    def lifecycle(self) -> Pointer:
        """Where its lifecycle stands; a value's dates are its own keys."""
        return self.pointer if self.kind == "value" else (*self.pointer, "lifecycle")


def find_target(given: str, catalog: Catalog) -> Target:
    """Return what `connector.module[@major][.operation][.field][=value]` names.

    Raises:
        Misuse: there is no such thing; with the near miss.
    """
    dotted, _, value = given.partition("=")
    parts = dotted.split(".")
    if len(parts) < 2:  # noqa: PLR2004  (connector and module)
        raise Misuse(f"{given!r} names no module; write CONNECTOR.MODULE[@MAJOR][.OPERATION][.FIELD][=VALUE]")
    connector, module, rest = parts[0], parts[1], parts[2:]
    path = module_file(catalog, connector, module)
    edit = Edit(path)
    full = f"{edit.get(('name',))}@{str(edit.get(('version',))).split('.', 1)[0]}"
    at: Pointer = ()
    operation = None
    operations = edit.get(("operations",)) or {}
    if rest and rest[0] in operations:
        operation, rest = rest[0], rest[1:]
        at = ("operations", operation)
    if len(rest) > 1:
        raise Misuse(f"{given!r}: {rest[0]!r} is no operation of {full}; {suggestion(rest[0], operations)}")
    if not rest:
        if value:
            raise Misuse(f"{given!r}: a value belongs to a field: MODULE.FIELD=VALUE")
        return Target(edit, connector, full, "operation" if operation else "module", at, operation, operation or full)
    field_at, operation = _field(edit, at, operation, rest[0], f"{connector}.{full}")
    if not value:
        return Target(edit, connector, full, "field", field_at, operation, rest[0])
    return Target(edit, connector, full, "value", _value(edit, field_at, value), operation, value)


def module_file(catalog: Catalog, connector: str, module: str) -> Path:
    """Return the file of a module; without a major version, of its newest one.

    Raises:
        Misuse: there is none.
    """
    try:
        files = catalog.files(connector)
    except UnknownModule as error:
        raise Misuse(str(error)) from None
    name, _, major = module.partition("@")
    majors = {found: path for (known, found), (path, _) in files.items() if known == name}
    if not majors or (major and (not major.isdigit() or int(major) not in majors)):
        known = {f"{connector}.{known}@{found}" for known, found in files} | {f"{connector}.{one}" for one, _ in files}
        raise Misuse(f"there is no module {connector}.{module}; {suggestion(f'{connector}.{module}', known)}")
    return majors[int(major)] if major else majors[max(majors)]


def _field(edit: Edit, at: Pointer, operation: str | None, name: str, full: str) -> tuple[Pointer, str | None]:
    """Return where a field is declared: in the operation named, in the module, or in the one operation that has it."""
    places: list[tuple[Pointer, str | None]] = [((*at, "fields"), operation), (("fields",), None)]
    places += [(("operations", one, "fields"), one) for one in edit.get(("operations",)) or {}] if not at else []
    having = [(place, whose) for place, whose in dict.fromkeys(places) if name in (edit.get(place) or {})]
    if not having:
        known = {one for place, _ in places for one in edit.get(place) or {}}
        known |= set(edit.get(("operations",)) or {})
        raise Misuse(f"{full} has no operation and no field {name!r}; {suggestion(name, known)}")
    own = [one for one in having if one[0][:-1] == at] or having
    if len(own) > 1:
        listed = " or ".join(f"{full}.{whose}.{name}" for _, whose in own if whose)
        raise Misuse(f"several operations have a field {name!r}; write {listed}")
    place, whose = own[0]
    return (*place, name), whose


def _date_enum(edit: Edit, field: Pointer, schema: Any) -> None:
    """Write an `enum`, which has no dates, as `values`; without a type they are a closed list as well."""
    values = schema["enum"]
    alone = all(isinstance(one, str) for one in values) and schema.get("type", "string") == "string"
    if not alone or "values" in schema:
        raise Misuse(
            f"the values of {field[-1]} are an `enum`, which has no dates, and not all of them are texts alone; write "
            "them as `values: {NAME: {…}, …}` first"
        )
    edit.replace_entry((*field, "enum"), "values", dict.fromkeys(values))
    if "type" in schema:
        edit.remove_entry((*field, "type"))


def _value(edit: Edit, field: Pointer, value: str) -> Pointer:
    schema: Any = edit.get(field) or {}
    values = schema.get("values")
    if isinstance(values, dict):
        if value not in values:
            raise Misuse(f"{field[-1]} has no value {value!r}; {suggestion(value, values)}")
        return (*field, "values", value)
    if value in (schema.get("enum") or ()):
        _date_enum(edit, field, schema)
        return (*field, "values", value)
    raise Misuse(f"the field {field[-1]} has no `values` that could be dated")
