"""What the page on the language shows is the language."""

import re
from pathlib import Path

import pytest

from koppling.compile import check_connector, check_example, check_module
from koppling.compile.grammar import grammar
from koppling.read import parse_document

PAGE = (Path(__file__).parents[2] / "spec" / "README.md").read_text()
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
CONNECTOR = next(
    block for block in BLOCKS if block.startswith("# yaml-language-server: $schema=../language/v1/connector")
)
REQUEST = next(block for block in BLOCKS if block.startswith("request:"))
ERRORS = next(block for block in BLOCKS if block.startswith("errors:"))
EXAMPLE = next(block for block in BLOCKS if "title: The smallest valid call" in block)
MODULE = """name: thing
version: 1.0.0
title: Thing
fields: {id: {type: string}, name: {type: string}, limit: {type: integer}}
required: [id]
response: {items: data, limit: "${input.limit}", pages: {link: next, size: {max: 10}}}
"""


def parsed(text, path):
    return parse_document(text.encode(), path)


def test_the_connector_of_the_page_is_one():
    assert check_connector(parsed(CONNECTOR, "acme/connector.yaml")) == []


def test_the_request_of_the_page_is_one():
    module = parsed(MODULE + REQUEST, "acme/modules/thing.v1.yaml")
    assert check_module(module, parsed(CONNECTOR, "acme/connector.yaml")) == []


def test_the_errors_of_the_page_are_what_a_connector_takes():
    head = CONNECTOR[: CONNECTOR.index("errors:")]
    assert check_connector(parsed(head + ERRORS, "acme/connector.yaml")) == []


def test_the_example_of_the_page_is_one():
    assert check_example(parsed(EXAMPLE, "acme/examples/thing.v1/smallest.yaml")) == []


@pytest.mark.parametrize("kind", ["connector", "module", "example"])
def test_every_key_of_the_grammar_is_on_the_page(kind):
    missing = {
        name for name in keys_of(grammar(kind).schema) if not re.search(rf"(?<![\w$]){re.escape(name)}(?!\w)", PAGE)
    }
    assert missing == set()


def keys_of(schema):
    if isinstance(schema, dict):
        for name, one in schema.get("properties", {}).items():
            yield name
            yield from keys_of(one)
        for key in ("$defs", "patternProperties"):
            for one in schema.get(key, {}).values():
                yield from keys_of(one)
        for key in ("items", "additionalProperties", "then", "else"):
            yield from keys_of(schema.get(key))


def test_the_vocabulary_of_fields_on_the_page_is_that_of_the_grammar():
    words = re.search(r"with this vocabulary and no other: `(.*?)`", PAGE, re.DOTALL)[1].split()
    field = grammar("module").schema["$defs"]["field"]
    annotations = {"advanced", "secret", "parse", "options", "lifecycle", "values"}
    assert set(words) | annotations == set(field["properties"])
