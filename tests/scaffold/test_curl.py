"""`koppling import curl`: what varies becomes a field, credentials are in no file, and what is written holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from koppling.read import parse_document

CASES: dict[str, Any] = parse_document((Path(__file__).parent / "curl.yaml").read_bytes(), "curl.yaml").value
Said = Callable[..., tuple[int, list[str], str]]


def value(path: Path) -> Any:
    return parse_document(path.read_bytes(), str(path)).value


@pytest.mark.parametrize("name", CASES)
def test_a_line_becomes_a_module_that_holds(name: str, said: Said, holds: Callable[[], None], here: Path) -> None:
    case = CASES[name]
    status, out, err = said("import", "curl", case["line"])
    assert status == 0, err
    paths = [Path(one) for one in out if one.endswith(".yaml")]
    module = value(next(one for one in paths if one.parent.name == "modules"))
    connector = value(Path("spec/acme/connector.yaml"))
    example = value(next(one for one in paths if "examples" in one.parts))
    assert module["request"] == case["request"]
    if "name" in case:
        assert f"acme.{module['name']}" == case["name"]
    if "base_url" in case:
        assert connector["connection"]["fields"]["base_url"]["default"] == case["base_url"]
    if "auth" in case:
        assert connector.get("auth") == case["auth"]
    assert connector["request"].get("headers") == case.get("connector_headers")
    assert connector["request"].get("query") == case.get("connector_query")
    if "required" in case:
        assert module["required"] == case["required"]
    for field, schema in case.get("fields", {}).items():
        assert {key: one for key, one in module["fields"][field].items() if key != "title"} == schema
    if "inputs" in case:
        assert example["inputs"] == case["inputs"]
    for words in case.get("said", ()):
        assert words in err
    written = "\n".join(path.read_text() for path in here.rglob("*.yaml"))
    assert [one for one in case.get("absent", ()) if one in written] == []
    holds()


def test_a_line_adds_to_the_connector_whose_address_it_asks(said: Said, holds: Callable[[], None]) -> None:
    said("new", "connector", "acme", "--base-url", "https://api.acme.example/v1", "--auth", "bearer")
    status, out, err = said("import", "curl", "curl https://api.acme.example/v1/things/7 -H 'Authorization: Bearer abcdef123456'")  # fmt: skip
    assert status == 0
    assert out[0] == str(Path("spec/acme/modules/get_things.v1.yaml"))
    assert "the credential of the line is in no file; the connection of that connector has it" in err
    status, out, _ = said("import", "curl", "curl https://api.acme.example/v1/things/7/parts", "--as", "acme.parts")
    assert (status, out[-1]) == (0, "next: koppling run acme.parts thing_id=… --dry-run")
    holds()


def test_a_line_need_not_be_quoted_and_may_come_from_a_file(said: Said, here: Path) -> None:
    status, out, _ = said("import", "curl", "--dry-run", "curl", "-H", "X-A: b c", "https://api.acme.example/things", "-d", '{"a": "b c"}')  # fmt: skip
    assert status == 0
    assert '    request: {method: POST, path: /things, headers: {X-A: b c}, json: {a: "${input.a}"}}' in out
    (here / "line.sh").write_text("curl \\\n  https://api.acme.example/things\n")
    assert said("import", "curl", "--file", "line.sh")[0] == 0


MISTAKES = {
    "nothing": ([], "give a line of curl, in quotes, or --file FILE"),
    "another program": (["wget https://x.example"], "it begins with 'wget', not with curl"),
    "no address": (["curl -X POST"], "there is no address in it"),
    "two addresses": (["curl https://a.example https://b.example"], "two addresses"),
    "a quote that does not close": (["curl 'https://a.example"], "this is no line of a shell: no closing quotation"),
    "an unknown flag": (["curl --heder a https://a.example"], "the flag --heder is not known here; did you mean '--header'?"),
    "a flag without its value": (["curl https://a.example -H"], "-H has no value"),
    "a header that is none": (["curl https://a.example -H nothing"], "-H 'nothing' is no header"),
    "headers in a file": (["curl https://a.example -H @h"], "reads a file of headers"),
    "a part that is none": (["curl https://a.example -F nothing"], "is no part; write name=value"),
    "JSON that is none": (["curl https://a.example --json '{a}'"], "the body is no JSON, and is said to be"),
    "a body of nothing known": (["curl https://a.example -d nothing"], "is no form, and no JSON"),
    "another kind of address": (["curl ftp://a.example/b"], "is no address of an API"),
    "an address in a variable": (["curl $BASE/things"], "say what it holds with --base-url"),
    "an address that makes no name": (["curl https://127.0.0.1/things"], "say --as CONNECTOR.NAME"),
    "a name that is none": (["curl https://a.example/b", "--as", "acme.get-b"], "did you mean 'get_b'?"),
    "another address than the connector's": (["curl https://a.example/b", "--as", "openai.b"], "which is not below https://api.openai.com/v1/"),
    "a module that is there": (["curl https://api.openai.com/v1/x", "--as", "openai.get_models"], "there is a module openai.get_models already"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_line_that_says_nothing_is_named_and_writes_nothing(name: str, said: Said, here: Path) -> None:
    arguments, told = MISTAKES[name]
    status, out, err = said("import", "curl", *arguments)
    assert (status, out) == (2, [])
    assert told in err
    assert list(here.iterdir()) == []


def test_an_address_in_a_variable_is_what_the_base_url_says(said: Said) -> None:
    status, out, _ = said("import", "curl", "curl $BASE/things/$ID", "--base-url", "https://api.acme.example/v3", "--dry-run")  # fmt: skip
    assert status == 0
    assert '    request: {method: GET, path: "/things/${input.id}"}' in out
