"""Each operation shows its smallest call, one with every field, and every error that its map can make of an answer."""

import json

import pytest
from openai_cases import CATALOG, EXAMPLES, connection

TODAY = "2026-11-23"


def operations():
    for entry in CATALOG.entries("openai"):
        module = CATALOG.module(entry.full_name, TODAY, retired=True)
        for name, operation in module.operations.items():
            yield pytest.param(module, operation, id=f"{entry.name}@{entry.major}-{name or 'only'}")


def chosen(module, example):
    return example.inputs.get(module.select["field"], module.select.get("default")) if module.select else None


def examples_of(module, operation):
    return [one for one in EXAMPLES if one.module_name == module.full_name and chosen(module, one) == operation.name]


def body_of(response):
    """Return the body of an answer; the vendor sends some of its JSON as plain text."""
    try:
        return response.get("json") or json.loads(response.get("text", ""))
    except ValueError:
        return response.get("text", "")


@pytest.mark.parametrize(("module", "operation"), list(operations()))
def test_an_operation_shows_its_smallest_call(module, operation):
    required = set(operation.plan["required"]) | ({module.select["field"]} if module.select else set())
    assert any(set(one.inputs) == required and not one.fails for one in examples_of(module, operation))


@pytest.mark.parametrize(("module", "operation"), list(operations()))
def test_an_operation_shows_every_field(module, operation):
    fields = set(operation.fields) | ({module.select["field"]} if module.select else set())
    assert any(set(one.inputs) == fields and not one.fails for one in examples_of(module, operation))


@pytest.mark.parametrize(("module", "operation"), list(operations()))
def test_an_operation_shows_every_error_of_its_map(module, operation):
    errors = CATALOG.operation(module, operation.name).errors
    met = set()
    for example in examples_of(module, operation):
        if example.stated.get("error", {}).get("type") == "ApiError":
            for exchange in example.exchanges:
                response = exchange.response
                match = errors.match(response.get("status", 200), {}, body_of(response))
                met.update(index for index, (_, _, entry) in enumerate(errors._entries) if entry is match)
    assert met == set(range(len(errors._entries)))


def test_a_connection_is_what_the_dialog_of_the_page_asks_for():
    fields = CATALOG.connector("openai").fields
    assert [fields[name].title for name in ("api_key", "organization_id")] == ["API Key", "Organization ID"]
    assert (fields["api_key"].required, fields["api_key"].secret, fields["organization_id"].required) == (
        True,
        True,
        False,
    )
    assert connection().bind(CATALOG.connector("openai")).values["base_url"] == "https://api.openai.com/v1/"


TITLES = {
    "create_completion@1": "Create a Completion",
    "create_moderation@1": "Create a Moderation",
    "create_edit@1": "Create an Edit",
    "create_edit@2": "Create an Edit",
    "create_embedding@1": "Create an Embedding",
    "create_chat_completion@1": "Create Chat Completion",
    "edit_image@1": "Edit image",
    "generate_images@1": "Generate images",
    "generate_images@2": "Generate images",
    "get_models@1": "Get Models",
    "make_custom_api_call@1": "Make a Custom API Call",
    "manage_audio@1": "Manage Audio",
    "manage_files@1": "Manage files",
    "manage_fine_tunes@1": "Manage Fine-tunes",
}


def test_the_modules_are_those_of_the_page_under_its_titles():
    assert {f"{one.name}@{one.major}": one.title for one in CATALOG.entries("openai")} == TITLES


@pytest.mark.parametrize(
    ("day", "gone"),
    [
        ("2022-01-01", set()),
        ("2024-01-04", {"create_edit@1"}),
        ("2026-05-12", {"create_edit@1", "generate_images@1"}),
        ("2026-11-23", {"create_edit@1", "generate_images@1", "create_completion@1"}),
    ],
)
def test_a_module_is_gone_from_its_day_on(day, gone):
    assert {
        f"{one.name}@{one.major}" for one in CATALOG.entries("openai") if one.lifecycle.state(day) == "retired"
    } == gone
