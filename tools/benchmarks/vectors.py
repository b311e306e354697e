"""Embeddings, 2 048 of 1 536 numbers, to lists: CPU, and memory above that of a client that has made a call."""

from __future__ import annotations

import base64
import json
import random
import statistics
from array import array
from collections.abc import Iterator

import children
from chat import ANSWERS, KEY
from chat import MODULE as CHAT
from openai import OpenAI
from rounds import Row, cpu, measure
from stub import Stub

from koppling import Client, Connection

MODULE, MODEL = "openai.create_embedding@1", "text-embedding-3-small"
COUNT, LENGTH = 2_048, 1_536
TEXTS = [f"text {number}" for number in range(COUNT)]

# A process's own peak: what getrusage says of a child begins at the size of its parent (Linux, exec_mmap).
PEAK = """
import sys
def memory(which):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith(which))
"""
TELL = """
before = memory("VmRSS")
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")  # the peak is from now on
found = call()
assert found
print(memory("VmHWM") - before)
"""
OURS = f"""{PEAK}
from koppling import Client, Connection
client = Client(Connection("openai", api_key={KEY!r}, base_url=sys.argv[1]))
asked = {{"model": {MODEL!r}, "input": [f"text {{number}}" for number in range({COUNT})]}}
client.execute({CHAT!r}, {{"model": "m", "messages": [{{"role": "user", "content": "Hej!"}}]}})
def call(): return client.execute({MODULE!r}, asked).output
{TELL}"""
SDK = f"""{PEAK}
from openai import OpenAI
client = OpenAI(api_key={KEY!r}, base_url=sys.argv[1])
client.chat.completions.create(model="m", messages=[{{"role": "user", "content": "Hej!"}}])
asked = [f"text {{number}}" for number in range({COUNT})]
def call(): return client.embeddings.create(model={MODEL!r}, input=asked).data
{TELL}"""


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure."""
    with Stub({**ANSWERS, "/v1/embeddings": ("application/json", _answer())}) as stub:
        base = f"{stub.origin}/v1"
        with (
            Client(Connection("openai", api_key=KEY, base_url=base)) as client,
            OpenAI(api_key=KEY, base_url=base) as sdk,
        ):
            sides = {
                "koppling": cpu(lambda: client.execute(MODULE, {"model": MODEL, "input": TEXTS})),
                "openai": cpu(lambda: sdk.embeddings.create(model=MODEL, input=TEXTS)),
            }
            costs = measure(sides, "openai", quick=quick)
        yield costs.against(f"{COUNT} embeddings of {LENGTH}, CPU", "openai", 1.0, unit="ms")
        ours, theirs = (
            statistics.median(float(children.printed(code, base)) for _ in range(1 if quick else 5))
            for code in (OURS, SDK)
        )
        what = f"{COUNT} embeddings of {LENGTH}, peak of memory"
        yield Row(what, ours, "MB", "openai", theirs, ours / theirs, budget=1.0)


def _answer() -> bytes:
    chance = random.Random(1)  # noqa: S311  (numbers, not secrets)
    data = [
        {"object": "embedding", "index": index, "embedding": base64.b64encode(_vector(chance).tobytes()).decode()}
        for index in range(COUNT)
    ]
    usage = {"prompt_tokens": COUNT * 2, "total_tokens": COUNT * 2}
    return json.dumps({"object": "list", "data": data, "model": MODEL, "usage": usage}).encode()


def _vector(chance: random.Random) -> array[float]:
    return array("f", (chance.uniform(-0.1, 0.1) for _ in range(LENGTH)))
