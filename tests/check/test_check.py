"""Each file in err/ has one fault; the file .out beside it is what is said of it. `python tests/check/test_check.py` writes them anew."""

from pathlib import Path

import jsonschema
import pytest

from koppling.builtin import builtin_folder
from koppling.compile import check_connector, check_example, check_module
from koppling.compile.grammar import grammar
from koppling.read import parse_document

HERE = Path(__file__).parent
FAULTS = sorted((HERE / "err").glob("*.yaml"))
CONNECTOR = b'koppling: 1\nname: acme\ntitle: A\nversion: 1.0.0\nconnection: {fields: {api_key: {type: string}, tenants: {type: string}}}\nlimits: {requests: {per: 60}}\nrequest: {base_url: "https://acme.example/"}\n'
KINDS = ("connector", "module", "example")


def said(path):
    """Return what is said of a file, as if it stood in a folder of specs."""
    kind = path.stem.split("-", 1)[0]
    if kind == "connector":
        found = check_connector(parse_document(path.read_bytes(), "acme/connector.yaml"))
    elif kind == "example":
        found = check_example(parse_document(path.read_bytes(), "acme/examples/thing.v1/case.yaml"))
    else:
        connector = parse_document(CONNECTOR, "acme/connector.yaml")
        found = check_module(parse_document(path.read_bytes(), "acme/modules/thing.v1.yaml"), connector)
    return "".join(f"{one}\n" for one in found)


@pytest.mark.parametrize("path", FAULTS, ids=lambda path: path.stem)
def test_a_fault_is_told_on_its_line_with_what_mends_it(path):
    assert said(path) == path.with_suffix(".out").read_text()


@pytest.mark.parametrize("path", FAULTS, ids=lambda path: path.stem)
def test_every_fault_is_one(path):
    assert said(path).count(" error: ") >= 1


@pytest.mark.parametrize("path", sorted((HERE / "ok").glob("*.yaml")), ids=lambda path: path.stem)
def test_what_is_right_is_not_spoken_of(path):
    assert said(path) == ""


@pytest.mark.parametrize("kind", KINDS)
def test_the_grammar_is_json_schema(kind):
    jsonschema.Draft202012Validator.check_schema(grammar(kind).schema)


def keys_of(schema, pointer=()):
    """Yield every key that the grammar knows, with the schema of its value."""
    if not isinstance(schema, dict):
        return
    for name, one in schema.get("properties", {}).items():
        yield (*pointer, name), one
        yield from keys_of(one, (*pointer, name))
    for name, one in schema.get("$defs", {}).items():
        yield from keys_of(one, (*pointer, name))
    for key in ("items", "additionalProperties", "then", "else"):
        yield from keys_of(schema.get(key), (*pointer, key))


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_of_the_grammar_has_a_description_and_an_example_that_fits(kind):
    whole = grammar(kind).schema
    for pointer, schema in keys_of(whole):
        assert schema.get("description"), pointer
        assert schema.get("examples"), pointer
        validator = jsonschema.Draft202012Validator({**schema, "$defs": whole["$defs"]})
        for example in schema["examples"]:
            assert validator.is_valid(example), (pointer, example)


@pytest.mark.parametrize("kind", KINDS)
def test_both_validators_agree_on_every_spec_and_every_fault(kind):
    schema = grammar(kind)
    slow = jsonschema.Draft202012Validator(schema.schema)
    folder = {"connector": "*/connector.yaml", "module": "*/modules/*.yaml", "example": "*/examples/*/*.yaml"}[kind]
    paths = [*sorted(builtin_folder().glob(folder))[::7], *FAULTS]
    checked = 0
    for path in paths:
        value = parse_document(path.read_bytes(), path.name).value
        if value is not None:
            assert schema.is_valid(value) == slow.is_valid(value), path
            checked += 1
    assert checked > len(FAULTS) // 2


if __name__ == "__main__":
    for fault in FAULTS:
        fault.with_suffix(".out").write_text(said(fault))
