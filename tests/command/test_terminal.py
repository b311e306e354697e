"""What a person at a terminal sees, through a pseudo-terminal."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from koppling_tools.console import terminal

COMMAND = [sys.executable, "-m", "koppling_tools.cli"]
WIPE = "\r\x1b[K"


@pytest.fixture(autouse=True)
def _address(monkeypatch, server, surroundings):
    monkeypatch.setenv("ACME_BASE_URL", server.url)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)


class Screen:
    """A command whose named streams are a pseudo-terminal, the others pipes."""

    def __init__(self, *arguments: str, at: tuple[str, ...] = ("stdin", "stdout", "stderr")) -> None:
        self._master, slave = pty.openpty()
        streams = {name: slave if name in at else subprocess.PIPE for name in ("stdin", "stdout", "stderr")}
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            **streams,
            preexec_fn=lambda: _own(slave),  # noqa: PLW1509  (a terminal of its own)
        )
        os.close(slave)
        self.seen = ""

    def read_until(self, wanted: str, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while wanted not in self.seen:
            assert time.monotonic() < end, f"{wanted!r} never came; there was {self.seen!r}"
            self._read(0.1)

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def end(self, seconds: float = 60) -> int:
        """Wait for the end and return the exit status."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < end, f"it does not end; there was {self.seen!r}"
            self._read(0.05)
        while self._read(0.1):
            pass
        return self.process.returncode

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:  # the other side is closed
            return False
        self.seen += data.decode(errors="replace")
        return bool(data)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        os.close(self._master)


def _own(slave: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell's background jobs, and what they start, do not heed it
    os.setsid()
    os.set_inheritable(slave, True)
    import fcntl
    import termios

    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)


@pytest.fixture
def screen() -> Iterator[type]:
    screens: list[Screen] = []

    def make(*arguments: str, **how: object) -> Screen:
        screens.append(Screen(*arguments, **how))
        return screens[-1]

    yield make
    for one in screens:
        one.close()


def _event(piece: str) -> str:
    return f"data: {json.dumps({'piece': piece})}\n\n"


def test_a_stream_is_shown_as_it_comes(screen, server):
    gate = threading.Event()
    server.answer(pieces=[_event("Once "), _event("upon "), _event("a time."), "data: [END]\n\n"], gate=gate)
    shown = screen("run", "acme.tell", "--stream")
    for text in ("Once ", "upon ", "a time."):
        shown.read_until(text)
        gate.set()
    assert shown.end() == 0
    assert shown.seen.rpartition("\x1b[K")[2] == "Once upon a time.\r\n"


def test_an_output_on_a_terminal_is_text_with_control_characters_made_visible(screen, server):
    server.answer(json={"text": "a\x1b]0;title\x07b"})
    shown = screen("run", "acme.tell")
    assert shown.end() == 0
    assert "a\\x1b]0;title\\x07b\r\n" in shown.seen


def test_who_waits_sees_it_on_stderr_and_stdout_stays_clean(screen, server):
    hold = threading.Event()
    server.answer(json={"text": "done"}, hold=hold)
    shown = screen("run", "acme.tell", at=("stderr",))
    shown.read_until("acme.tell@1 · ")
    hold.set()
    assert shown.end() == 0
    assert json.loads(shown.process.stdout.read()) == {"text": "done", "words": None}
    assert shown.seen.endswith(WIPE)


def test_who_waits_for_pages_sees_their_number(screen, server):
    hold = threading.Event()
    server.answer(json={"things": [{"id": "a"}], "cursor": "c1"})
    server.answer(json={"things": [{"id": "b"}]}, hold=hold)
    shown = screen("run", "acme.list_things", at=("stderr",))
    shown.read_until("page 2")
    hold.set()
    assert shown.end() == 0


class Tty(io.StringIO):
    """A terminal that remembers."""

    def isatty(self) -> bool:
        return True


def test_what_is_quick_shows_nothing(monkeypatch):
    monkeypatch.setattr(terminal, "PATIENCE", 60)
    with terminal.Waiting("acme.tell@1", Tty()) as waiting:
        pass
    assert waiting._stream.getvalue() == ""


def test_what_is_slow_is_wiped_in_the_end(monkeypatch):
    monkeypatch.setattr(terminal, "PATIENCE", 0)
    shown = Tty()
    with terminal.Waiting("first", shown) as waiting:
        _until(lambda: "first" in shown.getvalue())
        waiting.note = "second\x1b[2J"
        _until(lambda: "second" in shown.getvalue())
    assert "second\\x1b[2J" in shown.getvalue()
    assert shown.getvalue().endswith(WIPE)


@pytest.mark.parametrize(("stream", "term"), [(io.StringIO(), "xterm"), (Tty(), "dumb")])
def test_nothing_moves_where_it_cannot_be_wiped(stream, term, monkeypatch):
    monkeypatch.setattr(terminal, "PATIENCE", 0)
    monkeypatch.setenv("TERM", term)
    with terminal.Waiting("first", stream):
        time.sleep(0.05)
    assert stream.getvalue() == ""


def _until(true) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_file_is_not_sent_to_a_terminal_and_not_even_asked_for(screen, server):
    server.answer(body=b"\x89PNG")
    shown = screen("run", "acme.fetch_file", "id=f1")
    assert shown.end() == 2
    assert "--save PATH" in shown.seen
    assert not server.seen


@pytest.mark.parametrize("streams", [("stdin", "stdout", "stderr"), ()])
def test_ctrl_c_ends_it_quietly(streams, screen, server):
    hold = threading.Event()
    server.answer(json={"text": "done"}, hold=hold)
    shown = screen("run", "acme.tell", at=streams)
    _until(lambda: server.seen)
    if streams:
        shown.type("\x03")
    else:
        shown.process.send_signal(signal.SIGINT)
    assert shown.end() == 130
    hold.set()
    said = shown.seen if streams else shown.process.stderr.read().decode()
    assert "interrupted" in said
    assert "Traceback" not in said


def test_a_page_is_coloured_and_no_wider_than_the_terminal(screen, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    shown = screen("show", "acme.get_thing")
    assert shown.end() == 0
    assert "\x1b[1m" in shown.seen
    assert max(len(re.sub(r"\x1b\[[\d;]*m", "", line)) for line in shown.seen.split("\r\n")) <= 80


def test_a_list_is_coloured_by_state(screen):
    shown = screen("list", "acme", "--all")
    assert shown.end() == 0
    assert "\x1b[31mretired 2026-01-01" in shown.seen


def test_no_colour_where_none_is_wanted(screen, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    shown = screen("show", "acme.get_thing")
    assert shown.end() == 0
    assert "\x1b" not in shown.seen


def test_the_secret_is_asked_for_without_an_echo(screen, server):
    server.answer(json={"things": []})
    shown = screen("connection", "add", "acme", "--name", "asked", f"base_url={server.url}")
    shown.read_until("API Key: ")
    shown.type("typed-secret\n")
    shown.read_until("Tenant (optional): ")
    shown.type("\n")
    assert shown.end() == 0
    assert "typed-secret" not in shown.seen
    assert "stored as 'asked'" in shown.seen
    assert [one.headers["authorization"] for one in server.seen] == ["Bearer typed-secret"]


def test_an_answer_that_does_not_fit_is_asked_for_again(screen, server):
    shown = screen("connection", "add", "acme", "--no-test", "--advanced")
    shown.read_until("API Key: ")
    shown.type("typed-secret\n")
    shown.read_until("Tenant (optional): ")
    shown.type("\n")
    shown.read_until("Address (optional) [https://api.acme.example/v2/]: ")
    shown.type("nowhere at all\n")
    shown.read_until("Address must be")
    shown.read_until("Address (optional)")
    shown.type(f"{server.url}\n")
    assert shown.end() == 0
    assert "typed-secret" not in shown.seen
