"""A document against the language: the grammar first, then what a grammar cannot say. All faults at once, as values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import PurePath
from typing import Any

from koppling import expression, template
from koppling.compile.grammar import check_grammar
from koppling.compile.lifecycles import check_lifecycles
from koppling.compile.merge import BODIES, Merged, merge
from koppling.compile.parameters import check_parameters
from koppling.compile.places import CONNECTION, Checker, Known, check_errors, check_limits, check_operation
from koppling.compile.prune import pruned, well_shaped
from koppling.compile.schemas import input_schema, plain, references
from koppling.diagnostics import Diagnostic, suggestion
from koppling.expression import ExpressionError
from koppling.read import Document, Pointer
from koppling.template import Reference
from koppling.validate import Schema

_FILE = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9_]*)\.v(?P<major>\d+)\.ya?ml")


def check_connector(document: Document) -> list[Diagnostic]:
    """Return every fault of a connector.yaml."""
    found = _readable(document, "connector")
    rest = document if not found else pruned(document, found, "connector")
    if rest is None or rest.value is None:
        return found
    document, value, grammar = rest, rest.value, len(found)
    found += check_lifecycles(document)
    folder = PurePath(document.path).parent.name
    if folder and folder != "." and value["name"] != folder:
        found.append(
            document.fault(
                "name-mismatch", f"the connector is named {value['name']!r}, its folder {folder!r}", ("name",)
            )
        )
    connection = value.get("connection") or {}
    fields = connection.get("fields") or {}
    found += _required(document, connection.get("required") or (), fields, ("connection", "required"))
    known = Known({"connection": frozenset(fields)})
    checker = Checker(document, known)
    checker.template(value.get("auth"), ("auth",), CONNECTION)
    checker.template(value.get("request"), ("request",), CONNECTION)
    found += checker.found
    found += check_parameters(document, value.get("request") or {}, lambda at: at)
    found += check_errors(document, value, (), known)
    found += check_limits(document, value, (), known)
    defs = value.get("$defs") or {}
    tree: dict[str, Any] = {"fields": fields, "required": [], "validation": {}}
    found += _schemas(document, Merged(tree, {("fields",): ("connection", "fields")}), defs, {})
    for name, schema in defs.items():
        found += _references(document, schema, ("$defs", name), defs, {})
    return _in_order(found, grammar)


def check_module(document: Document, connector: Document | None) -> list[Diagnostic]:
    """Return every fault of a module.

    Args:
        document: the module's file.
        connector: the connector's; without it, what refers to it is not looked at.
    """
    found = _readable(document, "module")
    rest = document if not found else pruned(document, found, "module")
    if rest is None or rest.value is None:
        return found
    document, value, grammar = rest, rest.value, len(found)
    found += check_lifecycles(document)
    shared = (well_shaped(connector, "connector").value or {}) if connector is not None else {}
    found += _named_as_file(document, value)
    select, operations = value.get("select"), value.get("operations")
    names: list[str | None] = list(operations) if operations else [None]
    if select and operations and select.get("default", names[0]) not in operations:
        found.append(
            document.fault(
                "undefined-reference",
                f"there is no operation {select['default']!r}",
                ("select", "default"),
                help=suggestion(select["default"], operations),
            )
        )
    connection = frozenset((shared.get("connection") or {}).get("fields") or ())
    defs, shared_defs = value.get("$defs") or {}, shared.get("$defs") or {}
    for name in names:
        merged = merge(value, name)
        fields = merged.tree["fields"]
        if select and select["field"] in fields:
            found.append(
                document.fault(
                    "duplicate-field",
                    f"the field {select['field']!r} is the one that selects the operation",
                    merged.origin(("fields", select["field"])),
                    key=True,
                    help="give one of them another name",
                )
            )
        inputs = frozenset(fields) | ({select["field"]} if select else frozenset())
        found += check_operation(document, merged, inputs, connection)
        found += _required(document, merged.tree["required"], fields, ("required",), merged)
        found += _schemas(document, merged, defs, shared_defs)
        found += _request(document, merged, name)
        found += check_parameters(document, merged.tree["request"], merged.origin)
        found += _response(document, merged, value, name, (defs, shared_defs))
    if connector is not None and shared is connector.value:  # else what there is of it may have been meant to say it
        found += _based(document, value, names, shared)
    found += _adapts(document, value)
    for name, schema in defs.items():
        found += _references(document, schema, ("$defs", name), defs, shared_defs)
    known = Known({})
    found += check_errors(document, value, (), known)
    for name in operations or ():
        found += check_errors(document, operations[name] or {}, ("operations", name), known)
    found += _limits(document, value, shared, connection)
    return _in_order(found, grammar)


def check_example(document: Document) -> list[Diagnostic]:
    """Return every fault of an example's file. Whether it holds is another question."""
    return _in_order(_readable(document, "example"))


def _readable(document: Document, kind: Any) -> list[Diagnostic]:
    found = list(document.diagnostics)
    if document.value is None and not found:
        found.append(document.fault("grammar", "the file holds nothing", ()))
    if document.value is not None:
        found += check_grammar(document, kind)
    return found


def _in_order(found: list[Diagnostic], grammar: int = 0) -> list[Diagnostic]:
    """Return the faults by place, each once, and one word a place from the grammar."""
    told = {(one.location.line, one.location.column) for one in found[:grammar]}
    more = [
        one
        for one in found[grammar:]
        if (one.location.line, one.location.column) not in told
        and not (one.rule == "field-schema" and any(other.pointer.startswith(one.pointer) for other in found[:grammar]))
    ]
    unique = dict.fromkeys([*found[:grammar], *more])
    return sorted(unique, key=lambda one: (one.location.line, one.location.column, one.rule))


def _named_as_file(document: Document, value: dict[str, Any]) -> Iterator[Diagnostic]:
    parts = _FILE.fullmatch(PurePath(document.path).name)
    if parts is None:
        yield document.fault(
            "name-mismatch",
            "a module's file is named MODULE.vMAJOR.yaml",
            (),
            help=f"rename it to {value['name']}.v{value['version'].split('.')[0]}.yaml",
        )
        return
    if parts["name"] != value["name"]:
        yield document.fault(
            "name-mismatch",
            f"the module is named {value['name']!r}, its file {parts['name']!r}",
            ("name",),
            help="make the two equal",
        )
    major = value["version"].split(".")[0]
    if parts["major"] != major:
        yield document.fault(
            "version-mismatch",
            f"the version is {value['version']}, the file says v{parts['major']}",
            ("version",),
            help=f"a new major version goes into a file of its own, {value['name']}.v{major}.yaml",
        )


def _required(
    document: Document, required: Any, fields: dict[str, Any], at: Pointer, merged: Merged | None = None
) -> Iterator[Diagnostic]:
    for index, name in enumerate(required):
        if name not in fields:
            pointer = merged.origin((*at, index)) if merged else (*at, index)
            yield document.fault(
                "undefined-reference", f"`{name}` is required, and no field", pointer, help=suggestion(name, fields)
            )


def _limits(
    document: Document, value: dict[str, Any], shared: dict[str, Any], connection: frozenset[str]
) -> Iterator[Diagnostic]:
    """Yield what is wrong with the rate limits of a module and its operations."""
    operations = value.get("operations") or {}
    known = frozenset(shared.get("limits") or ())
    layers: list[tuple[Pointer, dict[str, Any], str | None]] = [((), value, None)]
    layers += [(("operations", name), one or {}, name) for name, one in operations.items()]
    for at, layer, name in layers:
        names: dict[str, frozenset[str]] = {"connection": connection}
        if name is not None or not operations:
            names["input"] = frozenset(merge(value, name).tree["fields"]) | {
                (value.get("select") or {}).get("field", "")
            }
        yield from check_limits(document, layer, at, Known(names))
        for limit in (layer.get("limits") or {}) if shared else ():
            if limit not in known:
                message, close = f"`{limit}` is no rate limit of the connector", suggestion(limit, known)
                help_text = close if known else "declare it there, with `weight: 0` for the modules that it is not for"
                yield document.fault("undefined-reference", message, (*at, "limits", limit), help=help_text, key=True)


def _adapts(document: Document, value: dict[str, Any]) -> Iterator[Diagnostic]:
    """Yield what is wrong with what is said of inputs of older versions."""
    fields = set(value.get("fields") or {}) | {(value.get("select") or {}).get("field", "")}
    fields |= {name for one in (value.get("operations") or {}).values() for name in (one or {}).get("fields") or {}}
    for major, rules in (value.get("adapts") or {}).items():
        at: Pointer = ("adapts", major)
        if major.isdigit() and int(major) >= int(value["version"].split(".")[0]):
            message = f"{major} is no older major version than {value['version']}"
            known = ", ".join(str(one) for one in range(1, int(value["version"].split(".")[0])))
            help_text = f"older ones: {known}" if known else "the first version has nothing older to adapt"
            yield document.fault("grammar", message, at, key=True, help=help_text)
        places = [((*at, "rename", old), new, False) for old, new in (rules.get("rename") or {}).items()]
        places += [((*at, word, name), name, True) for word in ("map", "default") for name in rules.get(word) or {}]
        for pointer, name, key in places:
            if name not in fields:
                message, close = f"`{name}` is no field of this version", suggestion(name, fields - {""})
                yield document.fault("undefined-reference", message, pointer, help=close, key=key)


def _schemas(
    document: Document, merged: Merged, defs: dict[str, Any], shared_defs: dict[str, Any]
) -> Iterator[Diagnostic]:
    """Yield what is wrong with the schemas of the fields."""
    fields = merged.tree["fields"]
    faults = [
        fault
        for name, schema in fields.items()
        for fault in _references(document, schema, merged.origin(("fields", name)), defs, shared_defs)
    ]
    yield from faults
    if faults:
        return
    for name, schema in fields.items():
        alone = {"fields": {name: schema}, "required": [], "validation": {}}
        compiled = Schema(input_schema(alone, defs, shared_defs, None))
        at = merged.origin(("fields", name))
        try:
            compiled.compile()
        except ValueError as error:
            yield _no_schema(document, name, schema, at, error)
            continue
        yield from _values(document, compiled, name, schema, at)
    if validation := merged.tree["validation"]:
        rules = {"fields": fields, "required": [], "validation": validation}
        try:
            Schema(input_schema(rules, defs, shared_defs, None)).compile()
        except ValueError as error:
            message = f"the rules of `validation` are no JSON Schema: {error}"
            yield document.fault("field-schema", message, merged.origin(("validation", next(iter(validation)))))


def _no_schema(document: Document, name: str, schema: dict[str, Any], at: Pointer, error: ValueError) -> Diagnostic:
    """Return why a field's schema is none; of a pattern, at the pattern."""
    wrong = re.fullmatch(r'(?s)(".*") is not a "regex"', str(error))
    pattern = schema.get("pattern")
    if wrong is not None and isinstance(pattern, str):
        help_text = "keep to what every engine reads: sets, repetitions, groups, ^ and $"
        message = f"the pattern {pattern!r} is no regular expression that every engine reads"
        return document.fault("field-schema", message, (*at, "pattern"), help=help_text)
    return document.fault("field-schema", f"the schema of `{name}` is none: {error}", at)


def _values(
    document: Document, compiled: Schema, name: str, schema: dict[str, Any], at: Pointer
) -> Iterator[Diagnostic]:
    """Yield what is wrong with the default and the examples of a field."""
    if "default" in schema:
        for fault in compiled.faults({name: schema["default"]}):
            message = f"the default of `{name}` breaks its own schema: it {fault.message}"
            help_text = "mend the default, or what the field takes; a vendor's default is prose, in `description`"
            yield document.fault("field-value", message, (*at, "default"), help=help_text)
    for index, example in enumerate(() if schema.get("format") == "file" else schema.get("examples") or ()):
        for fault in compiled.faults({name: example}):
            message = f"an example of `{name}` breaks its own schema: it {fault.message}"
            help_text = "mend the example, or what the field takes"
            yield document.fault("field-value", message, (*at, "examples", index), help=help_text)


def _references(
    document: Document, schema: Any, at: Pointer, defs: dict[str, Any], shared_defs: dict[str, Any]
) -> Iterator[Diagnostic]:
    for pointer, text in references(schema):
        shared = text.startswith("connector#")
        name, known = text.rpartition("/")[2], shared_defs if shared else defs
        if name not in known:
            yield document.fault(
                "undefined-reference", f"there is no definition {text!r}", (*at, *pointer), help=suggestion(name, known)
            )


def _request(document: Document, merged: Merged, name: str | None) -> Iterator[Diagnostic]:
    request, required = merged.tree["request"], set(merged.tree["required"])
    what = f"operation {name}" if name else "the module"
    at: Pointer = ("operations", name) if name else ()
    if not ({"path", "target"} & set(request)):
        yield document.fault(
            "missing-key", f"the request of {what} has no `path`", (*at, "request"), help="path: /things"
        )
        return
    for one, other in (("path", "target"),):
        if one in request and other in request:
            yield document.fault(
                "grammar",
                f"the request of {what} has both `{one}` and `{other}`",
                merged.origin(("request", other)),
                key=True,
            )
    bodies = [kind for kind in BODIES if kind in request]
    for other in bodies[1:]:
        yield document.fault(
            "grammar",
            f"the request of {what} has both `{bodies[0]}` and `{other}`",
            merged.origin(("request", other)),
            key=True,
        )
    for part in _references_of_path(request.get("path")):
        for chain in expression.references(part.expression):
            optional = (
                chain[0] == "input"
                and len(chain) > 1
                and chain[1] in merged.tree["fields"]
                and chain[1] not in required
            )
            if optional and "default" not in merged.tree["fields"][chain[1]]:
                yield document.fault(
                    "path-optional",
                    f"the path needs `{chain[1]}`, which callers may leave out",
                    merged.origin(("request", "path")),
                    offset=part.offset,
                    help=f"add `{chain[1]}` to `required`",
                )


def _based(
    document: Document, value: dict[str, Any], names: list[str | None], shared: dict[str, Any]
) -> Iterator[Diagnostic]:
    """Yield that paths are below of nothing: neither the connector nor the module says what; once a module."""
    if "base_url" in (shared.get("request") or {}):
        return
    for name in names:
        if "base_url" not in merge(value, name).tree["request"]:
            at: Pointer = ("request",) if "request" in value or name is None else ("operations", name, "request")
            help_text = "write it in connector.yaml, for all modules: request: {base_url: https://…}"
            yield document.fault("missing-key", "requests have no `base_url`", at, help=help_text, key=True)
            return


def _references_of_path(path: Any) -> Iterator[Reference]:
    """Yield the references of a path that compile; of the others it has been told."""
    for _, part in template.references(path):
        with suppress(ExpressionError):
            expression.check_expression(part.expression)
            yield part


def _response(
    document: Document,
    merged: Merged,
    module: dict[str, Any],
    name: str | None,
    definitions: tuple[dict[str, Any], dict[str, Any]],
) -> Iterator[Diagnostic]:
    response = merged.tree["response"]
    cases = response if isinstance(response, list) else [response]
    for index, case in enumerate(cases):
        at: Pointer = ("response", index) if isinstance(response, list) else ("response",)
        for key in ("limit", "pages", "follow"):
            if key in case and "items" not in case:
                message = f"`{key}` needs `items`: the list that is counted"
                yield document.fault("missing-key", message, merged.origin((*at, key)), key=True)
        yield from _references(document, case.get("body"), merged.origin((*at, "body")), *definitions)
        yield from _stream(document, merged, case.get("stream") or {}, (*at, "stream"))
        yield from _until(
            document, merged, module, (case.get("follow") or {}).get("until") or {}, (*at, "follow", "until")
        )
    if module.get("kind") == "search" and name is None and not any("items" in one for one in cases):
        yield document.fault(
            "missing-key", "a search has `items`, the list of its bundles", merged.origin(("response",))
        )


def _stream(document: Document, merged: Merged, stream: dict[str, Any], at: Pointer) -> Iterator[Diagnostic]:
    fields, given = merged.tree["fields"], stream.get("set") or {}
    for field in given:
        if field not in fields:
            yield document.fault(
                "undefined-reference",
                f"streaming sets `{field}`, which is no field",
                merged.origin((*at, "set", field)),
                key=True,
                help=suggestion(field, fields),
            )
    own = {key: plain(fields[key]) for key in given if key in fields and "$ref" not in str(fields[key])}
    for fault in Schema({"type": "object", "properties": own}).faults(given):
        message = f"what streaming sets is refused by its own field: it {fault.message}"
        yield document.fault("field-value", message, merged.origin((*at, "set")))


def _until(
    document: Document, merged: Merged, module: dict[str, Any], until: dict[str, Any], at: Pointer
) -> Iterator[Diagnostic]:
    """Yield what is wrong with the operation of the same module that tells when to stop following."""
    select, operations = module.get("select"), module.get("operations") or {}
    if select is None or until.get("module", "").partition("@")[0] != module["name"]:
        return
    chosen = (until.get("inputs") or {}).get(select["field"])
    if isinstance(chosen, str) and "${" not in chosen and chosen not in operations:
        yield document.fault(
            "undefined-reference",
            f"there is no operation {chosen!r}",
            merged.origin((*at, "inputs", select["field"])),
            help=suggestion(chosen, operations),
        )
