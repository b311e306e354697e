"""The inputs of a call as they stand on a command line: `key=value`, `key:=json`, `key@path`, and `--input`."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import click

from koppling.catalog import Catalog
from koppling.errors import UnknownModule
from koppling.files import File
from koppling.masking import MASK
from koppling.model import FieldSpec, ModuleSpec
from koppling_tools.console.mistakes import InputUnreadable

# The first separator decides, so a value may hold any of them: `url=https://acme.example/?a=b`.
_ARGUMENT: Final = re.compile(r"(?P<key>[^=:@]+)(?P<how>:=|=|@)(?P<value>.*)", re.DOTALL)


@dataclass
class Inputs:
    """What was given.

    `texts` names those that came as `key=value`, `secret` those that no message quotes; `folder` is where
    `{"path": …}` starts from.
    """

    values: dict[str, Any] = field(default_factory=dict)
    texts: set[str] = field(default_factory=set)
    files: dict[str, list[File]] = field(default_factory=dict)
    folder: Path = field(default_factory=Path)
    secret: Collection[str] = ()


def secret_inputs(catalog: Catalog, module: ModuleSpec, inputs_of: int | None, day: str) -> set[str]:
    """Return the names of a module's secret inputs, and of those of the older version that the inputs are of."""
    modules = [module]
    if inputs_of is not None:
        with suppress(UnknownModule):  # who adapts them says so
            modules.append(catalog.module(f"{module.connector}.{module.name}@{inputs_of}", day, retired=True))
    fields = [one for each in modules for operation in each.operations.values() for one in operation.fields.items()]
    return {name for name, spec in fields if spec.secret}


def read_inputs(arguments: Sequence[str], source: str | None, secret: Collection[str] = ()) -> Inputs:
    """Read the inputs of a command line.

    Args:
        arguments: `key=value` gives text, `key:=json` JSON, `key:=@path` the JSON of a file, `key@path` a file;
            `key@path` may be repeated, which gives a list of files.
        source: a JSON or YAML file with an object, or "-" for standard input; arguments win over it.
        secret: the names of those that are.

    Raises:
        click.UsageError: an argument that is none of these, or a key twice.
        InputUnreadable: a file that cannot be read, or that holds no JSON.
    """
    inputs = Inputs(secret=secret)
    if source is not None:
        inputs.values = _read_source(source)
        inputs.folder = Path() if source == "-" else Path(source).parent
    given: set[str] = set()
    for argument in arguments:
        key, how, value = _split(argument)
        if key in given and not (how == "@" and key in inputs.files):
            raise click.UsageError(f"the input {key!r} is given twice; give it once, or a list as {key}:='[…]'")
        given.add(key)
        if how == "@":
            inputs.files.setdefault(key, []).append(_file(key, Path(value), secret))
            inputs.values[key] = inputs.files[key][0]
        elif how == ":=":
            inputs.values[key] = _json_of(key, value, secret)
        else:
            inputs.values[key] = value
            inputs.texts.add(key)
    return inputs


def settle_files(inputs: Inputs, fields: Mapping[str, FieldSpec]) -> dict[str, Any]:
    """Return the values for a call: `{"path": …}` at file fields is opened, several `key@path` become a list.

    Raises:
        InputUnreadable: a path that is no readable file; a text where a file is wanted.
    """
    values = dict(inputs.values)
    for name in inputs.texts:
        if name in fields and fields[name].file and not _takes_text(fields[name].schema):
            shown = _shown(name, values[name], inputs.secret)
            raise InputUnreadable(f"input {name}: {name}={shown} is a text; a file is {name}@{shown}")
    for name, files in inputs.files.items():
        spec = fields.get(name)
        listed = len(files) > 1 or (spec is not None and spec.schema.get("type") == "array")
        values[name] = files if listed else files[0]
    for name, value in values.items():
        if name in fields and fields[name].file:
            values[name] = _opened(name, value, inputs)
    return values


def _takes_text(schema: Mapping[str, Any]) -> bool:
    alternatives = (schema, *schema.get("anyOf", ()), *schema.get("oneOf", ()))
    return any("string" in (kind if isinstance(kind := one.get("type"), list) else [kind]) for one in alternatives)


def _split(argument: str) -> tuple[str, str, str]:
    found = _ARGUMENT.fullmatch(argument)
    if not found:
        raise click.UsageError(
            f"{argument!r} is no input; write key=value for a text, key:=json for anything else, key@path for a file"
        )
    return found["key"].strip(), found["how"], found["value"]


def _shown(key: str, value: str, secret: Collection[str]) -> str:
    return MASK if key in secret else value


def _file(key: str, path: Path, secret: Collection[str]) -> File:
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        shown = _shown(key, str(path), secret)
        raise InputUnreadable(f"input {key}: the file {shown!r} cannot be read: {error.strerror}") from None
    return File(path)


def _json_of(key: str, value: str, secret: Collection[str]) -> Any:
    where = f"input {key}"
    if value.startswith("@"):  # no JSON starts so
        where = f"{where}: {_shown(key, value[1:], secret)}"
        try:
            value = Path(value[1:]).read_text(encoding="utf-8-sig")
        except OSError as error:
            raise InputUnreadable(f"{where}: cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise InputUnreadable(f"{where}: is not UTF-8") from None
    try:
        return json.loads(value, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        wrong = InputUnreadable(f"{where}: {_shown(key, value[:60], secret)!r} is no JSON: {error}")
        if value[:1] in {"[", "{"}:
            wrong.add_note(
                f"in JSON every text stands in double quotes, and the shell wants quotes around: {key}:='[\"a\"]'"
            )
        elif "@" not in where and re.fullmatch(r"[\w .-]+", value):
            wrong.add_note(f"for a text write {key}={_shown(key, value, secret)}")
        raise wrong from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"JSON has no {name}")


def _read_source(source: str) -> dict[str, Any]:
    where = "standard input" if source == "-" else source
    try:
        data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise InputUnreadable(f"--input: {where} cannot be read: {error.strerror}") from None
    value = _parse(data, where)
    if not isinstance(value, dict):
        raise InputUnreadable(f"--input: {where} holds no object; the inputs are a map of names to values")
    return value


def _parse(data: bytes, where: str) -> Any:
    """Read JSON, else YAML. JSON is tried first: it is quicker, and YAML refuses its tabs."""
    try:
        return json.loads(data, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        if where.endswith(".json"):
            raise InputUnreadable(f"--input: {where} is no JSON: {error}") from None
    from koppling.read import parse_document

    document = parse_document(data, where)
    if document.diagnostics:
        first = document.diagnostics[0]
        raise InputUnreadable(f"--input: {first.location}: {first.message}")
    return document.value


def _opened(name: str, value: Any, inputs: Inputs) -> Any:
    if isinstance(value, list):
        return [_opened(name, one, inputs) for one in value]
    if not isinstance(value, dict) or "path" not in value:
        return value
    unknown = set(value) - {"path", "name", "media_type"}
    if unknown or not all(isinstance(one, str) for one in value.values()):
        raise InputUnreadable(f'input {name}: a file is {{"path": …}}, with "name" and "media_type" where they matter')
    opened = _file(name, inputs.folder / value["path"], inputs.secret)
    return File(inputs.folder / value["path"], name=value.get("name", opened.name), media_type=value.get("media_type"))
