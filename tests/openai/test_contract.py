"""Every request that an example makes the interpreter render, against the vendor's own document, as a table of facts."""

import runpy

import jsonschema_rs
import pytest
from openai_cases import CATALOG, SENDING, fact_file, named, rendered, sent
from vendor_documents import (
    DATA,
    TABLE,
    WITHOUT_FACTS,
    alternatives,
    body_of,
    document_for,
    nested,
    operation_of,
    properties_of,
    typed,
)

# Properties that we send and the document does not know, or knows otherwise; each with its reason.
AHEAD = {
    ("POST /images/generations", name): "in the vendor's SDK 3.54, not in its document"
    for name in ("complexity", "frame_count", "frame_duration_ms", "safety_identifier", "svg")
} | {
    ("POST /images/edits", name): "in the vendor's SDK 3.54, not in its document"
    for name in ("complexity", "frame_count", "frame_duration_ms", "safety_identifier", "svg", "markup", "moderation")
}
OTHER_VALUES = {
    ("POST /images/generations", "quality"): "the SDK adds xhigh and max",
    ("POST /images/generations", "output_format"): "the SDK adds gif and svg",
    ("POST /images/edits", "quality"): "the SDK adds xhigh and max",
    ("POST /images/edits", "output_format"): "the SDK adds gif and svg",
}
# Values of single examples that the document does not take.
OTHER_HERE = {
    (
        "create-reinforcement-several",
        "method",
    ): "the vendor's guide nests graders by name; its document types one grader in their place",
}
# Properties of the document that we leave out on purpose.
LEFT_OUT = {
    ("generate_images@2", "response_format"): "GPT image models refuse it",
    ("generate_images@2", "style"): "GPT image models refuse it",
    ("edit_image@1", "response_format"): "GPT image models refuse it",
}


def checked(example):
    """Return the vendor's operation that an example calls, its facts, and the request."""
    out = rendered(example)
    request = sent(out)
    name, facts = operation_of(document_for(example.module_name), out.url, request)
    return name, facts, request


def test_the_table_is_what_the_script_makes_of_the_vendors_documents():
    folder = fact_file("openapi")
    made = runpy.run_path(str(DATA / "renew_openai_facts.py"))["facts"](folder)
    assert made == TABLE


@pytest.mark.parametrize("example", named(SENDING))
def test_a_rendered_request_is_one_that_the_vendor_documents(example):
    module = example.module_name.removeprefix("openai.")
    if module in WITHOUT_FACTS:
        return
    name, facts, request = checked(example)
    for key, value in nested((key, one) for key, values in request.query.items() for one in values).items():
        assert key in facts["query"], f"{name} has no query parameter {key!r}"
        assert jsonschema_rs.is_valid(facts["query"][key], typed(value, facts["query"][key])), (key, value)
    if request.body is None:
        assert facts["bodies"] == {}
        return
    value, schema = body_of(request, facts)
    known = properties_of(schema)
    unknown = {key for key in value if key not in known and (name, key) not in AHEAD}
    assert unknown == set(), f"{name} has no such properties"
    for key, one in value.items():
        if key in known and (name, key) not in OTHER_VALUES and (example.case, key) not in OTHER_HERE:
            errors = [
                f"{error.instance_path} {error.message}"
                for error in jsonschema_rs.Draft202012Validator(known[key]).iter_errors(one)
            ]
            assert errors == [], f"{name}: {key}"
    required = (
        {key for part in alternatives(schema) for key in part.get("required", ())} if "anyOf" not in schema else set()
    )
    assert required <= set(value), f"{name} requires them"


def test_every_property_that_the_vendor_documents_can_be_sent():
    ever: dict[tuple[str, str], set[str]] = {}
    for example in SENDING:
        module = example.module_name.removeprefix("openai.")
        if module in WITHOUT_FACTS:
            continue
        name, facts, request = checked(example)
        found = ever.setdefault((module, name), set())
        found.update(nested((key, None) for key in request.query))
        if request.body is not None:
            found.update(body_of(request, facts)[0])
    missing = {}
    for (module, name), found in ever.items():
        if module == "create_edit@2":
            continue  # it speaks of editing; most of what a chat may say has no place in it
        facts = TABLE[document_for(module)][name]
        known = set(facts["query"])
        media_types = [kind for kind in facts["bodies"] if kind == "multipart/form-data"] or list(facts["bodies"])
        for kind in media_types:
            known |= set(properties_of(facts["bodies"][kind]))
        lost = {key for key in known - found if (module, key) not in LEFT_OUT}
        if lost:
            missing[module, name] = sorted(lost)
    assert missing == {}


def test_every_operation_of_every_module_has_a_request_that_was_checked():
    shown = {(one.module_name, operation_name(one)) for one in SENDING}
    for entry in CATALOG.entries("openai"):
        module = CATALOG.module(entry.full_name, "2026-11-23", retired=True)
        for operation in module.operations:
            assert (entry.full_name, operation) in shown


def operation_name(example):
    module = CATALOG.module(example.module_name, "2026-11-23", retired=True)
    return example.inputs.get(module.select["field"], module.select.get("default")) if module.select else None


def test_no_reason_outlives_its_difference():
    names = {key for document in TABLE.values() for key in document}
    assert {name for name, _ in (*AHEAD, *OTHER_VALUES)} <= names
    for name, key in AHEAD:
        assert not any(
            key in properties_of(schema) for schema in TABLE["current"][name]["bodies"].values() if key != "moderation"
        ), (name, key)
