"""`koppling new`: what is written holds as it is, and no mistake writes anything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from koppling.read import parse_document
from koppling_tools.scaffold import asking

URL = "https://api.acme.example/v1"
Said = Callable[..., tuple[int, list[str], str]]
Holds = Callable[[], None]


def value(path: str) -> Any:
    return parse_document(Path(path).read_bytes(), path).value


AUTH = {
    "bearer": ([], {"bearer": "${connection.api_key}"}, ["api_key"]),
    "basic": ([], {"basic": {"username": "${connection.username}", "password": "${connection.password}"}}, ["username", "password"]),
    "api-key": (["--header", "X-Acme"], {"api_key": {"in": "header", "name": "X-Acme", "value": "${connection.api_key}"}}, ["api_key"]),
    "none": ([], None, None),
}  # fmt: skip


@pytest.mark.parametrize("kind", AUTH)
def test_a_connector_holds_as_it_is_written(kind: str, said: Said, holds: Holds) -> None:
    more, auth, required = AUTH[kind]
    status, out, _ = said("new", "connector", "acme", "--base-url", URL, "--auth", kind, *more)
    assert status == 0
    assert [Path(one) for one in out if one.endswith("yaml")] == [
        Path("spec/acme/connector.yaml"),
        Path("spec/acme/modules/make_api_call.v1.yaml"),
        Path("spec/acme/examples/make_api_call.v1/smallest.yaml"),
        Path("spec/acme/examples/make_api_call.v1/every_field.yaml"),
    ]
    assert out[-1].startswith("next: koppling new module acme.")
    found = value("spec/acme/connector.yaml")
    assert found.get("auth") == auth
    assert found["connection"].get("required") == required
    assert found["connection"]["fields"]["base_url"]["default"] == f"{URL}/"
    holds()


def test_a_folder_without_a_grammar_gets_a_copy_for_editors(said: Said) -> None:
    said("new", "connector", "acme", "--base-url", URL, "--auth", "none")
    for path, kind in (("connector.yaml", "connector"), ("modules/make_api_call.v1.yaml", "module")):
        first = (Path("spec/acme") / path).read_text().splitlines()[0]
        schema = (Path("spec/acme") / path).parent / first.partition("$schema=")[2]
        assert schema.resolve() == Path(f"spec/language/v1/{kind}.schema.json").resolve()
        assert schema.is_file()


@pytest.fixture
def acme(said: Said) -> None:
    assert said("new", "connector", "acme", "--base-url", URL, "--auth", "bearer")[0] == 0


MODULES: dict[str, tuple[list[str], dict[str, Any]]] = {
    "nothing said but the name": ([], {"method": "GET", "path": "/get_thing"}),
    "a path with a field": (["--path", "/things/{id}"], {"method": "GET", "path": "/things/${input.id}"}),
    "the ways to write a field in a path": (
        ["--path", "a/:one/${input.two}/{input.three}"],
        {"method": "GET", "path": "/a/${input.one}/${input.two}/${input.three}"},
    ),
    "fields of a GET go into the query": (
        ["--path", "/t", "--field", "size:small|big", "--field", "tags:array", "--field", "day:date!"],
        {"method": "GET", "path": "/t", "query": {"size": "${input.size}", "tags": "${input.tags}", "day": "${input.day}"}},
    ),
    "fields of a POST go into a body": (
        ["--method", "post", "--path", "/t", "--field", "n:integer!", "--field", "deep:object", "--field", "name"],
        {"method": "POST", "path": "/t", "json": {"n": "${input.n}", "deep": "${input.deep}", "name": "${input.name}"}},
    ),
    "a file makes it a multipart": (
        ["--method", "PUT", "--path", "/t/{id}", "--field", "id:integer", "--field", "file:file!", "--field", "on:boolean"],
        {"method": "PUT", "path": "/t/${input.id}", "multipart": {"file": "${input.file}", "on": "${input.on}"}},
    ),
    "a search": (["--items", "result.things", "--field", "mail:email"], {"method": "GET", "path": "/get_thing", "query": {"mail": "${input.mail}"}}),
}  # fmt: skip


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("name", MODULES)
def test_a_module_holds_as_it_is_written(name: str, said: Said, holds: Holds) -> None:
    flags, request = MODULES[name]
    status, out, err = said("new", "module", "acme.get_thing", *flags)
    assert status == 0, err
    assert Path(out[0]) == Path("spec/acme/modules/get_thing.v1.yaml")
    found = value("spec/acme/modules/get_thing.v1.yaml")
    assert found["request"] == request
    for field in found.get("fields", {}):
        assert (field in found.get("required", ())) == (f"${{input.{field}}}" in request["path"] or f"{field}:" in " ".join(f for f in flags if f.endswith("!")))  # fmt: skip
    holds()


@pytest.mark.usefixtures("acme")
def test_a_module_may_stand_in_another_folder_than_its_connector(said: Said, here: Path, holds: Holds) -> None:
    (here / "mine").mkdir()
    status, out, _ = said("new", "module", "openai.get_weather", "--specs", "mine", "--path", "/weather")
    assert status == 0
    assert out[0] == str(Path("mine/openai/modules/get_weather.v1.yaml"))
    assert said("validate", "mine")[0] == said("test", "mine")[0] == 0


@pytest.mark.usefixtures("acme")
def test_the_next_major_version_is_made_of_the_newest_one(said: Said, holds: Holds) -> None:
    said("new", "module", "acme.get_thing", "--path", "/things/{id}")
    status, out, _ = said("new", "module", "acme.get_thing", "--major")
    assert status == 0
    assert out[-1].endswith("then: koppling deprecate acme.get_thing@1 --on DATE --replaced-by get_thing@2")
    assert value("spec/acme/modules/get_thing.v2.yaml")["version"] == "2.0.0"
    assert Path("spec/acme/examples/get_thing.v2/smallest.yaml").is_file()
    holds()
    assert said("new", "module", "acme.get_thing", "--major")[0] == 0
    assert Path("spec/acme/modules/get_thing.v3.yaml").is_file()


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize(
    "lifecycle", ["lifecycle: {deprecated: 2026-01-01, reason: Old.}\n", "lifecycle:\n  deprecated: 2026-01-01 # long ago\n  reason: Old.\n"]
)  # fmt: skip
def test_the_next_major_version_begins_without_the_lifecycle_of_the_old_one(
    lifecycle: str, said: Said, holds: Holds
) -> None:
    said("new", "module", "acme.get_thing", "--path", "/things/{id}")
    path = Path("spec/acme/modules/get_thing.v1.yaml")
    before = path.read_text()
    path.write_text(before.replace("title: Get thing\n", f"title: Get thing\n{lifecycle}", 1))
    assert said("new", "module", "acme.get_thing", "--major")[0] == 0
    assert Path("spec/acme/modules/get_thing.v2.yaml").read_text() == before.replace("1.0.0", "2.0.0")
    assert "lifecycle" in path.read_text()
    holds()


MISTAKES = {
    "a connector's name that is none": (["connector", "acme-api"], "did you mean 'acme_api'?"),
    "a connector that is there": (["connector", "acme", "--base-url", URL, "--auth", "none"], "`koppling new module acme.NAME` adds to it"),
    "one that differs in case alone": (["connector", "Acme", "--base-url", URL, "--auth", "none"], "there is a connector 'acme'"),
    "an address without a scheme": (["connector", "b", "--base-url", "api.b.example"], "did you mean 'https://api.b.example'?"),
    "an address with a password": (["connector", "b", "--base-url", "https://u:p@b.example"], "leave it out, and say --auth basic"),
    "an address with a query": (["connector", "b", "--base-url", "https://b.example/?a=b"], "has a query or a fragment"),
    "nobody to ask for the address": (["connector", "b", "--auth", "none"], "say --base-url; nobody is there to be asked"),
    "nobody to ask for anything": (["connector", "b"], "say --base-url and --auth (bearer, basic, api-key, none); nobody is there to be asked"),
    "a header without a key": (["connector", "b", "--base-url", URL, "--auth", "bearer", "--header", "X"], "--header goes with --auth api-key"),
    "no connector": (["module", "get_thing"], "write CONNECTOR.NAME"),
    "an unknown connector": (["module", "acmee.get_thing"], "did you mean 'acme'"),
    "a module that is there": (["module", "acme.make_api_call"], "--major makes its next major version"),
    "one that would be mistaken for it": (["module", "acme.makeApiCall"], "would be mistaken for it"),
    "a first version that is not 1": (["module", "acme.get_thing@2"], "leave @2 out"),
    "a name that is none": (["module", "acme.get-thing"], "did you mean 'get_thing'?"),
    "a type that is none": (["module", "acme.a", "--field", "n:int"], "did you mean 'integer'?"),
    "a field twice": (["module", "acme.a", "--field", "n", "--field", "n:integer"], "is there already"),
    "a field that is none": (["module", "acme.a", "--field", "my-name"], "did you mean 'my_name'?"),
    "a list of values with a hole": (["module", "acme.a", "--field", "n:a|"], "write each value once"),
    "a whole address as a path": (["module", "acme.a", "--path", "https://x.example/a"], "write what comes after the base URL"),
    "a path with a query": (["module", "acme.a", "--path", "/a?b=c"], "write --field for each of its parameters"),
    "a path that does not close": (["module", "acme.a", "--path", "/a/{id"], "is no path"),
    "a list in a path": (["module", "acme.a", "--path", "/a/{ids}", "--field", "ids:array"], "a text or a number"),
    "a file in a GET": (["module", "acme.a", "--field", "f:file"], "say --method POST"),
    "items of an action": (["module", "acme.a", "--kind", "action", "--items", "data"], "--items goes with --kind search"),
    "items that are an expression": (["module", "acme.a", "--items", "data[?a]"], "write names with dots"),
    "flags with --major": (["module", "acme.make_api_call", "--major", "--path", "/a"], "leave --path out"),
    "--major of nothing": (["module", "acme.make_api_cal", "--major"], "did you mean 'acme.make_api_call'?"),
}  # fmt: skip


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_and_writes_nothing(name: str, said: Said, here: Path) -> None:
    arguments, told = MISTAKES[name]
    before = {path: path.read_bytes() for path in here.rglob("*") if path.is_file()}
    status, out, err = said("new", *arguments)
    assert (status, out) == (2, [])
    assert told in err
    assert {path: path.read_bytes() for path in here.rglob("*") if path.is_file()} == before


@pytest.mark.usefixtures("acme")
def test_no_file_is_written_where_one_is_in_the_way(said: Said, here: Path) -> None:
    (here / "spec/acme/examples/get_thing.v1").mkdir()
    (here / "spec/acme/examples/get_thing.v1/smallest.yaml").write_text("title: mine\n")
    status, _, err = said("new", "module", "acme.get_thing")
    assert status == 2
    assert "smallest.yaml is there already, and nothing is ever written over; nothing was written" in err
    assert not (here / "spec/acme/modules/get_thing.v1.yaml").exists()


@pytest.mark.usefixtures("acme")
def test_a_rehearsal_shows_the_files_and_writes_nothing(said: Said, here: Path) -> None:
    status, out, err = said("new", "module", "acme.get_thing", "--path", "/things/{id}", "--dry-run")
    assert status == 0
    assert '    request: {method: GET, path: "/things/${input.id}"}' in out
    assert "nothing was written (--dry-run)" in err
    assert not (here / "spec/acme/modules/get_thing.v1.yaml").exists()


def test_what_no_flag_says_is_asked_until_it_makes_sense(said: Said, holds: Holds, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    answers = iter(["My Acme", "api.acme.example", URL, "api-key", "X-Key"])
    monkeypatch.setattr(asking, "present", lambda: True)
    monkeypatch.setattr(asking.click, "prompt", lambda *_, **__: next(answers))
    status, _, err = said("new", "connector", "acme")
    assert status == 0
    assert "did you mean 'https://api.acme.example'?" in err
    found = value("spec/acme/connector.yaml")
    assert (found["title"], found["auth"]["api_key"]["name"]) == ("My Acme", "X-Key")
    answers = iter(["Get it", "GET", "/things/{id}", "action", "size:huge|", "size:small|big", ""])
    assert said("new", "module", "acme.get_thing")[0] == 0
    assert list(value("spec/acme/modules/get_thing.v1.yaml")["fields"]) == ["id", "size"]
    holds()
