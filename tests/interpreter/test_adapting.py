"""Inputs of an older major version become those of a newer one when asked, and only then."""

import httpx
import pytest

from koppling import Client, Connection, InputInvalid
from koppling_tools.cli import main

CONNECTOR = 'koppling: 1\nname: acme\ntitle: Acme\nversion: 1.0.0\nconnection: {fields: {url: {type: string, env: ACME_URL}}}\nrequest: {base_url: "${connection.url}"}\n'
OLD = """\
name: make_thing
version: 1.0.0
title: Make a thing
fields: {engine: {type: string}, quality: {enum: [hd, sd]}, suffix: {type: string}}
required: [engine]
request: {method: POST, path: /v1, json: {engine: "${input.engine}", quality: "${input.quality}", suffix: "${input.suffix}"}}
"""
NEW = """\
name: make_thing
version: 2.0.0
title: Make a thing
fields: {model: {type: string}, quality: {enum: [high, sd]}, size: {type: string}}
required: [model, size]
adapts:
  1: {drop: [suffix], rename: {engine: model}, map: {quality: {hd: high}}, default: {size: small}}
request: {method: POST, path: /v2, json: {model: "${input.model}", quality: "${input.quality}", size: "${input.size}"}}
"""


@pytest.fixture
def specs(tmp_path):
    home = tmp_path / "acme"
    (home / "modules").mkdir(parents=True)
    (home / "connector.yaml").write_text(CONNECTOR)
    (home / "modules/make_thing.v1.yaml").write_text(OLD)
    (home / "modules/make_thing.v2.yaml").write_text(NEW)
    return tmp_path


@pytest.fixture
def client(specs):
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json={"sent": request.read().decode()}))
    with Client(Connection("acme", url="https://acme.example/"), specs, transport) as client:
        yield client


CASES = {
    "everything": ({"engine": "e", "quality": "hd", "suffix": "s"}, {"model": "e", "quality": "high", "size": "small"}),
    "a value that is not mapped": ({"engine": "e", "quality": "sd"}, {"model": "e", "quality": "sd", "size": "small"}),
    "what is there already is not defaulted": ({"engine": "e", "size": "big"}, {"model": "e", "size": "big"}),
    "nothing": ({}, {"size": "small"}),
    "a value that is no text": ({"quality": ["hd"]}, {"quality": ["hd"], "size": "small"}),
}


@pytest.mark.parametrize(("old", "new"), CASES.values(), ids=CASES.keys())
def test_inputs_are_dropped_renamed_mapped_and_defaulted(client, old, new):
    assert client.adapt("acme.make_thing@2", old, 1) == new


def test_what_was_adapted_runs_and_nothing_is_adapted_unasked(client):
    old = {"engine": "e", "quality": "hd"}
    result = client.execute("acme.make_thing@2", client.adapt("acme.make_thing@2", old, inputs_of=1))
    assert result.output == {"sent": '{"model":"e","quality":"high","size":"small"}'}
    with pytest.raises(InputInvalid):
        client.execute("acme.make_thing@2", old)


def test_inputs_of_the_same_version_stay(client):
    assert client.adapt("acme.make_thing@2", {"model": "m"}, inputs_of=2) == {"model": "m"}


def test_a_version_that_nobody_speaks_of_is_refused(client):
    with pytest.raises(InputInvalid, match=r"how inputs of version 3 become its own \(`adapts` knows 1\)"):
        client.adapt("acme.make_thing@2", {}, inputs_of=3)


def test_the_command_adapts_when_asked(specs, capsys, monkeypatch):
    monkeypatch.setenv("ACME_URL", "https://acme.example/")
    arguments = [
        "run",
        "acme.make_thing@2",
        "engine=e",
        "quality=hd",
        "--dry-run",
        "--output",
        "json",
        "--specs",
        str(specs),
    ]
    assert main([*arguments, "--inputs-of", "1"]) == 0
    assert '"model": "e"' in capsys.readouterr().out
    assert main(arguments) == 1
