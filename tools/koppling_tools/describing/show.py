"""A module as a page for people, and as JSON for programs."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from koppling.model import ModuleSpec, OperationSpec
from koppling_tools.console.output import as_yaml
from koppling_tools.console.page import Page, Row, Section
from koppling_tools.describing.field_rows import FieldRows, life_words, sentence
from koppling_tools.describing.snippets import command_line, examples, own_roots, snippet

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
    if life := life_words(module.lifecycle, day):
        paragraphs.append(sentence(life))
    sections: list[Section] = []
    for operation in module.operations.values():
        sections += _operation(module, operation, day)
    sections += _common(module, connector, day)
    return Page(module.full_name, facts, paragraphs, sections)


def _operation(module: ModuleSpec, operation: OperationSpec, day: str) -> Iterator[Section]:
    if module.select is not None:
        said = [one for one in (operation.summary, sentence(life_words(operation.lifecycle, day))) if one]
        usual = "  (when none is chosen)" if module.select.get("default") == operation.name else ""
        heading = f"{module.select['field']}={operation.name}  {operation.title}{usual}"
        yield Section(heading, part=True, paragraphs=said)
    words = FieldRows(module, operation, day)
    for heading, advanced in (("Inputs", False), ("Advanced inputs", True)):
        fields = [one for one in operation.fields.values() if one.advanced is advanced]
        note = "* required" if any(one.required for one in fields) else ""
        if fields:
            yield Section(heading, [row for one in fields for row in words.rows(one)], note=note)
    yield _request(operation)
    yield from _output(operation)


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
    if "usage" in case:
        yield Row("used", (", ".join(case["usage"]),))
    for key, words in (("limit", "limited by"), ("pages", "page by page"), ("wait", "waits"), ("follow", "follows")):
        if key in case:
            yield Row(words, (_compact(case[key]),))
    if "stream" in case:
        delta = case["stream"].get("delta")
        shown = ", ".join(delta) if isinstance(delta, dict) else str(delta)
        yield Row("streams", (f"--stream shows {shown} as it comes",))


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


def _common(module: ModuleSpec, connector: Any, day: str) -> Iterator[Section]:
    found = examples(module, day)
    if found:
        yield Section("Example", block="\n\n".join(command_line(module, one) for one in found), syntax="console")
        folders = [_from_here(str(one)) for one in own_roots(module, connector)]
        yield Section("In Python", block=snippet(module, found[0], folders), syntax="python")
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
        "examples": [{"inputs": one, "command": command_line(module, one)} for one in examples(module, day)],
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
