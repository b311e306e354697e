"""How long `koppling validate` takes over a thousand module files: cold, with nothing changed, with one changed.

Makes a connector of so many modules in a temporary folder, each some forty lines with an example, and runs the command
in processes of its own.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from rounds import Row

MODULES, ROUNDS = 1_000, 5
BUDGETS = {"cold": 5.0, "nothing changed": 0.5, "one changed": None}  # seconds

CONNECTOR = """\
koppling: 1
name: acme
title: Acme
version: 1.0.0
connection:
  fields:
    api_key: {type: string, title: API Key, secret: true, env: ACME_API_KEY}
    base_url: {type: string, format: uri, default: "https://api.acme.example/", env: ACME_BASE_URL, advanced: true}
  required: [api_key]
auth: {bearer: "${connection.api_key}"}
request: {base_url: "${connection.base_url}"}
errors:
  - {status: 401, kind: invalid_access_token}
  - {status: 429, kind: rate_limit}
  - {status: 400-499, kind: data}
error_body: {message: error.message, code: error.code}
"""

MODULE = """\
name: make_thing_%(n)s
version: 1.0.0
kind: action
title: Make thing %(n)s
summary: Makes a thing of the kind %(n)s, with everything that belongs to it.
source: {page: "https://docs.acme.example/things/%(n)s", verified: 2026-11-23}
fields:
  id: {type: string, minLength: 1, title: ID, description: Which thing it is.}
  name: {type: string, minLength: 1, maxLength: 200, title: Name, description: What people call it.}
  colour: {enum: [red, green, blue], title: Colour, description: How it looks.}
  weight: {type: number, minimum: 0, maximum: 1000, title: Weight, advanced: true, description: In kilograms.}
  tags:
    type: array
    maxItems: 16
    title: Tags
    advanced: true
    description: What it is filed under.
    items: {type: string, pattern: "^[a-z][a-z0-9_]*$"}
  parts:
    type: array
    title: Parts
    description: What it is made of.
    items: {$ref: "#/$defs/part"}
required: [id, name]
$defs:
  part:
    type: object
    required: [name]
    properties: {name: {type: string}, count: {type: integer, minimum: 1}}
request:
  method: POST
  path: /things/%(n)s/${input.id}
  json:
    name: ${input.name}
    look: {colour: "${input.colour}", weight: "${input.weight}"}
    tags: ${input.tags}
    parts: ${input.parts}
response:
  output:
    id: thing.id
    names: "thing.parts[*].name"
    heavy: "thing.weight > `10`"
"""

EXAMPLE = """\
title: A thing with its parts
inputs: {id: th_%(n)s, name: Anvil, colour: red, parts: [{name: head, count: 1}, {name: horn}]}
request:
  method: POST
  path: /things/%(n)s/th_%(n)s
  json: {name: Anvil, look: {colour: red}, parts: [{name: head, count: 1}, {name: horn}]}
response:
  json: {thing: {id: th_%(n)s, weight: 40, parts: [{name: head}, {name: horn}]}}
output: {id: th_%(n)s, names: [head, horn], heavy: true}
"""


def make(folder: Path, count: int) -> None:
    """Write the connector."""
    home = folder / "acme"
    (home / "modules").mkdir(parents=True)
    (home / "connector.yaml").write_text(CONNECTOR)
    for number in range(count):
        (home / f"modules/make_thing_{number}.v1.yaml").write_text(MODULE % {"n": number})
        example = home / f"examples/make_thing_{number}.v1/whole.yaml"
        example.parent.mkdir(parents=True)
        example.write_text(EXAMPLE % {"n": number})


def timed(specs: Path, cache: Path) -> float:
    """Run the command once and return its seconds."""
    began = time.perf_counter()
    done = subprocess.run(  # noqa: S603  (our own command)
        [sys.executable, "-m", "koppling_tools.cli", "validate", str(specs)],
        env={**os.environ, "KOPPLING_CACHE": str(cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    took = time.perf_counter() - began
    if done.returncode or "0 errors, 0 warnings" not in done.stderr:
        sys.exit(f"the specs are not clean:\n{done.stdout[:2000]}{done.stderr[:2000]}")
    return took


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure."""
    took: dict[str, list[float]] = {what: [] for what in BUDGETS}
    with tempfile.TemporaryDirectory() as folder:
        specs, cache = Path(folder, "spec"), Path(folder, "cache")
        make(specs, MODULES)
        for number in range(1 if quick else ROUNDS):
            shutil.rmtree(cache, ignore_errors=True)
            took["cold"].append(timed(specs, cache))
            took["nothing changed"].append(timed(specs, cache))
            path = specs / f"acme/modules/make_thing_{number}.v1.yaml"
            path.write_text(path.read_text().replace("1.0.0", "1.0.1"))
            took["one changed"].append(timed(specs, cache))
    for what, budget in BUDGETS.items():
        yield Row(f"checking {MODULES} modules, {what}", statistics.median(took[what]), "s", budget=budget)
