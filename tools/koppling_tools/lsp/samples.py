"""What a module's examples show: the values that its expressions are evaluated on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from koppling_tools.examples.answer import named
from koppling_tools.lsp.evaluate import follow
from koppling_tools.lsp.files import Files, Spec
from koppling_tools.lsp.jmespath_text import Step
from koppling_tools.lsp.spec_places import ExpressionPlace, items_of

_MOST_EXAMPLES: Final = 60
_REFUSED: Final = 400


@dataclass(frozen=True, slots=True)
class Sample:
    """One subject, and the example that it is of. `roots` are the values that `${…}` reads there."""

    example: Path
    subject: Any
    roots: dict[str, Any]


def samples(files: Files, spec: Spec, place: ExpressionPlace) -> list[Sample]:
    """Return the subjects that the examples show for a place."""
    if spec.kind == "connector":
        paths = [path for module in files.modules(spec).values() for path in files.examples(module)]
        found = [one for path in paths for one in _answers(files, path)]
    else:
        value = files.value(spec.path)
        found = [
            one
            for path in files.examples(spec.path)
            if _of_operation(files.value(path), value, place.operation)
            for one in _answers(files, path)
        ]
    refused = place.subject == "refusal"
    found = [one for one in found if (one.roots["status"] >= _REFUSED) == refused] or (found if refused else [])
    if place.subject == "item":
        items = items_of(files.value(spec.path), place.operation, place.case)
        return [_item(one, item) for one in found for item in follow((Step(items or "@", "elements"),), [one.subject])]
    if place.subject == "event":
        return [
            Sample(one.example, event, {**one.roots, "event": event}) for one in found for event in one.roots["events"]
        ]
    return found[:_MOST_EXAMPLES]


def bundles(files: Files, module: Path) -> list[Sample]:
    """Return the bundles that the examples of a module show."""
    found = []
    for path in files.examples(module):
        output = (_map(files.value(path))).get("output")
        several = output if isinstance(output, list) else [output]
        found += [Sample(path, one, {}) for one in several if one is not None]
    return found[:_MOST_EXAMPLES]


def _item(sample: Sample, item: Any) -> Sample:
    return Sample(sample.example, item, {**sample.roots, "item": item})


def _of_operation(example: Any, module: Any, operation: str | None) -> bool:
    select = _map(_map(module).get("select"))
    if operation is None or not select:
        return True
    chosen = _map(_map(example).get("inputs")).get(str(select.get("field")))
    return bool((chosen or select.get("default", operation)) == operation)


def _answers(files: Files, path: Path) -> Iterator[Sample]:
    """Yield the answers that an example states, as an expression sees them."""
    value = _map(files.value(path))
    exchanges = value.get("exchanges")
    for exchange in exchanges if isinstance(exchanges, list) else [value]:
        response = _map(exchange).get("response")
        if not isinstance(response, dict):
            continue
        status = response.get("status", 200)
        headers = {str(key).lower(): one for key, one in _map(response.get("headers")).items()}
        events = [one for one in map(_parsed, _list(response.get("events"))) if one is not None]
        body: Any = response.get("json")
        if body is None and "lines" in response:
            body = events = _list(response["lines"])
        if body is None and "text" in response:
            body = response["text"]
        roots = {
            "input": _map(value.get("inputs")),
            "status": status if isinstance(status, int) else 0,
            "headers": headers,
            "links": {},
            "body": body,
            "events": events,
        }
        yield Sample(path, body, roots)


def _parsed(event: Any) -> Any:
    _, event = named(event)
    if not isinstance(event, str):
        return event
    try:
        return json.loads(event)
    except ValueError:
        return None


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
