"""The page of one module in one major version."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from koppling.model import ModuleSpec, OperationSpec
from koppling_tools.console.output import as_yaml
from koppling_tools.describing.field_rows import life_words, sentence
from koppling_tools.docs import request_part
from koppling_tools.docs.atlas import Atlas, dated_of, page_of, page_of_connector
from koppling_tools.docs.code import block
from koppling_tools.docs.dates import field_anchor, operation_anchor
from koppling_tools.docs.example_part import Calls, example
from koppling_tools.docs.fields import FieldList
from koppling_tools.docs.html import Element, Node, join, tag
from koppling_tools.docs.layout import Place, badge, document, outside, prose, rows
from koppling_tools.docs.schema_tree import resolver, tree
from koppling_tools.docs.timeline import chart
from koppling_tools.examples.load import Example

_BETWEEN: Final = {"if", "then", "else", "dependentRequired", "anyOf", "oneOf", "allOf", "not"}


def module_page(atlas: Atlas, module: ModuleSpec, calls: Calls, *, rules: bool) -> str:
    """Return the page of a module.

    Raises:
        SpecError: one of its examples has faults.
    """
    connector = atlas.connectors[module.connector]
    place = Place(
        page_of(module),
        f"{module.title} · {connector.title}",
        (("Connectors", "index.html"), (connector.title, page_of_connector(connector.name))),
    )
    body: list[Node] = [_head(atlas, place, module)]
    examples = _by_operation(module, atlas.examples(module))
    parts = [
        _operation(atlas, place, module, one, calls, examples.get(one.name, [])) for one in module.operations.values()
    ]
    if module.select is None:
        body += parts
    else:
        field = module.select["field"]
        said = str(module.select.get("title") or field)
        body.append(
            tag(
                "section",
                tag("p", said, " ", tag("code", field), class_="part", id="operations"),
                tag("div", parts, class_="tabs operations", data_tabs=f"{module.full_name}", data_label=said),
            )
        )
    if things := dated_of(module):
        lifecycle = chart(atlas, place, things, label=f"Dates of {module.full_name}")
        body.append(tag("section", place.heading(2, "Lifecycle", "lifecycle"), lifecycle))
    return document(place, body, atlas.span, rules=rules)


def _head(atlas: Atlas, place: Place, module: ModuleSpec) -> Element:
    state = atlas.state(module)
    life = life_words(module.lifecycle, atlas.day)
    replacement = module.lifecycle.replaced_by
    found = atlas.find(module.connector, replacement) if replacement else None
    source = module.plan.get("source") or {}
    others = [
        tag("a", f"v{one.major}", href=place.link(page_of(one)))
        for one in atlas.versions(module)
        if one.major != module.major
    ]
    facts: list[tuple[Node, Node]] = [
        ("Version", [module.version, [" (also ", join(", ", others), ")"] if others else None]),
        ("Kind", module.kind),
    ]
    if source.get("page"):
        facts.append(("Vendor's page", [outside(source["page"], _host(source["page"])), _compared(source)]))
    facts.append(("Spec", tag("code", atlas.spec(module))))
    return tag(
        "header",
        tag("h1", module.title),
        tag("p", tag("code", module.full_name, data_copy=module.full_name), " ", badge(state), class_="name"),
        tag("p", prose(module.summary), class_="summary") if module.summary else None,
        tag("p", _linked(sentence(life), module, found, place), class_=f"notice {state}") if life else None,
        rows(facts),
        class_="head",
    )


def _linked(text: str, module: ModuleSpec, replacement: ModuleSpec | None, place: Place) -> Node:
    """Return what is said of a lifecycle with the name of its replacement as a link."""
    name = module.lifecycle.replaced_by
    if replacement is None or not name or name not in text:
        return text
    before, _, after = text.partition(name)
    return [before, tag("a", name, href=place.link(page_of(replacement))), after]


def _compared(source: dict[str, Any]) -> Node:
    day = source.get("verified")
    return [", compared ", tag("time", str(day), datetime=str(day))] if day else None


def _host(address: str) -> str:
    return address.partition("://")[2].partition("/")[0] or address


def _by_operation(module: ModuleSpec, examples: list[Example]) -> dict[str | None, list[Example]]:
    found: dict[str | None, list[Example]] = {}
    for one in examples:
        chosen = one.inputs.get(module.select["field"], module.select.get("default")) if module.select else None
        if not isinstance(chosen, str | None) or chosen not in module.operations:
            chosen = next(iter(module.operations))  # a call that chooses nothing there is
        found.setdefault(chosen, []).append(one)
    return found


def _operation(
    atlas: Atlas, place: Place, module: ModuleSpec, operation: OperationSpec, calls: Calls, examples: list[Example]
) -> Element:
    single = module.select is None
    prefix = "" if single else f"{operation.name}-"
    level = 2 if single else 3
    state = operation.lifecycle.state(atlas.day)
    head: list[Node] = []
    if not single:
        beside: list[Node] = [" ", tag("code", operation.name)]
        beside += [" ", badge(state)] if state != "active" else []
        if module.select and module.select.get("default") == operation.name:
            beside += [" ", tag("span", "when none is chosen", class_="mark")]
        head.append(place.heading(2, operation.title, operation_anchor(operation.name), beside))
        head += [tag("p", prose(operation.summary), class_="summary")] if operation.summary else []
        if life := life_words(operation.lifecycle, atlas.day):
            head.append(tag("p", sentence(life), class_=f"notice {state}"))
        head.append(_own_source(module, operation))

    def link(name: str) -> str | None:
        return f"#{field_anchor(operation.name, (name,))}" if name in operation.fields else None

    def section(title: str, anchor: str, content: list[Node]) -> Node:
        if not any(content):
            return None
        return tag("section", place.heading(level, title, prefix + anchor, listed=single), content)

    inputs = list(_fields(atlas, place, module, operation))
    return tag(
        "section",
        head,
        section("Fields", "fields", inputs),
        section("Request", "request", request_part.request(operation, link)),
        section("Output", "output", list(request_part.response(operation, link))),
        section("Examples", "examples", _examples(calls, module, prefix, examples, level + 1)),
        section("Errors", "errors", list(request_part.errors(operation, link))),
        class_="operation",
        data_tab=None if single else operation.name,
    )


def _own_source(module: ModuleSpec, operation: OperationSpec) -> Node:
    source = operation.plan.get("source") or {}
    if not source.get("page") or source == (module.plan.get("source") or {}):
        return None
    return rows([("Vendor's page", [outside(source["page"], _host(source["page"])), _compared(source)])])


def _fields(atlas: Atlas, place: Place, module: ModuleSpec, operation: OperationSpec) -> Iterator[Node]:
    def choices(options: dict[str, Any]) -> Node:
        name = str(options.get("module", ""))
        found = atlas.find(module.connector, name)
        title: Node = found.title if found else tag("code", name)
        inputs = ", ".join(f"{key}: {value}" for key, value in (options.get("inputs") or {}).items())
        return [
            "The values come from ",
            tag("a", title, href=place.link(page_of(found))) if found else title,
            f" ({inputs})" if inputs else None,
            ".",
        ]

    resolve = resolver(operation.plan["schema"].get("$defs") or {})
    fields = tree(operation)
    if not fields:
        yield tag("p", "None.")
        return
    yield from FieldList(operation.name, atlas.day, resolve, choices).whole(fields)
    if rules := {key: value for key, value in operation.plan["schema"].items() if key in _BETWEEN}:
        yield tag(
            "details",
            tag("summary", "Rules between fields"),
            block(as_yaml(rules), label="Rules between fields"),
            class_="inner",
        )


def _examples(calls: Calls, module: ModuleSpec, prefix: str, examples: list[Example], level: int) -> list[Node]:
    return [
        example(calls, module, one, f"{prefix}example-{one.case}", level=level, first=number == 0)
        for number, one in enumerate(examples)
    ]
