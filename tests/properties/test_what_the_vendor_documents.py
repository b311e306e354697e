"""Whatever an operation of the OpenAI connector is given, it renders, and what it sends is what the vendor's document says."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import jsonschema_rs
import pytest
from every_operation import OPERATIONS, Operation, often
from hostile_inputs import PLAIN, fits, inputs_of
from hypothesis import given
from hypothesis import strategies as st
from openai_cases import sent
from vendor_documents import (
    MEDIA_TYPES,
    WITHOUT_FACTS,
    body_of,
    document_for,
    nested,
    operation_of,
    properties_of,
    typed,
    whole_schemas,
)

import koppling
from koppling.read import read_document
from koppling_tools.drift.compare import Row
from koppling_tools.drift.reasons import Reasons

OPENAI = [
    one
    for one in OPERATIONS
    if one.connector.name == "openai" and one.module.removeprefix("openai.") not in WITHOUT_FACTS
]


class Open(NamedTuple):
    """What we take and the document does not: an operation, a place in the body, the values, some inputs, and why."""

    operation: str
    place: str
    values: dict[str, Any]
    inputs: dict[str, Any]
    why: str


JOB = {"training_file": "file-1", "model": "gpt-4o-mini"}
HI = [{"role": "user", "content": "Hej!"}]
CHECK = {"type": "string_check", "name": "same", "input": "a", "reference": "a", "operation": "eq"}
# The reasons that the spec itself states (`source: {differs}`) count as well, and are not told again here.
OPEN = [
    Open(
        "openai.create_chat_completion@1",
        "/body/top_logprobs",
        {"type": "null"},
        {"model": "m", "messages": HI, "top_logprobs": None},
        "the document declares it twice; the other declaration, and the vendor's SDK, let it be null",
    ),
    Open(
        "openai.create_chat_completion@1",
        "/body/tools[]",
        {"properties": {"custom": {"properties": {"format": {"required": ["grammar"], "properties": {"type": {"const": "text"}}}}, "required": ["format"]}}},
        {"model": "m", "messages": HI, "tools": [{"type": "custom", "custom": {"name": "n", "format": {"type": "text", "grammar": {"syntax": "lark", "definition": "a"}}}}]},
        "a grammar that no format asks for is refused there; to refuse it here would ask for a new major version",
    ),
    Open(
        "openai.generate_images@1",
        "/body/quality",
        {"type": "null"},
        {"prompt": "An oak", "quality": None},
        "later documents, of days on which DALL-E lived as well, let it be null",
    ),
    Open(
        "openai.manage_fine_tunes@1-create",
        "/body/method/reinforcement/grader",
        {"properties": {"type": {"const": "multi"}}},
        {**JOB, "method": {"type": "reinforcement", "reinforcement": {"grader": {"type": "multi", "name": "all", "graders": {"same": CHECK}, "calculate_output": "same"}}}},
        "the vendor's guide nests graders by name; its document types one grader in their place",
    ),
    Open(
        "openai.manage_fine_tunes@1-create",
        "/body/method/reinforcement/grader",
        {"properties": {"type": {"const": "score_model"}, "input": {"contains": {"properties": {"content": {"type": ["object", "array"]}}}}}},
        {**JOB, "method": {"type": "reinforcement", "reinforcement": {"grader": {"type": "score_model", "name": "n", "model": "m", "input": [{"role": "user", "content": {"type": "new"}}]}}}},
        "the parts of a grader's message are judged there; to judge them here would ask for a new major version",
    ),
]  # fmt: skip


class Fault(NamedTuple):
    """What the document has against a request. `rule` is what `koppling drift` calls it."""

    rule: str
    place: str
    value: Any
    message: str


def faults_of(operation: Operation, request: koppling.Request) -> Iterator[Fault]:
    out = sent(request)
    document = document_for(operation.module)
    name, facts = operation_of(document, request.url, out)
    known = whole_schemas(document, name)
    for key, value in nested((key, one) for key, values in out.query.items() for one in values).items():
        if key not in known["query"]:
            yield Fault("unknown-there", f"/query/{key}", value, "there is no such parameter")
        else:
            yield from _held(typed(value, facts["query"][key]), known["query"][key], f"/query/{key}")
    if out.body is None:
        assert known["bodies"] == {}
        return
    value, table = body_of(out, facts)
    for key in value.keys() - properties_of(table):
        yield Fault("unknown-there", f"/body/{key}", value[key], "there is no such property")
    yield from _held(value, known["bodies"][MEDIA_TYPES[out.body[0]]], "/body")


def _held(value: Any, schema: dict[str, Any], place: str) -> Iterator[Fault]:
    for error in jsonschema_rs.Draft202012Validator(schema).iter_errors(value):
        at, inner = place, value
        for step in error.instance_path:
            at, inner = f"{at}[]" if isinstance(step, int) else f"{at}/{step}", inner[step]
        yield Fault("value-gone" if error.schema_path[-1] == "enum" else "wider", at, inner, error.message)


@cache
def reasons_of(operation: Operation) -> list[Reasons]:
    """Return the reasons that the spec states for its differences, the nearest first."""
    module = read_document(
        operation.root / "openai" / "modules" / f"{re.sub('@', '.v', operation.module[7:])}.yaml"
    ).value
    connector = read_document(operation.root / "openai" / "connector.yaml").value
    holders = [module.get("operations", {}).get(operation.name, {}), module, connector]
    return [Reasons((one.get("source") or {}).get("differs") or {}) for one in holders]


def why(operation: Operation, fault: Fault) -> str | None:
    """Return the reason for which a fault may stand."""
    row = Row(fault.rule, fault.place, fault.message)
    stated = next((found for one in reasons_of(operation) if (found := one.why(row))), None)
    ours = (one for one in OPEN if (one.operation, one.place) == (str(operation), fault.place))
    return stated or next((one.why for one in ours if jsonschema_rs.is_valid(one.values, fault.value)), None)


def rendered(operation: Operation, inputs: dict[str, Any]) -> koppling.Request:
    with operation.client() as client, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return client.render(operation.module, inputs)


@pytest.mark.parametrize("operation", OPENAI, ids=str)
@given(data=st.data())
@often(30)
def test_what_is_sent_is_what_the_vendor_documents(operation, data):
    inputs = data.draw(inputs_of(operation, PLAIN, most=None))
    try:
        request = rendered(operation, inputs)
    except koppling.InputInvalid:
        if fits(operation, inputs):
            raise
        return
    assert [one for one in faults_of(operation, request) if why(operation, one) is None] == []


@pytest.mark.parametrize("known", OPEN, ids=lambda one: f"{one.operation} {one.place}")
def test_no_reason_outlives_its_difference(known):
    operation = next(one for one in OPENAI if str(one) == known.operation)
    faults = list(faults_of(operation, rendered(operation, {**known.inputs, **operation.chosen})))
    assert {(one.place, why(operation, one)) for one in faults} == {(known.place, known.why)}
