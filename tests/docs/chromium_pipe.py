"""A headless Chromium, driven over the pipe of its DevTools protocol: no driver, no web socket, no library.

https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from select import select
from time import monotonic

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
]
ALWAYS = {"Page.enable", "Runtime.enable", "Network.enable", "Log.enable"}


def chromium():
    """Return the path of Debian's Chromium, or None."""
    return shutil.which("chromium")


class Browser:
    """One browser with one page. What its console and its network said is in `complaints` and `requests`."""

    def __init__(self):
        self._profile = tempfile.mkdtemp(prefix="koppling-chromium-")
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        self._process = subprocess.Popen(
            ["bash", "-c", 'exec "$0" "$@" 3<&"$IN" 4>&"$OUT"', chromium(), *FLAGS, f"--user-data-dir={self._profile}"],  # noqa: S607  (found where the system looks)
            env={**os.environ, "IN": str(to_browser), "OUT": str(from_browser), "HOME": self._profile},
            pass_fds=(to_browser, from_browser),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(to_browser)
        os.close(from_browser)
        self._number, self._buffer, self._session, self._loaded = 0, b"", None, 0
        self.complaints, self.requests = [], []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for method in sorted(ALWAYS):
            self.send(method)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with suppress(Exception):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._write)
        os.close(self._read)
        shutil.rmtree(self._profile, ignore_errors=True)

    def send(self, method, **parameters):
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]

    def _next(self, seconds=30):
        end = monotonic() + seconds
        while b"\0" not in self._buffer:
            ready, _, _ = select([self._read], [], [], max(0, end - monotonic()))
            assert ready, "the browser said nothing"
            data = os.read(self._read, 1 << 20)
            assert data, "the browser ended"
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\0")
        message = json.loads(line)
        self._note(message)
        return message

    def _note(self, message):
        found = message.get("params", {})
        match message.get("method"):
            case "Runtime.exceptionThrown":
                self.complaints.append(json.dumps(found["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if found["type"] in {"error", "warning", "assert"}:
                self.complaints.append(json.dumps(found["args"]))
            case "Log.entryAdded" if found["entry"]["level"] in {"error", "warning"}:
                self.complaints.append(f"{found['entry']['text']} {found['entry'].get('url', '')}")
            case "Network.requestWillBeSent":
                self.requests.append(found["request"]["url"])
            case "Page.loadEventFired":
                self._loaded += 1

    def open(self, page, anchor=""):
        """Open a file, and wait until it is whole."""
        self.go(Path(page).resolve().as_uri() + anchor)

    def go(self, address):
        before = self._loaded
        if "loaderId" not in self.send("Page.navigate", url=address):
            return  # another place of the same page
        while self._loaded == before:
            self._next()

    def wait_for_load(self, act):
        """Do something that opens another page, and wait until it is whole."""
        before = self._loaded
        act()
        while self._loaded == before:
            self._next()

    def run(self, script):
        """Return what a JavaScript expression yields; a promise is waited for."""
        found = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def size(self, width, height=900, *, phone=False):
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)

    def prefer(self, colours):
        features = [{"name": "prefers-color-scheme", "value": colours}]
        self.send("Emulation.setEmulatedMedia", features=features)

    def script(self, *, on):
        self.send("Emulation.setScriptExecutionDisabled", value=not on)

    def key(self, name, text=""):
        codes = {"Enter": 13, "ArrowDown": 40, "ArrowUp": 38, "ArrowRight": 39, "ArrowLeft": 37, "Escape": 27, "Tab": 9}
        code = codes.get(name, ord(name.upper()) if len(name) == 1 else 0)
        text = text or ("\r" if name == "Enter" else name if len(name) == 1 else "")
        event = {"key": name, "windowsVirtualKeyCode": code, **({"text": text} if text else {})}
        self.send("Input.dispatchKeyEvent", type="keyDown", **event)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=name, windowsVirtualKeyCode=code)

    def type(self, text):
        self.send("Input.insertText", text=text)

    def picture(self, path, *, whole=True):
        """Save a picture of the page."""
        data = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        Path(path).write_bytes(base64.b64decode(data))
