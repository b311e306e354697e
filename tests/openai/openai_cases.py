"""The OpenAI connector, its examples, and the facts it is held against."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import httpx
import pytest

import koppling
from koppling.catalog import Catalog
from koppling.send import Sender
from koppling_tools.examples.load import load
from koppling_tools.examples.wire import Sent

ROOT = Path(__file__).parents[2]
SPEC = ROOT / "spec"
FACTS = ROOT.parent / "shared" / "facts"
KEY = "sk-test-canary-0123456789"
BASE = "https://api.openai.com/v1"

CATALOG = Catalog(SPEC)
EXAMPLES = [load(path) for path in sorted((SPEC / "openai" / "examples").glob("*/*.yaml"))]
SENDING = [one for one in EXAMPLES if one.exchanges]


def named(examples):
    return [pytest.param(one, id=one.name.removeprefix("openai.")) for one in examples]


def connection(**fields):
    return koppling.Connection("openai", **{"api_key": KEY, **fields})


def rendered(example):
    """Return the first request of an example as the interpreter renders it, with the name of the module."""
    client = koppling.Client(connection(**example.connection), SPEC, as_of=example.as_of)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return client.render(example.module_name, example.inputs, stream=example.streamed)


def sent(request, data=None):
    """Return a request of the interpreter in the words in which examples state one."""
    seen = []
    Sender(httpx.MockTransport(lambda out: seen.append(out) or httpx.Response(204))).send(request, stream=False)
    (out,) = seen
    return Sent.of(out.method, str(out.url), out.headers.multi_items(), out.read(), BASE)


def fact_file(name):
    """Return a file of facts from beside the checkout; skip where it is not there, but in CI."""
    path = FACTS / name
    if not path.exists():
        assert os.environ.get("CI") != "true", f"CI needs {name} beside the checkout"
        pytest.skip(f"{name} is not beside this checkout")
    return path
