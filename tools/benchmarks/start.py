"""What it costs to begin: imports, a whole process with one call over TLS, and a module that is known already."""

from __future__ import annotations

import json
import os
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

import certifi
import children
import trustme
from chat import ANSWERS, KEY, MODULE, PATH, inputs
from rounds import QUICK, ROUNDS, Row, measure
from stub import CLIENT, Stub, pin

IMPORTS = {"import koppling": 15.0, "from koppling import Client, Connection, File": 45.0}  # milliseconds
COLD, KNOWN = 1.20, 1.0

# What is imported for any module, and the text of no other, is there before the clock starts.
KNOWN_MODULE = f"""
import time
from koppling import Catalog
def load(name):
    catalog = Catalog()
    catalog.operation(catalog.module(name, "2026-11-23"), None)
load("openai.create_moderation@1")
began = time.process_time()
load({MODULE!r})
print(time.process_time() - began)
"""
OURS = f"""
import json, sys
from koppling import Client, Connection
with Client(Connection("openai", api_key={KEY!r}, base_url=sys.argv[1] + "/v1")) as client:
    assert client.execute({MODULE!r}, json.loads(sys.argv[2])).output["text"]
"""
RAW = f"""
import json, sys, httpx
with httpx.Client(headers={{"authorization": "Bearer {KEY}"}}, timeout=httpx.Timeout(600, connect=5)) as client:
    assert client.post(sys.argv[1] + {PATH!r}, json=json.loads(sys.argv[2])).json()["choices"]
"""
SDK = f"""
import json, sys
from openai import OpenAI
with OpenAI(api_key={KEY!r}, base_url=sys.argv[1] + "/v1") as client:
    assert client.chat.completions.create(**json.loads(sys.argv[2])).choices
"""


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure."""
    had = pin(CLIENT)
    try:
        sides = {"nothing": children.cpu(""), **{code: children.cpu(code) for code in IMPORTS}}
        costs = measure(sides, "nothing", quick=quick)
        for code, budget in IMPORTS.items():
            ours = costs.median(code, over="nothing") * 1e3
            yield Row(f"{code}, over nothing", ours, "ms", budget=budget, control=costs.control)
        yield Row("a known module, ready to be called", known(quick=quick) * 1e3, "ms", budget=KNOWN)
    finally:
        if had:
            os.sched_setaffinity(0, had)
    yield from _cold(quick=quick)


def known(*, quick: bool) -> float:
    """Return the seconds in which a new process has a module whose compiled form is in the cache."""
    children.printed(KNOWN_MODULE)
    return statistics.median(float(children.printed(KNOWN_MODULE)) for _ in range(QUICK if quick else ROUNDS))


def _cold(*, quick: bool) -> Iterator[Row]:
    """Measure processes that import, make a client, and make one call over TLS with the authorities of everybody."""
    with tempfile.TemporaryDirectory() as folder:
        authority, trusted = trustme.CA(), Path(folder, "trusted.pem")
        trusted.write_bytes(Path(certifi.where()).read_bytes() + authority.cert_pem.bytes())
        certificate, key = Path(folder, "server.pem"), Path(folder, "server.key")
        issued = authority.issue_cert("localhost")
        issued.cert_chain_pems[0].write_to_path(str(certificate))
        issued.private_key_pem.write_to_path(str(key))
        os.environ["SSL_CERT_FILE"] = str(trusted)
        try:
            with Stub(ANSWERS, tls=(certificate, key)) as stub:
                given = (stub.origin, json.dumps(inputs(10)))
                sides = {"koppling": OURS, "httpx": RAW, "openai": SDK}
                costs = measure(
                    {name: children.cpu(code, *given) for name, code in sides.items()}, "httpx", quick=quick
                )
        finally:
            del os.environ["SSL_CERT_FILE"]
    yield costs.against("a whole process: import, one call over TLS", "httpx", COLD, unit="ms")
    yield costs.against("a whole process: import, one call over TLS", "openai", None, unit="ms")
