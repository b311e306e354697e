"""Inputs against a module's fields: filled, parsed, checked, all problems at once, before anything is sent.

The only file that knows the jsonschema libraries: jsonschema-rs gives the verdict, jsonschema the words.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

from koppling.diagnostics import Problem, join_pointer, suggestion
from koppling.errors import InputInvalid
from koppling.files import File
from koppling.model import FieldSpec, Lifecycle, ModuleSpec, OperationSpec
from koppling.plain import HALF, is_half, plain
from koppling.words import Fault, cut, faults, show

Extra = Literal["forbid", "warn", "pass"]


def check_extra(extra: Any) -> None:
    """Refuse what is no way to treat inputs that no field declares.

    Raises:
        ValueError: it is none.
    """
    if extra not in ("forbid", "warn", "pass"):  # a tuple: what is given may have no hash
        raise ValueError(f"extra is forbid, warn or pass, not {extra!r}")


# What stands for a file while JSON Schema looks at the inputs.
FILE_SCHEMA: dict[str, Any] = {"type": "object", "properties": {"$file": {"type": "string"}}, "required": ["$file"]}


class Schema:
    """A JSON Schema, compiled on first use."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema

    @cached_property
    def _fast(self) -> Any:
        import jsonschema_rs

        # The plain engine is linear in the length of the text, whatever the pattern.
        return jsonschema_rs.Draft202012Validator(
            self.schema, validate_formats=True, pattern_options=jsonschema_rs.RegexOptions()
        )

    def compile(self) -> None:
        """Compile now.

        Raises:
            ValueError: the schema is none.
        """
        try:
            _ = self._fast
        except Exception as error:
            raise ValueError(str(error).splitlines()[0]) from error

    def is_valid(self, value: Any) -> bool:
        """Tell whether a JSON value fits."""
        return bool(self._fast.is_valid(value))

    def places(self, value: Any) -> list[tuple[str | int, ...]]:
        """Return where a JSON value does not fit, without words; `faults` takes a hundred times as long."""
        return [tuple(error.instance_path) for error in self._fast.iter_errors(value)]

    def faults(self, value: Any) -> list[Fault]:
        """Return what is wrong with a JSON value; nothing where it fits."""
        if self.is_valid(value):
            return []
        found = list(faults(_validator()(self.schema).iter_errors(value)))
        found = found or [
            Fault(tuple(error.instance_path), str(error.schema_path[-1] if error.schema_path else ""), _rs_words(error))
            for error in self._fast.iter_errors(value)
        ]
        return list({repr(one): one for one in found}.values())  # by words: what would be allowed may have no hash


@lru_cache(maxsize=1024)
def _pattern(text: str) -> Callable[[str], bool]:
    """Return what tells whether a pattern is found in a text, in time that grows as the text does."""
    import jsonschema_rs

    found = jsonschema_rs.Draft202012Validator({"pattern": text}, pattern_options=jsonschema_rs.RegexOptions())
    return found.is_valid


@lru_cache(maxsize=1)
def _validator() -> Any:
    """Return jsonschema's validator, whose errors words are made of, with patterns left to the other library.

    Its own way, Python's `re`, can be kept busy for years by a harmless pattern and a text made for it.
    """
    from jsonschema import Draft202012Validator, ValidationError  # 57 ms, and only words
    from jsonschema.validators import extend

    def pattern(validator: Any, rule: str, instance: Any, _schema: Any) -> Iterator[Any]:
        if validator.is_type(instance, "string") and not _pattern(rule)(instance):
            yield ValidationError("does not match")

    def properties(validator: Any, rules: dict[str, Any], instance: Any, _schema: Any) -> Iterator[Any]:
        if validator.is_type(instance, "object"):
            for rule, schema in rules.items():
                for key in filter(_pattern(rule), instance):
                    yield from validator.descend(instance[key], schema, path=key, schema_path=rule)

    def others(validator: Any, rule: Any, instance: Any, schema: dict[str, Any]) -> Iterator[Any]:
        if not validator.is_type(instance, "object"):
            return
        patterns = [_pattern(one) for one in schema.get("patternProperties", {})]
        known = schema.get("properties", {})
        rest = [key for key in instance if key not in known and not any(fits(key) for fits in patterns)]
        if validator.is_type(rule, "object"):
            for key in rest:
                yield from validator.descend(instance[key], rule, path=key)
        elif not rule and rest:
            error: Any = ValidationError("unknown keys")
            error.keys = rest
            yield error

    words = {"pattern": pattern, "patternProperties": properties, "additionalProperties": others}
    return extend(Draft202012Validator, words)  # type: ignore[no-untyped-call]  # it has no types


def _rs_words(error: Any) -> str:
    path = list(error.schema_path)
    if path and path[-1] == "format":
        return f"must be a {error.kind.format}, which {show(error.instance)} is not"
    return str(error.message)


class Prepared:
    """Inputs that may be sent. `extras` are those that no field declares; `secrets` are values never to be shown."""

    __slots__ = ("extras", "secrets", "values", "warnings")

    def __init__(self, values: dict[str, Any], secrets: list[str]) -> None:
        self.values, self.secrets = values, secrets
        self.extras: dict[str, Any] = {}
        self.warnings: list[str] = []


def choose(module: ModuleSpec, inputs: Mapping[str, Any]) -> OperationSpec:
    """Return the operation that the inputs choose.

    Raises:
        InputInvalid: there is no such operation, or none was chosen.
    """
    if module.select is None:
        return module.operations[None]
    name = module.select["field"]
    chosen = inputs.get(name, module.select.get("default"))
    names = [str(operation) for operation in module.operations]
    if isinstance(chosen, str) and chosen in module.operations:
        return module.operations[chosen]
    listed = ", ".join(names)
    message = f"is required: one of {listed}" if chosen is None else f"must be one of {listed}, not {show(chosen)}"
    if isinstance(chosen, str) and (near := suggestion(chosen, names)).startswith("did"):
        message += f"; {near}"
    problem = Problem(join_pointer(name), message, tuple(names), module.plan["select_place"])
    raise InputInvalid(module.full_name, (problem,))


class Inputs:
    """The inputs of one operation: what is filled in, what is parsed, what is checked.

    Made once, used by every call.
    """

    def __init__(self, module: str, operation: OperationSpec, select: dict[str, Any] | None) -> None:
        self._module = module
        self._operation = operation
        self._select = select
        told = operation.run["inputs"]
        self._known = frozenset(told["names"]) | ({select["field"]} if select else frozenset())
        self._defaults: dict[str, Any] = told["defaults"]
        self._parsed: list[str] = told["parsed"]
        self._files: list[str] = told["files"]
        self._or_text: list[str] = told["or_text"]
        self._secret: list[str] = told["secret"]
        self._dated: list[str] = told["dated"]

    @cached_property
    def _schema(self) -> Schema:
        return Schema(self._operation.plan["schema"])

    def prepare(
        self, inputs: Mapping[str, Any], *, extra: Extra = "forbid", day: str, files: Path | None = None
    ) -> Prepared:
        """Fill, parse and check the inputs.

        Args:
            inputs: as the caller gave them; never changed.
            extra: what happens to those that no field declares.
            day: the ISO day at which lifecycles are read.
            files: the folder, resolved, below which `{"path": …}` names a file; without it nothing is read from disk
            by name.

        Raises:
            InputInvalid: with every problem there is.
        """
        prepared, problems = self.examine(inputs, extra=extra, day=day, files=files)
        if problems:
            raise InputInvalid(self._module, problems)
        return prepared

    def examine(
        self, inputs: Mapping[str, Any], *, extra: Extra = "forbid", day: str, files: Path | None = None
    ) -> tuple[Prepared, tuple[Problem, ...]]:
        """Return what `prepare` makes of the inputs, be it right or wrong, and all that is wrong with it."""
        check_extra(extra)
        problems: list[Problem] = []
        values: dict[str, Any] = {}
        for name, value in inputs.items():
            if not isinstance(name, str):
                problems.append(Problem("", f"the names of inputs are text, not {name!r}"))
            elif is_half(name):
                problems.append(Problem("", f"the name {name!a} of an input {HALF}"))
            else:
                values[name] = value
        for name, default in self._defaults.items():
            values.setdefault(name, default)
        prepared = Prepared(values, [text for name in self._secret for text in _texts(values.get(name))])
        self._lifecycles(prepared, problems, day)
        self._set_extras_apart(prepared, problems, extra)
        for name in self._parsed:
            if isinstance(values.get(name), str):
                values[name] = self._parse(name, values[name], problems)
                prepared.secrets += _texts(values[name]) if name in self._secret else ()
        for name in self._files:
            if name in values:
                values[name] = self._file(name, values[name], files, problems)
        view = self._json(values, problems)
        if prepared.extras:
            prepared.extras = plain(prepared.extras, (), problems)
        if not problems:
            problems += [self._problem(fault) for fault in self._schema.faults(view)]
        else:
            self._all_the_rest(view, problems)
        return prepared, tuple(self._told(problems, prepared.secrets)) if problems else ()

    def _told(self, problems: list[Problem], secrets: list[str]) -> Iterator[Problem]:
        """Yield problems as anybody may see them, each with its field's line of the spec."""
        from koppling.masking import Masker  # only where something is wrong

        masker = Masker([*secrets, *(left for one in secrets if (left := cut(one)))])
        for one in problems:
            place = one.place or self._place(one.pointer.partition("/")[2].partition("/")[0])
            yield Problem(one.pointer, masker.text(one.message), one.allowed, place)

    def _all_the_rest(self, view: dict[str, Any], problems: list[Problem]) -> None:
        """Add what the schema has to say of inputs in which nothing was found wrong yet."""
        known = {problem.pointer.split("/")[1] for problem in problems if problem.pointer}
        problems += [
            self._problem(fault)
            for fault in self._schema.faults(view)
            if not fault.pointer or str(fault.pointer[0]) not in known
        ]

    def _problem(self, fault: Fault) -> Problem:
        name = str(fault.pointer[0]) if fault.pointer else ""
        spec = self._operation.fields.get(name)
        message = f"{fault.message}; {fault.help}" if fault.help.startswith("did") else fault.message
        return Problem(join_pointer(*fault.pointer), message, fault.allowed, spec.place if spec else "")

    def _json(self, values: dict[str, Any], problems: list[Problem]) -> dict[str, Any]:
        """Make plain JSON of the values, in place, and return them as the schema sees them: files as markers."""
        for name, value in values.items():
            if name not in self._files:
                values[name] = plain(value, (name,), problems)
        if not self._files:
            return values
        return {name: _marked(value) if name in self._files else value for name, value in values.items()}

    def _parse(self, name: str, text: str, problems: list[Problem]) -> Any:
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            why = "it is nested too deep" if isinstance(error, RecursionError) else error
            problems.append(Problem(join_pointer(name), f"is no JSON: {why}", (), self._place(name)))
            return text

    def _file(self, name: str, value: Any, files: Path | None, problems: list[Problem]) -> Any:
        if isinstance(value, list | tuple):
            return [self._one_file((name, index), one, files, problems) for index, one in enumerate(value)]
        return self._one_file((name,), value, files, problems)

    def _one_file(self, pointer: tuple[str | int, ...], value: Any, files: Path | None, problems: list[Problem]) -> Any:
        if isinstance(value, str) and pointer[0] in self._or_text:
            return value
        try:
            return _with_a_name(_as_file(value, files))
        except ValueError as error:
            problems.append(Problem(join_pointer(*pointer), str(error), (), self._place(str(pointer[0]))))
            return value

    def _place(self, name: str) -> str:
        spec = self._operation.fields.get(name)
        return spec.place if spec else ""

    def _set_extras_apart(self, prepared: Prepared, problems: list[Problem], extra: Extra) -> None:
        unknown = [name for name in prepared.values if name not in self._known]
        if not unknown:
            return
        fields, elsewhere = self._operation.fields, self._operation.plan["elsewhere"]
        known = [*fields, *([self._select["field"]] if self._select else [])]
        for name in unknown:
            if extra == "forbid" or name in elsewhere:
                message = self._unknown(name, known, elsewhere)
                problems.append(Problem(join_pointer(name), message, tuple(sorted(fields))))
            else:
                prepared.extras[name] = prepared.values[name]
                if extra == "warn":
                    prepared.warnings.append(
                        f"{self._module}: no field declares the input {name!r}; it is sent as it is"
                    )
            del prepared.values[name]

    def _unknown(self, name: str, known: list[str], elsewhere: dict[str, list[str]]) -> str:
        if name in elsewhere:
            return f"belongs to operation {' or '.join(elsewhere[name])}, not to {self._operation.name}"
        return f"no such input; {suggestion(name, known)}" if known else "this module takes no inputs"

    def _lifecycles(self, prepared: Prepared, problems: list[Problem], day: str) -> None:
        for name in self._dated:
            if name not in prepared.values:
                continue
            spec = self._operation.fields[name]
            self._date(prepared, problems, spec, spec.lifecycle, day, what="", hard=True)
            value = prepared.values[spec.name]
            if isinstance(value, str) and (dated := spec.values.get(value)):
                self._date(prepared, problems, spec, dated, day, what=f"{value!r} ", hard=spec.closed)

    def _date(
        self,
        prepared: Prepared,
        problems: list[Problem],
        spec: FieldSpec,
        dated: Lifecycle,
        day: str,
        *,
        what: str,
        hard: bool,
    ) -> None:
        state = dated.state(day)
        if state == "retired" and hard:
            message = f"{what}is gone, {dated.told(day)}"
            problems.append(Problem(join_pointer(spec.name), message, (), spec.place))
        elif state in {"retired", "deprecated"}:
            prepared.warnings.append(f"{self._module}: input {spec.name} {what}is {dated.told(day)}")


def _as_file(value: Any, files: Path | None) -> File:
    """Return what a caller gave for a file, as one.

    Raises:
        ValueError: it is none; in words.
    """
    if isinstance(value, File):
        return value
    if isinstance(value, Path):
        if not value.is_file():
            raise ValueError(f"there is no file {str(value)!r}")
        return File(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return File(bytes(value))
    if hasattr(value, "read"):
        if hasattr(value, "encoding"):
            raise ValueError("an open file must be binary: open(path, 'rb')")
        return File(value)
    if isinstance(value, dict):
        return _below(files, value["path"]) if set(value) == {"path"} else File.from_json(value)
    raise ValueError(f"must be a file (a pathlib.Path, an open binary file, bytes, koppling.File), not {show(value)}")


def _with_a_name(file: File) -> File:
    """Return a file whose name can be written.

    Raises:
        ValueError: it cannot, as that of a file on a disk whose names are not UTF-8; in words.
    """
    if is_half(file.name):
        raise ValueError(f"the name {file.name!a} of the file is no text; give it another: File(path, name=…)")
    return file


def _below(files: Path | None, path: Any) -> File:
    """Return the file of that name below a folder, symbolic links resolved."""
    if files is None:
        raise ValueError("a file is not given by its path here; give its bytes, or a pathlib.Path")
    found = (files / str(path)).resolve()
    if not found.is_relative_to(files):
        raise ValueError(f"{str(path)!r} is not below the folder that files may come from")
    if not found.is_file():
        raise ValueError(f"there is no file {str(path)!r}")
    return File(found)


def _texts(secret: Any) -> Iterator[str]:
    """Yield all that a secret input may be shown as: each scalar in it, as text."""
    if isinstance(secret, Mapping | list | tuple):
        for one in secret.values() if isinstance(secret, Mapping) else secret:
            yield from _texts(one)
    elif secret is not None and not isinstance(secret, bool) and secret != "":
        yield str(secret)


def _marked(value: Any) -> Any:
    if isinstance(value, list):
        return [_marked(one) for one in value]
    return {"$file": value.name} if isinstance(value, File) else value if isinstance(value, str) else None
