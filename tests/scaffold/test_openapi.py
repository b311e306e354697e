"""`koppling import openapi`: what of a document comes into the files, what is said of the rest, and that all of it holds."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from oracle import Oracle

from koppling.read import parse_document
from koppling_tools.cli import main
from koppling_tools.console.mistakes import Misuse
from koppling_tools.openapi.document import Api
from koppling_tools.scaffold.vendor import chosen, draft

HERE = Path(__file__).parent
CASES: dict[str, Any] = parse_document((HERE / "openapi.yaml").read_bytes(), "openapi.yaml").value
Said = Callable[..., tuple[int, list[str], str]]


def value(path: Path) -> Any:
    return parse_document(path.read_bytes(), str(path)).value


def document(case: dict[str, Any]) -> dict[str, Any]:
    """Return the whole document of a case."""
    operation = {"operationId": "listThings", "responses": {"200": {"description": "OK"}}, **case.get("operation", {})}
    return {
        "openapi": case.get("openapi", "3.1.0"),
        "info": {"title": "The Acme REST API", "version": "2"},
        "servers": case.get("servers", [{"url": "https://api.acme.example/v1"}]),
        "paths": copy.deepcopy(case.get("paths", {"/things": {case.get("method", "get"): operation}})),
        "components": case.get("components", {}),
        **({"security": case["security"]} if "security" in case else {}),
    }


def imported(said: Said, whole: dict[str, Any], *flags: str) -> tuple[int, list[str], str]:
    Path("vendor.json").write_text(json.dumps(whole))
    return said("import", "openapi", "vendor.json", "--as-of", "2026-11-23", *flags)


def check(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    for key, one in wanted.items():
        if key == "fields" and one is not None:
            assert {name: found["fields"][name] for name in one} == one
        else:
            assert found.get(key) == one


@pytest.mark.parametrize("name", CASES)
def test_a_document_becomes_specs_that_hold(name: str, said: Said, capsys: pytest.CaptureFixture[str]) -> None:
    case = CASES[name]
    status, _, err = imported(said, document(case))
    assert status == 0, err
    home = Path("spec/acme")
    connector = value(home / "connector.yaml")
    modules = {path.name.removesuffix(".v1.yaml"): value(path) for path in home.glob("modules/*")}
    check(connector, case.get("connector", {}))
    if "connection" in case:
        assert connector["connection"]["fields"]["base_url"] == case["connection"]
    if "required" in case:
        assert connector["connection"].get("required") == case["required"]
    if "test" in case:
        assert connector["connection"]["test"] == case["test"]
    for module, wanted in case.get("modules", {}).items():
        check(modules[module], wanted)
    if "names" in case:
        assert sorted(modules) == case["names"]
    for module, inputs in case.get("inputs", {}).items():
        assert value(home / f"examples/{module}.v1/smallest.yaml")["inputs"] == inputs
    for words in case.get("said", ()):
        assert words in err
    assert main(["validate", "--as-of", "2026-11-23"]) == main(["test", "--as-of", "2026-11-23"]) == main(["fmt", "--check"]) == 0  # fmt: skip
    assert f"0 errors, {case.get('warnings', '0 warnings')}" in capsys.readouterr().err
    oracle = Oracle(Path("vendor.json").read_text())
    if name not in FAULTY:
        requests = [value(path)["request"] for path in home.glob("examples/*/*.yaml")]
        assert [fault for one in requests for fault in oracle.faults(one)] == []


# What the second opinion cannot read, or what a document says of itself that cannot be sent.
FAULTY = {
    "styles of arrays and objects in a query",
    "a path with a list, with what nobody describes, and with a query",
    "what the language has no word for",
    "bodies that are neither",
    "rules that nothing fits are eased",
    "odd texts keep their form",
}


SMALL = {"paths": {"/things": {"get": {"operationId": "listThings", "responses": {"200": {"description": "OK"}}}, "post": {"operationId": "makeThing", "responses": {"200": {"description": "OK"}}}}}}  # fmt: skip


def test_operations_are_listed_with_the_names_that_they_would_get(said: Said) -> None:
    status, out, _ = imported(said, document(SMALL), "--list")
    assert (status, out) == (0, ["list_things  GET     /things", "make_thing   POST    /things"])
    assert not Path("spec").exists()


def test_only_the_operations_that_are_named_are_imported(said: Said) -> None:
    status, _, _ = imported(said, document(SMALL), "--operation", "POST /things", "--operation", "makeThing", "--name", "mine")  # fmt: skip
    assert status == 0
    assert [path.name for path in Path("spec/mine/modules").iterdir()] == ["make_thing.v1.yaml"]


def test_modules_are_added_to_a_connector_that_is_there(said: Said, holds: Callable[[], None]) -> None:
    said(
        "new", "connector", "acme", "--base-url", "https://api.acme.example/", "--auth", "api-key", "--header", "X-Key"
    )
    whole = document(SMALL)
    whole["paths"]["/things"]["get"]["parameters"] = [{"name": "X-Key", "in": "header", "schema": {"type": "string"}}]
    status, _, _ = imported(said, whole, "--into", "acme", "--operation", "listThings")
    assert status == 0
    module = value(Path("spec/acme/modules/list_things.v1.yaml"))
    assert module["request"] == {"method": "GET", "path": "/v1/things"}
    status, out, err = imported(said, whole, "--into", "acme")
    assert status == 0
    assert "a module of this name is there already, and stays as it is (list_things)" in err
    assert [one for one in out if "modules" in one] == ["spec/acme/modules/make_thing.v1.yaml"]
    holds()
    status, out, err = imported(said, whole, "--into", "acme")
    assert (status, out) == (2, [])
    assert "a module of this name is there already, and stays as it is (list_things, make_thing)" in err
    assert "no operation is left, and nothing was written" in err


def test_a_style_of_the_connectors_own_is_heeded(said: Said, holds: Callable[[], None]) -> None:
    said("new", "connector", "acme", "--base-url", "https://api.acme.example/v1", "--auth", "none")
    path = Path("spec/acme/connector.yaml")
    path.write_text(path.read_text() + "style: {arrays: brackets, objects: dots}\n")
    parameters = [
        {"name": "a", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
        {"name": "b", "in": "query", "style": "deepObject", "schema": {"type": "object", "properties": {"c": {"type": "string"}}}},
    ]  # fmt: skip
    assert imported(said, document({"operation": {"parameters": parameters}}), "--into", "acme")[0] == 0
    assert value(Path("spec/acme/modules/list_things.v1.yaml"))["request"]["query"] == {
        "a": {"value": "${input.a}", "style": {"arrays": "repeat"}},
        "b": {"value": "${input.b}", "style": {"objects": "brackets"}},
    }
    holds()


def test_what_cannot_hold_is_left_out_and_named_and_the_rest_is_written(said: Said, holds: Callable[[], None]) -> None:
    whole = document(SMALL)
    impossible = {"type": "string", "minLength": 5, "maxLength": 2}
    whole["paths"]["/things"]["post"]["parameters"] = [{"name": "a", "in": "query", "required": True, "schema": impossible}]  # fmt: skip
    status, out, err = imported(said, whole)
    assert status == 1
    assert "make_thing (POST /things (makeThing)) is left out: " in err
    assert [one for one in out if "modules" in one] == ["spec/acme/modules/list_things.v1.yaml"]
    holds()


def test_an_operation_that_cannot_be_read_is_left_out_and_named(said: Said) -> None:
    whole = document(SMALL)
    whole["paths"]["/things"]["post"]["requestBody"] = {"$ref": "#/components/requestBodies/Gone"}
    status, out, err = imported(said, whole)
    assert status == 1
    assert "make_thing (POST /things) is left out: " in err
    assert "the reference #/components/requestBodies/Gone leads nowhere" in err
    assert [one for one in out if "modules" in one] == ["spec/acme/modules/list_things.v1.yaml"]


JUNK: list[Any] = [None, True, -1, "x", [], {}, [None], {"$ref": "#/nowhere"}, {"type": ["object", 3]}]
EVERYTHING = {
    "paths": {
        "/x/{a}": {
            "parameters": [{"name": "a", "in": "path", "required": True, "schema": {"type": "string"}}],
            "post": {
                "operationId": "x",
                "parameters": [{"name": "q", "in": "query", "style": "deepObject", "schema": {"type": "object", "properties": {"z": {"type": "integer", "minimum": 1}}}}],
                "requestBody": {"content": {"multipart/form-data": {"schema": {"$ref": "#/components/schemas/F"}, "encoding": {"g": {"contentType": "a/b"}}}}},
                "responses": {"200": {"content": {"application/json": {"schema": {"type": "array", "items": {"type": "string", "enum": ["a"]}}, "examples": {"k": {"value": ["a"]}}}}}},
            },
        }
    },
    "components": {
        "schemas": {"F": {"type": "object", "required": ["f"], "properties": {"f": {"type": "string", "format": "binary"}, "h": {"oneOf": [{"type": "string", "pattern": "a"}, {"allOf": [{"type": "integer"}]}]}}}},
        "securitySchemes": {"K": {"type": "apiKey", "in": "header", "name": "X-K"}},
    },
    "security": [{"K": []}],
}  # fmt: skip


def places(value: Any, pointer: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield (*pointer, key)
        yield from places(one, (*pointer, key))


@pytest.mark.parametrize("junk", JUNK, ids=repr)
def test_whatever_stands_in_a_document_it_is_read_or_told_in_words(junk: Any) -> None:
    whole = document(EVERYTHING)
    read = 0
    for pointer in [one for one in places(whole) if one[0] != "openapi"]:
        broken = copy.deepcopy(whole)
        holder = broken
        for step in pointer[:-1]:
            holder = holder[step]
        holder[pointer[-1]] = junk
        try:
            api = Api(broken, Path("vendor.json"))
            draft(api, chosen(api, ()), "acme", None, "2026-11-23")
            read += 1
        except Misuse:
            continue
    assert read > 70


def test_drift_finds_nothing_in_what_was_just_imported(said: Said) -> None:
    name = "references, recursion, alternatives"
    imported(said, document(CASES[name]))
    status, out, err = said("drift", "acme", "--openapi", "vendor.json", "--as-of", "2026-11-23")
    assert (status, out) == (0, []), err


def test_the_variables_of_a_server_are_no_other_paths(said: Said) -> None:
    servers = [{"url": "https://api.acme.example/{ver}", "variables": {"ver": {"default": "v3"}}}]
    whole = document({**SMALL, "servers": servers})
    imported(said, whole, "--operation", "listThings")
    status, _, err = imported(said, whole, "--into", "acme", "--operation", "makeThing")
    assert status == 0, err
    assert "warning" not in err
    assert value(Path("spec/acme/modules/make_thing.v1.yaml"))["request"]["path"] == "/things"
    assert "1 module of acme" in err


@pytest.mark.parametrize("command", [["import", "openapi", "vendor.yaml", "--list"], ["drift", "acme", "--openapi", "vendor.yaml"]])  # fmt: skip
def test_yaml_that_only_version_1_2_allows_is_read(said: Said, command: list[str]) -> None:
    imported(said, document(SMALL))
    Path("vendor.yaml").write_text(
        "openapi: 3.1.0\ninfo: {title: Acme, version: '2'}\nservers: [{url: https://api.acme.example/v1}]\n"
        "paths:\n  /things:\n    get: {operationId: listThings}\n    post: {operationId: makeThing}\n"
    )
    status, out, err = said(*command)
    assert (status, "YAML" in err) == (0, False), (out, err)


@pytest.mark.parametrize(("text", "told"), [
    ("openapi: 3.1.0\npaths: {\n", "vendor.yaml:3:1 is no YAML: "),
    ("openapi: 3.1.0\nopenapi: 3.1.0\n", "vendor.yaml:2:1 is no YAML: found duplicate key"),
])  # fmt: skip
def test_a_document_that_is_no_yaml_is_told_with_its_place(said: Said, text: str, told: str) -> None:
    Path("vendor.yaml").write_text(text)
    status, _, err = said("import", "openapi", "vendor.yaml", "--list")
    assert status == 2
    assert told in err
    assert "<unicode string>" not in err


MISTAKES = {
    "no such file": ({}, ["gone.yaml"], "cannot be read"),
    "an unknown operation": (SMALL, ["--operation", "listThing"], "did you mean 'listThings'?"),
    "an id that two operations have": (
        {"paths": {"/a": {"get": {"operationId": "a", "responses": {}}}, "/b": {"put": {"operationId": "a", "responses": {}}}}},
        ["--operation", "a"],
        "'GET /a' and 'PUT /b' have the same operationId 'a'; name one by its method and path",
    ),
    "no operations": ({"paths": {}}, [], "has no operations; nothing can be made of it"),
    "a connector that is not there": (SMALL, ["--into", "nowhere"], "`koppling new connector nowhere` writes a new one"),
    "a name for what is there": (SMALL, ["--into", "openai", "--name", "acme"], "--into adds to a connector that is there"),
    "a name that is none": (SMALL, ["--name", "my-api"], "did you mean 'my_api'?"),
    "an address that is none": (SMALL, ["--base-url", "acme"], "is no base URL"),
    "a module that is there": (
        {"paths": {"/models": {"get": {"operationId": "get_models"}}}},
        ["--into", "openai", "--operation", "get_models"],
        "`koppling new module openai.get_models --major` makes its next version",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_and_writes_nothing(name: str, said: Said) -> None:
    case, flags, told = MISTAKES[name]
    if flags[:1] == ["gone.yaml"]:
        status, out, err = said("import", "openapi", *flags)
    else:
        status, out, err = imported(said, document(case), *flags)
    assert (status, out) == (2, [])
    assert told in err
    assert not Path("spec").exists()


def test_a_connector_is_never_written_over(said: Said) -> None:
    imported(said, document(SMALL))
    before = {path: path.read_bytes() for path in Path("spec").rglob("*.yaml")}
    status, _, err = imported(said, document(SMALL))
    assert status == 2
    assert "--into acme adds to it, --name gives another name" in err
    assert {path: path.read_bytes() for path in Path("spec").rglob("*.yaml")} == before
