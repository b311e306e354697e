"""An editor, as far as a language server sees one: a client on the server's standard input and output."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path


class Editor:
    def __init__(self, *arguments, command=None, root=None, encodings=None, capabilities=None, env=None, settings=None):
        self.process = subprocess.Popen(
            command or [sys.executable, "-m", "koppling_tools.cli", "lsp", "--stdio", *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **(env or {})},
        )  # fmt: skip
        self.news = queue.Queue()
        self.answers = {}
        self.asked = []  # requests of the server's own
        self._settings = settings or {}
        self._number = 0
        self._arrived = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()
        general = {"positionEncodings": encodings} if encodings else {}
        watched = {"didChangeWatchedFiles": {"dynamicRegistration": True}, "configuration": True}
        try:
            self.server = self.ask(
                "initialize",
                {
                    "processId": os.getpid(),
                    "rootUri": Path(root).as_uri() if root else None,
                    "capabilities": {
                        "general": general,
                        "workspace": watched,
                        "textDocument": {"publishDiagnostics": {}, "rename": {"prepareSupport": True}},
                        **(capabilities or {}),
                    },
                },
            )
        except BaseException:  # a server that does not come up is not left behind
            self._stop()
            raise
        self.say("initialized", {})

    def _listen(self):
        stream = self.process.stdout
        while True:
            length = 0
            while (line := stream.readline().strip()) != b"":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.partition(b":")[2])
            if not length:
                return
            message = json.loads(stream.read(length))
            if "method" in message and "id" in message:
                self.asked.append(message)
                items = message["params"].get("items") if isinstance(message.get("params"), dict) else None
                self._send({"id": message["id"], "result": self._configured(items)})
            elif "method" in message:
                self.news.put(message)
            else:
                with self._arrived:
                    self.answers[message["id"]] = message
                    self._arrived.notify_all()

    def _configured(self, items):
        return [self._settings.get(one.get("section")) for one in items] if items else None

    def _send(self, message):
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self.process.stdin.flush()

    def say(self, method, params):
        self._send({"method": method, "params": params})

    def answer(self, method, params, timeout=20):
        """Ask, and return the whole message that answers."""
        self._number += 1
        number = self._number
        self._send({"id": number, "method": method, "params": params})
        with self._arrived:
            assert self._arrived.wait_for(lambda: number in self.answers, timeout), f"no answer to {method}"
            return self.answers.pop(number)

    def ask(self, method, params, timeout=20):
        message = self.answer(method, params, timeout)
        assert "error" not in message, message["error"]
        return message["result"]

    def open(self, path, text=None, version=1):
        text = Path(path).read_text(encoding="utf-8") if text is None else text
        document = {"uri": Path(path).as_uri(), "languageId": "yaml", "version": version, "text": text}
        self.say("textDocument/didOpen", {"textDocument": document})

    def change(self, path, text, version=2):
        document = {"uri": Path(path).as_uri(), "version": version}
        self.say("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})

    def close(self, path):
        self.say("textDocument/didClose", {"textDocument": {"uri": Path(path).as_uri()}})

    def diagnostics(self, path, timeout=20):
        """Return what is next said of a file."""
        return self.published(path, timeout)["diagnostics"]

    def published(self, path, timeout=20):
        while True:
            message = self.news.get(timeout=timeout)
            if (
                message["method"] == "textDocument/publishDiagnostics"
                and message["params"]["uri"] == Path(path).as_uri()
            ):
                return message["params"]

    def typed(self, path, marked):
        """Open a file with a text that has a cursor mark, and return the cursor's line and character."""
        before, _, after = marked.partition("\u2038")
        self.open(path, before + after)
        return before.count("\n"), len(before.rpartition("\n")[2].encode("utf-16-le")) // 2

    def told(self, path, rules, *, every=False, timeout=60):
        """Wait until these rules are said to be broken (as errors; with `every` also as warnings and advice)."""
        said = None
        while True:
            try:
                said = self.published(path, timeout)["diagnostics"]
            except queue.Empty:
                raise AssertionError(f"expected {rules}, was told {said}") from None
            found = [one for one in said if every or one["severity"] == 1]
            if [one["code"] for one in found] == rules:
                return found

    def at(self, method, path, line, character, **more):
        place = {"textDocument": {"uri": Path(path).as_uri()}, "position": {"line": line, "character": character}}
        return self.ask(f"textDocument/{method}", {**place, **more})

    def forget(self):
        """Drop what was said and not asked for."""
        while not self.news.empty():
            self.news.get()

    def leave(self):
        try:
            self.ask("shutdown", None)
            self.say("exit", None)
            return self.process.wait(10)
        finally:
            self._stop()

    def _stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
