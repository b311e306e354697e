"""A module as a page for people, and as JSON for programs."""

from __future__ import annotations

import contextlib
import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from koppling.files import File
from koppling.model import FieldSpec, Lifecycle, ModuleSpec, OperationSpec
from koppling.words import show as quoted
from koppling_tools.output import as_yaml
from koppling_tools.page import Page, Row, Section
from koppling_tools.schema_words import constraints, listed, type_of, values_of

_NESTED: Final = 2  # so many levels of an object's properties are shown
_LONGEST_LINE: Final = 76
_PARTS: Final = ("query", "headers", "json", "form", "multipart", "raw")


def page(module: ModuleSpec, connector: Any, day: str) -> Page:
    """Return the page of a module.

    Args:
        module: the module.
        connector: its ConnectorSpec.
        day: the ISO day that lifecycles are read at.
    """
    state = module.lifecycle.state(day)
    facts = f"version {module.version} · {module.kind} · {state}"
    paragraphs = [module.title, *([module.summary] if module.summary else [])]
    if life := _life(module.lifecycle, day):
        paragraphs.append(_sentence(life))
    sections: list[Section] = []
    for operation in module.operations.values():
        sections += _operation(module, operation, day)
    sections += _common(module, connector)
    return Page(module.full_name, facts, paragraphs, sections)


def _operation(module: ModuleSpec, operation: OperationSpec, day: str) -> Iterator[Section]:
    if module.select is not None:
        said = [one for one in (operation.summary, _sentence(_life(operation.lifecycle, day))) if one]
        yield Section(f"{module.select['field']}={operation.name}  {operation.title}", part=True, paragraphs=said)
    words = _Words(module, operation, day)
    for heading, advanced in (("Inputs", False), ("Advanced inputs", True)):
        fields = [one for one in operation.fields.values() if one.advanced is advanced]
        note = "* required" if any(one.required for one in fields) else ""
        if fields:
            yield Section(heading, [row for one in fields for row in words.field(one)], note=note)
    yield _request(operation)
    yield from _output(operation)


class _Words:
    """Fields in words."""

    def __init__(self, module: ModuleSpec, operation: OperationSpec, day: str) -> None:
        self._defs = operation.plan["schema"].get("$defs") or {}
        self._module = module
        self._day = day

    def resolve(self, reference: str) -> Any:
        where, _, name = reference.partition("#/$defs/")
        return self._defs.get(f"{where}.{name}" if where else name, {})

    def field(self, spec: FieldSpec) -> Iterator[Row]:
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
        facts = [type_of(schema, self.resolve)]
        values = values_of(schema)
        if values and facts[0] == "one of":
            facts[0] = f"one of {listed(self._living(schema, values))}"
        facts += constraints(schema)
        if "default" in schema:
            facts.append(f"default {quoted(schema['default'])}")
        if schema.get("secret"):
            facts.append("secret")
        title = schema.get("title")
        named = title and str(title).casefold().replace(" ", "_") != term.strip(".").casefold()
        yield f"{title}: {', '.join(facts)}" if named else ", ".join(facts)
        if schema.get("description"):
            yield " ".join(str(schema["description"]).split())
        if values and not facts[0].startswith("one of"):
            yield f"For example {listed(self._living(schema, values))}."
        if "options" in schema:
            yield self._options(schema["options"])
        yield from self._dated(schema)

    def _living(self, schema: dict[str, Any], values: list[Any]) -> list[Any]:
        dated = schema.get("values") or {}
        return [one for one in values if _lifecycle(dated.get(one)).state(self._day) != "retired"] if dated else values

    def _dated(self, schema: dict[str, Any]) -> Iterator[str]:
        if life := _life(_lifecycle(schema.get("lifecycle")), self._day):
            yield _sentence(life)
        for value, said in (schema.get("values") or {}).items():
            lifecycle = _lifecycle(said)
            if life := _life(lifecycle, self._day):
                yield f"{value}: {life}."

    def _options(self, options: dict[str, Any]) -> str:
        inputs = " ".join(_argument(key, value) for key, value in (options.get("inputs") or {}).items())
        return f"Values: `koppling run {self._module.connector}.{options['module']} {inputs}`".rstrip("` ") + "`"


def _lifecycle(said: Any) -> Lifecycle:
    if not isinstance(said, dict):
        return Lifecycle()
    return Lifecycle(**{key: said[key] for key in Lifecycle.__slots__ if key in said})


def _life(lifecycle: Lifecycle, day: str) -> str:
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


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _request(operation: OperationSpec) -> Section:
    request = operation.plan["request"]
    where = request["target"] if "target" in request else request.get("path", "")
    headers = request.get("headers") or {}
    merged = {**request.get("shared_headers", {}), **headers} if isinstance(headers, dict) else headers
    shown = {key: value for key in _PARTS if (value := merged if key == "headers" else request.get(key))}
    block = f"{request.get('method', 'GET')} {where}"
    return Section("Request", block=f"{block}\n{as_yaml(shown)}" if shown else block, syntax="yaml")


def _output(operation: OperationSpec) -> Iterator[Section]:
    cases = operation.plan["response"]
    for case in cases:
        note = f"when {case['when']}" if "when" in case else ("otherwise" if len(cases) > 1 else "")
        yield Section("Output", [*_output_rows(case)], note=note)


def _output_rows(case: dict[str, Any]) -> Iterator[Row]:
    form = case.get("format", "json")
    if "items" in case:
        yield Row("a list of", (f"one bundle for each of {case['items']}",))
    output = case.get("output")
    if isinstance(output, dict):
        for name, value in output.items():
            yield Row(name, (_value_words(value),))
    elif output is not None:
        yield Row("the value of", (str(output),))
    else:
        whole = {"bytes": "a file", "text": "the text of the answer"}.get(
            form, "each as the vendor gives it" if "items" in case else "the answer as the vendor gives it"
        )
        yield Row(whole, ())
    if "envelope" in case:
        envelope = case["envelope"]
        yield Row("once per call", (", ".join(envelope) if isinstance(envelope, dict) else str(envelope),))
    for key, words in (("limit", "limited by"), ("pages", "page by page"), ("wait", "waits"), ("follow", "follows")):
        if key in case:
            yield Row(words, (_compact(case[key]),))
    if "stream" in case:
        yield Row("streams", (f"--stream shows {_compact(case['stream'].get('delta'))} of each event",))


def _value_words(value: Any) -> str:
    if isinstance(value, dict):
        kind = {"file": " as a file", "float32": " as numbers", "json": " as JSON"}.get(value.get("as", ""), "")
        return f"{value['value']}{kind}"
    return str(value)


def _compact(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(
            f"{key}: {_compact(one)}" if not isinstance(one, dict) else f"{key} ({_compact(one)})"
            for key, one in value.items()
        )
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _common(module: ModuleSpec, connector: Any) -> Iterator[Section]:
    found = examples(module)
    if found:
        yield Section("Example", block="\n\n".join(command_line(module, one) for one in found), syntax="console")
        yield Section("In Python", block=snippet(module, found[0]), syntax="python")
    errors = list(_errors(module))
    if errors:
        yield Section("Errors", errors)
    facts = [Row(key.replace("_", " "), (value,)) for key, value in module.lifecycle.as_json().items()]
    if facts:
        yield Section("Lifecycle", facts)
    source = module.plan.get("source") or {}
    rows = [
        Row("spec", (_from_here(module.path),)),
        Row("connector", (f"{connector.name} {connector.version}, {connector.title}",)),
    ]
    if source.get("page"):
        rows.append(
            Row(
                "vendor's page",
                (source["page"] + (f", compared {source['verified']}" if "verified" in source else ""),),
            )
        )
    yield Section("Source", rows)


def _from_here(path: str) -> str:
    """Return a path as short as it can be read from where we are."""
    with contextlib.suppress(ValueError, OSError):
        return str(Path(path).resolve().relative_to(Path.cwd()))
    return path


def _errors(module: ModuleSpec) -> Iterator[Row]:
    operation = next(iter(module.operations.values()))
    for entry in operation.plan.get("errors") or ():
        when = f", when {entry['when']}" if "when" in entry else ""
        retry = ", not tried again" if entry.get("retry") is False else ""
        yield Row(_compact(entry["status"]), (f"{entry['kind']}{when}{retry}",))


def examples(module: ModuleSpec) -> list[dict[str, Any]]:
    """Return the inputs of the smallest example of each operation, as far as there are any."""
    from koppling.read import read_document  # noqa: PLC0415

    folder = Path(module.path).parent.parent / "examples" / f"{module.name}.v{module.major}"
    found: dict[Any, dict[str, Any]] = {}
    try:
        files = sorted(folder.glob("*.yaml"), key=lambda one: ("smallest" not in one.stem, one.stem))
    except OSError:
        return []
    for file in files:
        value = read_document(file).value
        if not isinstance(value, dict) or "error" in value or not isinstance(value.get("inputs"), dict):
            continue
        inputs = value["inputs"]
        operation = inputs.get(module.select["field"], module.select.get("default")) if module.select else None
        if operation in module.operations and (operation not in found or len(inputs) < len(found[operation])):
            found[operation] = inputs
    return [found[name] for name in module.operations if name in found]


def command_line(module: ModuleSpec, inputs: dict[str, Any]) -> str:
    """Return inputs as a `koppling run` line."""
    words = ["koppling", "run", module.full_name, *(_argument(key, value) for key, value in inputs.items())]
    lines, line = [], ""
    for word in words:
        if line and len(line) + len(word) > _LONGEST_LINE - 2:
            lines.append(line + " \\")
            line = "    " + word
        else:
            line = f"{line} {word}".lstrip() if not line.startswith("    ") else f"{line} {word}"
    return "\n".join([*lines, line])


def _argument(key: str, value: Any) -> str:
    if isinstance(value, str):
        return f"{key}={shlex.quote(value)}" if value else f"{key}="
    if _is_file(value):
        return f"{key}@{shlex.quote(value.get('name', 'file'))}"
    if isinstance(value, list) and value and all(_is_file(one) for one in value):
        return " ".join(_argument(key, one) for one in value)
    return f"{key}:={shlex.quote(json.dumps(value, ensure_ascii=False))}"


def _is_file(value: Any) -> bool:
    return isinstance(value, File) or (
        isinstance(value, dict) and "data" in value and set(value) <= {"name", "data", "media_type"}
    )


def snippet(module: ModuleSpec, inputs: dict[str, Any]) -> str:
    """Return inputs as a call in Python."""
    files = any(_is_file(one) for value in inputs.values() for one in (value if isinstance(value, list) else [value]))
    head = "from pathlib import Path\n\nimport koppling\n\n" if files else "import koppling\n\n"
    call = f'result = koppling.execute("{module.full_name}", '
    return f"{head}{call}{_literal(inputs, 0, len(call) + 1)})\nresult.output"


def _literal(value: Any, indent: int, before: int) -> str:
    """Return a value as Python writes it; over several lines where one, after so many characters, would be too long."""
    if _is_file(value):
        return f"Path({_literal(value.get('name', 'file'), 0, 0)})"
    if not isinstance(value, list | dict) or not value:
        return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
    heads = (
        [f"{json.dumps(key, ensure_ascii=False)}: " for key in value] if isinstance(value, dict) else [""] * len(value)
    )
    values = list(value.values()) if isinstance(value, dict) else value
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    line = ", ".join(head + _literal(one, 0, -10_000) for head, one in zip(heads, values, strict=True))
    if before + len(line) <= _LONGEST_LINE:
        return f"{opening}{line}{closing}"
    pad = " " * (indent + 4)
    lines = (
        f"{pad}{head}{_literal(one, indent + 4, indent + 6 + len(head))},\n"
        for head, one in zip(heads, values, strict=True)
    )
    return f"{opening}\n{''.join(lines)}{' ' * indent}{closing}"


def everything(module: ModuleSpec, catalog: Any, day: str) -> dict[str, Any]:
    """Return all that is known of a module as JSON."""
    return {
        "name": module.full_name,
        "connector": module.connector,
        "module": module.name,
        "version": module.version,
        "title": module.title,
        "summary": module.summary,
        "kind": module.kind,
        "state": module.lifecycle.state(day),
        "lifecycle": module.lifecycle.as_json(),
        "path": module.path,
        "source": module.plan.get("source") or {},
        "select": module.select,
        "operations": [_operation_json(module, one, catalog, day) for one in module.operations.values()],
        "examples": [{"inputs": one, "command": command_line(module, one)} for one in examples(module)],
    }


def _operation_json(module: ModuleSpec, operation: OperationSpec, catalog: Any, day: str) -> dict[str, Any]:
    return {
        "name": operation.name,
        "title": operation.title,
        "summary": operation.summary,
        "state": operation.lifecycle.state(day),
        "lifecycle": operation.lifecycle.as_json(),
        "search": operation.is_search,
        "fields": [
            {
                "name": one.name,
                "title": one.title,
                "required": one.required,
                "advanced": one.advanced,
                "secret": one.secret,
                "file": one.file,
                "state": one.lifecycle.state(day),
                "lifecycle": one.lifecycle.as_json(),
                "schema": one.schema,
                "place": one.place,
            }
            for one in operation.fields.values()
        ],
        "request": operation.plan["request"],
        "response": operation.plan["response"],
        "errors": operation.plan.get("errors") or [],
        "inputs": catalog.input_schema(module, operation.name),
        "output": catalog.output_schema(module, operation.name),
    }
