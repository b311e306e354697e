"""What the workbench makes of a connector with OAuth 2: checks, examples, sandbox, pages."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import httpx
import pytest
from oauth_vendor import CANARIES, CLIENT, SECRET, OAuthVendor, Served

from koppling import Client, Connection
from koppling.catalog import Catalog
from koppling_tools.check import check
from koppling_tools.cli import main
from koppling_tools.sandbox.start import start

SPECS = Path(__file__).parent / "spec"
DAY = "2026-11-29"


def person(tmp_path, old, new):
    path = tmp_path / "person/connector.yaml"
    shutil.copytree(SPECS / "person", path.parent)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return path


@pytest.mark.parametrize(
    ("old", "new", "rule", "words"),
    [
        (
            "{access_type: offline}",
            '{hint: "${connection.client_secret}"}',
            "secret-place",
            "`connection.client_secret` is secret, and stands in an address",
        ),
        (
            "authorize?from=koppling",
            "authorize?key=${connection.refresh_token}",
            "secret-place",
            "`connection.refresh_token` is secret",
        ),
        (
            "title: Client secret, secret: true",
            "title: Client secret",
            "open-credential",
            "`connection.client_secret` is a credential, and its field is not secret",
        ),
        (
            "client_id: ${connection.client_id}",
            "client_id: ${connection.client}",
            "undefined-reference",
            "`connection.client` is no field of the connection",
        ),
        (
            "client_id: ${connection.client_id}",
            "client_id: ${input.client}",
            "wrong-root",
            "`input` cannot be used here",
        ),
        ("client_id: ${connection.client_id}", "client_id: ${connection.client_id |}", "expression-syntax", ""),
        ("client_auth: body", "client_auth: query", "grammar", "must be one of 'basic', 'body'"),
        (
            "scopes: [things.read]",
            "scopes: things.read",
            "grammar",
            "`scopes` must be a list, or one `${…}`, not 'things.read'",
        ),
        ("client_auth: body", "client_aut: body", "unknown-key", "unknown key 'client_aut'"),
    ],
)
def test_what_is_wrong_is_told_in_its_place(tmp_path, old, new, rule, words):
    path = person(tmp_path, old, new)
    found = [
        one
        for one in check([path], [tmp_path], DAY).diagnostics
        if one.rule not in {"unused-connection-field", "unmarked-secret"}
    ]
    assert [one.rule for one in found] == [rule]
    assert words in found[0].message
    line = path.read_text().splitlines()[found[0].location.line - 1]
    assert line.strip() in {
        "client_secret: ${connection.client_secret}",
        *(one.strip() for one in path.read_text().splitlines() if new in one),
    }


def test_a_header_of_a_modules_own_is_refused_where_the_token_goes(tmp_path):
    path = person(tmp_path, "koppling: 1", "koppling: 1").parent / "modules/list_things.v1.yaml"
    path.write_text(path.read_text().replace("path: /things,", "path: /things, headers: {Authorization: x},"))
    assert "forbidden-header" in {one.rule for one in check([path], [tmp_path], DAY).diagnostics}


def test_examples_ask_for_no_token(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("KOPPLING_CACHE", str(tmp_path))
    assert main(["test", str(SPECS)]) == 0
    assert "5 passed, 0 failed" in capsys.readouterr().out


@pytest.mark.parametrize("connector", ["machine", "person"])
def test_a_sandbox_takes_the_token_that_it_gave(monkeypatch, capsys, connector):
    monkeypatch.setenv("KOPPLING_SPECS", str(SPECS))
    status = main(
        [
            "run",
            f"{connector}.list_things",
            "--sandbox",
            "--output",
            "json",
            *(["limit:=1"] if connector == "person" else []),
        ]
    )
    assert status == 0
    assert json.loads(capsys.readouterr().out)[0] == {"id": "a"}


def test_a_sandbox_gives_tokens_and_signs_anybody_in():
    catalog = Catalog(SPECS)
    with (
        start("machine", catalog=catalog) as sandbox,
        Client(Connection("machine", **sandbox.connection_fields), SPECS) as client,
    ):
        assert client.execute("machine.list_things").output == [{"id": "a"}, {"id": "b"}]
    with (
        start("person", catalog=catalog) as sandbox,
        Client(Connection("person", **{**sandbox.connection_fields, "refresh_token": None}), SPECS) as client,
    ):
        begun = client.sign_in("http://127.0.0.1:1/callback")
        begun.finish(httpx.get(begun.url, trust_env=False).headers["location"])
        assert client.execute("person.list_things", {"limit": 1}).output == [{"id": "a"}]
        assert httpx.get(client.sign_in("http://evil.test/").url, trust_env=False).status_code == 400
        assert httpx.get(sandbox.url + "things", trust_env=False).status_code == 401


def test_a_page_tells_how_to_connect(monkeypatch, tmp_path, capsys):
    assert (
        main(["docs", "--specs", str(SPECS), "--out", str(tmp_path / "site"), "--as-of", DAY, "machine", "person"]) == 0
    )
    capsys.readouterr()
    machine, page = ((tmp_path / f"site/{one}/index.html").read_text() for one in ("machine", "person"))
    assert "OAuth 2, client credentials, for a token of " in machine
    assert "<code>things.read</code>, <code>things.write</code>" in machine
    assert "OAuth 2, a person signs in at " in page


def test_what_is_recorded_holds_no_token_and_no_request_for_one(monkeypatch, tmp_path):
    shutil.copytree(SPECS, tmp_path / "spec")
    vendor = OAuthVendor()
    served = Served(vendor)
    for name, value in {
        "CLIENT_ID": CLIENT,
        "CLIENT_SECRET": SECRET,
        "BASE_URL": served.url,
        "LOGIN_URL": served.url,
    }.items():
        monkeypatch.setenv(f"MACHINE_{name}", value)
    monkeypatch.chdir(tmp_path)
    try:
        assert (
            main(
                [
                    "test",
                    "--record",
                    "machine.list_things",
                    "--case",
                    "real",
                    "--input",
                    _written(tmp_path, {"limit": 2}),
                ]
            )
            == 0
        )
    finally:
        served.close()
    text = (tmp_path / "spec/machine/examples/list_things.v1/real.yaml").read_text()
    assert len(vendor.asked) == 1
    assert text.count("path: ") == 2
    assert not [one for one in (*CANARIES, "token") if one in text]


def _written(folder, inputs):
    (folder / "inputs.json").write_text(json.dumps(inputs))
    return str(folder / "inputs.json")
