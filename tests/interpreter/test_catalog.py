import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from acme import SECRET, SPEC

import koppling
from koppling import store
from koppling.catalog import Catalog

DAY = "2026-11-01"


@pytest.fixture
def specs(tmp_path):
    return Path(shutil.copytree(SPEC, tmp_path / "specs"))


def test_a_name_without_a_major_is_the_newest_that_lives(specs):
    catalog = Catalog(specs)
    assert catalog.module("acme.make_thing", DAY).version == "2.1.0"
    assert catalog.module("acme.make_thing@2", DAY).full_name == "acme.make_thing@2"
    newest = specs / "acme/modules/make_thing.v3.yaml"
    newest.write_text(
        "name: make_thing\nversion: 3.0.0\ntitle: T\nlifecycle: {since: 2027-01-01}\nrequest: {path: /x}\n"
    )
    catalog = Catalog(specs)
    for day, major in ((DAY, 2), (DAY, 2), ("2027-01-01", 3), (DAY, 2)):  # a long-lived catalog sees days pass
        assert catalog.module("acme.make_thing", day).major == major
    assert catalog.module("acme.make_thing@3", DAY).major == 3


def test_where_all_are_retired_the_newest_says_what_to_do(specs):
    (specs / "acme/modules/make_thing.v2.yaml").unlink()
    with pytest.raises(koppling.ModuleRetired) as caught:
        Catalog(specs).module("acme.make_thing", DAY)
    assert (caught.value.name, caught.value.lifecycle.replaced_by) == ("acme.make_thing@1", "make_thing@2")
    assert Catalog(specs).module("acme.make_thing", DAY, retired=True).major == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("acme.make_things", "did you mean 'acme.make_thing'?"),
        ("acme.make_thing@7", "did you mean 'acme.make_thing@2' or 'acme.make_thing@1'?"),
        ("acmee.make_thing", "did you mean 'acme'?"),
        ("acme.zzz", "modules of acme: get_file, list_things, make_thing, send_file"),
        ("make_thing", "a module is named connector.module or connector.module@2"),
        ("acme.make_thing@", "a module is named connector.module"),
        ("../../etc.passwd", "a module is named connector.module"),
    ],
)
def test_an_unknown_name_is_answered_with_the_near_miss(name, words):
    with pytest.raises(koppling.UnknownModule) as caught:
        Catalog(SPEC).module(name, DAY)
    assert words in str(caught.value)


def test_who_names_no_folder_of_their_own_is_told_how():
    with pytest.raises(koppling.UnknownModule) as caught:
        Catalog().module("acme.make_thing", DAY)
    told = "; those of your own are found in the folder that `specs=` names, `--specs` in the command)"
    assert str(caught.value).endswith(told)
    with pytest.raises(koppling.UnknownModule) as caught:
        Catalog(SPEC).module("zzz.make_thing", DAY)
    assert "specs=" not in str(caught.value)


def test_a_client_can_refuse_names_without_a_major(vendor):
    vendor.answers = [{"id": 1}]
    client = vendor.client(require_major=True)
    with pytest.raises(koppling.UnknownModule, match="make_thing@2"):
        client.execute("acme.make_thing", {"name": "x"})
    assert client.execute("acme.make_thing@2", {"name": "x"}).module == "acme.make_thing@2"


def test_the_first_folder_with_a_connector_owns_it_and_earlier_ones_add_and_shadow(specs, tmp_path):
    over = tmp_path / "over"
    shutil.copytree(SPEC, tmp_path / "late")
    (over / "acme/modules").mkdir(parents=True)
    shadow = (specs / "acme/modules/get_file.v1.yaml").read_text().replace("Get a file", "Get OUR file")
    (over / "acme/modules/get_file.v1.yaml").write_text(shadow)
    (over / "acme/modules/new_one.v1.yaml").write_text(shadow.replace("name: get_file", "name: new_one"))
    (tmp_path / "late/acme/modules/late_one.v1.yaml").write_text(shadow.replace("name: get_file", "name: late_one"))
    found = {(one.name, one.title, one.root.name) for one in Catalog([over, specs, tmp_path / "late"]).entries("acme")}
    assert {
        ("get_file", "Get OUR file", "over"),
        ("new_one", "Get OUR file", "over"),
        ("send_file", "Send a file", "specs"),
    } <= found
    assert not any(name == "late_one" for name, _, _ in found)


def test_a_folder_that_is_not_there_is_said():
    with pytest.raises(koppling.SpecError, match="no such folder"):
        Catalog("no/such/folder")


def test_a_broken_file_hides_no_other(specs):
    (specs / "acme/modules/broken.v1.yaml").write_text("name: [")
    catalog = Catalog(specs)
    assert [one.name for one in catalog.entries("acme")] == [
        "get_file",
        "list_things",
        "make_thing",
        "make_thing",
        "send_file",
    ]
    assert [path.name for path in catalog.broken] == ["broken.v1.yaml"]
    with pytest.raises(koppling.SpecError):
        catalog.module("acme.broken", DAY)


def test_a_spec_that_was_compiled_once_is_not_parsed_again_by_the_next_process(specs):
    Catalog(specs).module("acme.make_thing", DAY)
    code = (
        "import sys; from koppling.catalog import Catalog; "
        f"print(Catalog({str(specs)!r}).module('acme.make_thing', {DAY!r}).title, 'ruamel.yaml' in sys.modules, 'jsonschema_rs' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split("\n")[0] == "Make a thing False False"


def test_a_changed_spec_is_compiled_anew(specs):
    path = specs / "acme/modules/make_thing.v2.yaml"
    assert Catalog(specs).module("acme.make_thing", DAY).title == "Make a thing"
    path.write_text(path.read_text().replace("title: Make a thing", "title: Make two"))
    assert Catalog(specs).module("acme.make_thing", DAY).title == "Make two"
    connector = specs / "acme/connector.yaml"
    connector.write_text(connector.read_text().replace("http://acme.test/v1/", "http://acme.test/v9/"))
    assert (
        koppling.Client(koppling.Connection("acme", api_key="k"), specs)
        .render("acme.make_thing", {"name": "x"})
        .url.endswith("/v9/things")
    )


def test_many_may_write_the_same_compiled_form_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("KOPPLING_CACHE", str(tmp_path / "cache"))
    plan = {"fields": ["x" * 1000] * 100}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: (store.store_compiled("k", plan, {}), store.load_compiled("k")), range(200)))
        assert all(found == (plan, b"{}") for found in pool.map(lambda _: store.load_compiled("k"), range(50)))
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["k.json"]
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("content", ["", "{", '{"key": "other", "plan": 1}', "[]"])
def test_a_damaged_cache_is_no_fault(tmp_path, monkeypatch, content):
    monkeypatch.setenv("KOPPLING_CACHE", str(tmp_path))
    (tmp_path / "k.json").write_text(content)
    assert store.load_compiled("k") is None


@pytest.mark.parametrize("left", [0, 1, 200])
def test_a_compiled_form_that_was_cut_off_is_made_anew(specs, tmp_path, monkeypatch, left):
    monkeypatch.setenv("KOPPLING_CACHE", str(tmp_path / "cache"))
    whole = Catalog(specs).module("acme.make_thing", DAY).operations[None].plan
    for path in (tmp_path / "cache").iterdir():
        at_once, line_end, rest = path.read_bytes().partition(b"\n")
        path.write_bytes(at_once + line_end * bool(left) + rest[: max(0, left - 1)])
    assert Catalog(specs).module("acme.make_thing", DAY).operations[None].plan == whole


def test_a_cache_that_cannot_be_written_is_no_fault(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KOPPLING_CACHE", str(tmp_path / "file" / "sub"))
    assert Catalog(SPEC).module("acme.make_thing", DAY).major == 2


def test_without_a_home_everything_works(tmp_path):
    code = f"import koppling; c = koppling.Client(koppling.Connection('acme', api_key='k'), {str(SPEC)!r}); print(c.render('acme.make_thing', {{'name': 'x'}}).method)"
    environment = {
        name: value for name, value in os.environ.items() if name not in {"HOME", "KOPPLING_CACHE", "XDG_CACHE_HOME"}
    }
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=environment | {"HOME": "/nonexistent"},
    )
    assert ran.stdout == "POST\n"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "needs api_key: pass Connection('acme', api_key=…), or set ACME_API_KEY in the environment"),
        ({"api_key": ""}, "'api_key' of the connection to acme must not be empty"),
        ({"api_kee": "x"}, "no field 'api_kee'; did you mean 'api_key'?"),
        ({"api_key": "k", "base_url": "ftp://x"}, "must be an http or https address"),
        ({"api_key": "k", "base_url": "http://u:p@x/"}, "must not hold a user name"),
        ({"api_key": "k", "base_url": "http://x/?a=1"}, "must not hold a query"),
        ({"api_key": "k", "base_url": "http://x:99999/"}, "must have a port from 0 to 65535, which 'x:99999' has not"),
        ({"api_key": "k", "retries": "many"}, "must be a whole number"),
    ],
)
def test_a_connection_that_cannot_be_used_says_which_field(fields, words):
    with pytest.raises(koppling.ConnectionInvalid) as caught:
        koppling.Client(koppling.Connection("acme", **fields), SPEC)
    assert words in str(caught.value)


def test_a_connection_comes_from_the_environment(vendor, monkeypatch):
    with pytest.raises(koppling.ConnectionInvalid) as caught:
        vendor.client(connection=None).execute("acme.list_things")
    assert (caught.value.field, caught.value.variable) == ("api_key", "ACME_API_KEY")
    monkeypatch.setenv("ACME_API_KEY", SECRET)
    monkeypatch.setenv("ACME_BASE_URL", "http://other.test/")
    monkeypatch.setenv("ACME_RETRIES", "4")
    vendor.answers = [{"data": []}]
    vendor.client(connection=None).execute("acme.list_things")
    assert str(vendor.requests[0].url) == "http://other.test/things"


def test_the_module_of_another_connector_is_refused():
    client = koppling.Client(koppling.Connection("acme", api_key="k"), SPEC)
    other = next(name for name in client.catalog.connectors() if name != "acme")
    with pytest.raises(koppling.ConnectionInvalid, match="this connection is one to acme"):
        client.execute(
            next(one.full_name for one in client.catalog.entries(other) if one.name == "get_models"), {"action": "list"}
        )


def test_the_schema_that_is_published_is_json_schema_with_files_as_json():
    import jsonschema

    catalog = Catalog(SPEC)
    for entry in catalog.entries("acme"):
        module = catalog.module(entry.full_name, DAY, retired=True)
        jsonschema.Draft202012Validator.check_schema(catalog.input_schema(module))
        jsonschema.Draft202012Validator.check_schema(catalog.output_schema(module))
    schema = catalog.input_schema(catalog.module("acme.send_file", DAY))
    assert jsonschema.Draft202012Validator(schema).is_valid(
        {"file": {"name": "a", "data": "eA==", "media_type": "text/plain"}}
    )
    schema = catalog.input_schema(catalog.module("acme.make_thing", DAY))
    assert schema["properties"]["colour"]["enum"] == ["red", "green", "puce"]
    assert schema["properties"]["size"]["default"] == 3
    assert json.loads(json.dumps(schema)) == schema
