"""The trace of every example of every spec here: its leaves are the request, its places stand in the spec."""

from __future__ import annotations

import uuid
import warnings
from functools import lru_cache
from pathlib import Path

import pytest
from reassembly import body_of, put_together, says, there

from koppling import Client, Connection, KopplingError
from koppling.catalog import Catalog
from koppling.read import read_document
from koppling_tools.examples.load import find, load
from koppling_tools.examples.placeholders import placeholders

HERE = Path(__file__).parent
SPECS = HERE / "spec"
ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (ROOT / "spec", ROOT / "tests" / "shapes" / "spec")
EXAMPLES = [
    (folder, path)
    for folder in FOLDERS
    for path in find([folder], [one.parent.name for one in sorted(folder.glob("*/connector.yaml"))])
]
DAY = "2026-11-24"


@lru_cache
def catalog(folder):
    return Catalog(folder)


@pytest.fixture(autouse=True)
def _one_identity(monkeypatch):
    monkeypatch.setattr(uuid, "uuid4", lambda: "00000000-0000-4000-8000-000000000000")


def traced(folder, path):
    """Return the trace of an example and its request; None where nothing is rendered."""
    example = load(path)
    connector = catalog(folder).connector(example.connector)
    stream = {"stream": True} if example.streamed else {}
    day = example.as_of or DAY
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            client = Client(
                Connection(example.connector, **placeholders(connector, example.connection)), catalog(folder)
            )
            with client:
                request = client.render(example.module_name, example.inputs, as_of=day, **stream)
                return client.trace(example.module_name, example.inputs, as_of=day, **stream), request
        except KopplingError:
            return None


@pytest.mark.parametrize(("folder", "path"), EXAMPLES, ids=[f"{one.parent.name}/{one.stem}" for _, one in EXAMPLES])
def test_the_leaves_of_a_trace_are_the_request_and_name_the_spec_and_the_inputs(folder, path):
    found = traced(folder, path)
    if found is None:
        return
    _holds(*found)


def _holds(trace, request):
    """Hold a trace against the request it is of, the files it names, and the inputs it reads."""
    assert trace.problems == ()
    assert put_together(trace) == (request.method, request.url, request.headers, body_of(request))
    assert list(put_together(trace)[2]) == list(request.headers)
    values = {one.name: one.value for one in trace.inputs}
    for leaf in trace.leaves:
        assert bool(leaf.dropped) <= (leaf.value is None)
        assert not leaf.refused
        if leaf.template:
            assert says(leaf), f"{leaf.place} does not say {leaf.template}"
        assert all(there(one, values) for one in leaf.inputs), leaf
        assert not any(there(one, values) for one in leaf.missing), leaf


def test_most_examples_have_a_request_to_trace():
    found = [traced(folder, path) is not None for folder, path in EXAMPLES[::7]]
    assert sum(found) > len(found) * 0.7


ODD = sorted(one.stem for one in (HERE / "cases").glob("*.yaml"))


@pytest.mark.parametrize("name", ODD)
def test_the_leaves_of_odd_requests_are_the_request_as_well(name, tmp_path):
    case, file = read_document(HERE / "cases" / f"{name}.yaml").value, tmp_path / "a.png"
    file.write_bytes(b"AAAA")
    options, inputs = case.get("options", []), dict(case["inputs"])
    inputs |= {key: value for key, value in {"file": file, "more": [file, file]}.items() if key in inputs}
    if "--operation" in options:
        inputs["action"] = options[options.index("--operation") + 1]
    words = {"extra": "pass", "as_of": DAY, "stream": "--stream" in options}
    connector = catalog(SPECS).connector(case["module"].partition(".")[0])
    connection = Connection(connector.name, **placeholders(connector))
    with Client(connection, catalog(SPECS)) as client, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            request = client.render(case["module"], inputs, **words)
        except KopplingError:
            assert case["status"] == 1
        else:
            _holds(client.trace(case["module"], inputs, **words), request)
