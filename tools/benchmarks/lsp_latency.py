"""How long a keystroke takes to its diagnostics, over the protocol.

Makes a connector with a module of 300 lines and its examples in a temporary folder, starts `koppling lsp`, types, and
takes the time from didChange to the publishDiagnostics that tells what was typed: a fault of the language, and a fault
that only the examples show, which are run for it.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rounds import Row

LIMIT = 100.0  # milliseconds, for 95 of 100 faults of the language, and for half of those that the examples show
KEYSTROKES = 60
LINES = 300
EXAMPLES = 10

CONNECTOR = """\
koppling: 1
name: acme
title: Acme
version: 1.0.0
connection:
  fields:
    api_key: {type: string, minLength: 1, title: API Key, secret: true}
    base_url: {type: string, format: uri, default: "https://api.acme.example/", title: Base URL}
  required: [api_key]
auth: {bearer: "${connection.api_key}"}
request: {base_url: "${connection.base_url}"}
"""


def module() -> str:
    """Return a module of 300 lines: fields, a body that sends them, an output that reads them back."""
    count = (LINES - 20) // 5
    lines = ["name: make_thing", "version: 1.0.0", "title: Make a thing", "fields:"]
    lines += ["  name: {type: string, minLength: 1, title: Name}"]
    for number in range(count):
        lines += [
            f"  field_{number}:",
            "    type: [string, 'null']",
            f'    title: "Field {number}"',
        ]
    lines += ["required: [name]", "request:", "  method: POST", "  path: /things", "  json:", "    name: ${input.name}"]
    lines += [f"    field_{number}: ${{input.field_{number}}}" for number in range(count)]
    lines += ["response:", "  output:", "    id: id"]
    lines += [
        f"    field_{number}: \"things[?kind == 'k{number}'].value | [0]\""
        if number % 10 == 0
        else f"    field_{number}: things[{number}].value"
        for number in range(count)
    ]
    return "\n".join(lines) + "\n"


def example(number: int) -> str:
    """Return an example that holds."""
    things = [{"kind": f"k{one}", "value": f"{number}-{one}"} for one in range((LINES - 20) // 5)]
    output = {"id": "th_1", **{f"field_{one}": f"{number}-{one}" for one in range(len(things))}}
    request = {"method": "POST", "path": "/things", "json": {"name": "Anvil"}}
    said = {"title": f"Call {number}", "inputs": {"name": "Anvil"}, "request": request,
            "response": {"json": {"id": "th_1", "things": things}}, "output": output}  # fmt: skip
    return json.dumps(said, indent=1)


class Editor:
    """As much of an editor as a keystroke needs."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "koppling_tools.cli", "lsp", "--stdio"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603  (our own code)

    def send(self, **message: Any) -> None:
        """Send one message."""
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        stream = self._process.stdin
        if stream is not None:
            stream.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
            stream.flush()

    def next(self) -> dict[str, Any]:
        """Return the next message."""
        stream, length = self._process.stdout, 0
        if stream is None:
            raise EOFError
        while line := stream.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        if not length:
            raise EOFError
        found: dict[str, Any] = json.loads(stream.read(length))
        return found

    def until(self, version: int, right: Callable[[set[str]], bool]) -> None:
        """Wait until what is said of a version is right."""
        while True:
            message = self.next()
            said = message.get("params") or {}
            ours = message.get("method") == "textDocument/publishDiagnostics" and said.get("version") == version
            if ours and right({one["code"] for one in said["diagnostics"]}):
                return

    def leave(self) -> None:
        """End the server."""
        self._process.kill()
        self._process.wait()


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "spec", "acme")
        path = home / "modules" / "make_thing.v1.yaml"
        path.parent.mkdir(parents=True)
        (home / "connector.yaml").write_text(CONNECTOR)
        cases = home / "examples" / "make_thing.v1"
        cases.mkdir(parents=True)
        for number in range(EXAMPLES):
            (cases / f"case-{number}.yaml").write_text(example(number))
        text = module()
        path.write_text(text)
        taken = measure(path, text, KEYSTROKES // 6 if quick else KEYSTROKES)
    late = sorted(taken["language"])[int(len(taken["language"]) * 0.95)]
    yield Row("a keystroke to a fault of the language, 95 of 100", late, "ms", budget=LIMIT)
    median = statistics.median(taken["examples"])
    yield Row("a keystroke to a fault the examples show, median", median, "ms", budget=LIMIT)


# What is typed, and the rule that it breaks.
TYPED = {
    "language": ("${input.field_9}", "${input.field_9x}", "undefined-reference"),
    "examples": ("things[9].value", "things[9].valu", "dead-path"),
}


def measure(path: Path, text: str, keystrokes: int) -> dict[str, list[float]]:
    """Type a fault and take it back, again and again; return the milliseconds until each was told."""
    editor, uri = Editor(), path.as_uri()
    taken: dict[str, list[float]] = {what: [] for what in TYPED}
    try:
        editor.send(id=1, method="initialize", params={"processId": None, "rootUri": None, "capabilities": {}})
        editor.next()
        editor.send(method="initialized", params={})
        opened = {"uri": uri, "languageId": "yaml", "version": 0, "text": text}
        editor.send(method="textDocument/didOpen", params={"textDocument": opened})
        editor.until(0, lambda told: not told & {rule for _, _, rule in TYPED.values()})
        time.sleep(1)  # what is read and compiled once
        for version in range(1, keystrokes + 1):
            what = list(TYPED)[version // 2 % len(TYPED)]
            right, wrong, rule = TYPED[what]
            fault = version % 2 == 0
            typed = text.replace(right, wrong, 1) if fault else text
            typed = typed.replace("title: Make a thing", f"title: Make a thing {version}", 1)
            began = time.perf_counter()
            change = {"textDocument": {"uri": uri, "version": version}, "contentChanges": [{"text": typed}]}
            editor.send(method="textDocument/didChange", params=change)
            editor.until(version, lambda told, rule=rule, fault=fault: (rule in told) == fault)
            if fault:
                taken[what].append((time.perf_counter() - began) * 1000)
            time.sleep(0.15)
    finally:
        editor.leave()
    return taken
