"""A person's sign-in from a command line: a browser that comes back to this machine (RFC 8252, 7.3)."""

from __future__ import annotations

import queue
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlsplit

import click

from koppling_tools.console import terminal
from koppling_tools.console.mistakes import GivenWrong, Misuse

PATIENCE: Final = 300.0  # seconds to find a password
_REDIRECT: Final = "http://127.0.0.1:0/callback"

_PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Koppling</title>
<style>body {{font: 1.1rem/1.5 system-ui, sans-serif; margin: 20vh auto; max-width: 30rem; padding: 0 1rem}}</style>
<p>{}</p></html>"""


class Listener:
    """Waits on the loopback address for a browser to come back. A context manager.

    Args:
        redirect: where it comes back to; a port of 0, or none, takes any that is free.
    """

    def __init__(self, redirect: str) -> None:
        parts = urlsplit(redirect)
        self._host, self._path = parts.hostname or "127.0.0.1", parts.path or "/"
        self._state = ""
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        try:
            self._server = _server("127.0.0.1" if self._host == "localhost" else self._host)(
                (self._host, parts.port or 0), self._handler()
            )
        except OSError as error:
            raise GivenWrong(f"nothing can listen at {redirect}, where the sign-in comes back to: {error}") from None
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)

    @property
    def redirect_uri(self) -> str:
        """Where the browser comes back to."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._server.server_address[1]}{self._path}"

    def expect(self, state: str) -> None:
        """Listen for a browser that brings this; what does not, as a page that guesses the port, is turned away."""
        self._state = state
        self._thread.start()

    def wait(self, seconds: float) -> str | None:
        """Return the address that the browser came back with, None where none did in time."""
        try:
            return self._answers.get(timeout=seconds)
        except queue.Empty:
            return None

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        listener = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10  # browsers open connections on suspicion, and send nothing

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                if parts.path != listener._path:
                    self._say(404, "There is nothing here.")
                elif parse_qs(parts.query).get("state") != [listener._state]:
                    self._say(400, "This is no answer to the sign-in that Koppling waits for.")
                else:
                    self._say(200, "Koppling has the answer. You may close this page, and go back to the terminal.")
                    listener._answers.put(self.path)

            def _say(self, status: int, text: str) -> None:
                page = _PAGE.format(text).encode()
                self.send_response(status)
                for name, value in {
                    "Content-Type": "text/html; charset=utf-8",
                    "Content-Length": str(len(page)),
                    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
                    "Cache-Control": "no-store",
                    "Referrer-Policy": "no-referrer",
                    "Connection": "close",
                }.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *_: object) -> None:
                """Log nothing: the address holds the code."""

        return Handler

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()


def _server(host: str) -> type[ThreadingHTTPServer]:
    import socket

    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        daemon_threads = True
        block_on_close = False
        allow_reuse_address = False  # nobody else may listen there, before or after

    return Server


def signs_in(spec: Any, fields: Any) -> bool:
    """Tell whether a connection with these fields needs a person who signs in."""
    declared = spec.plan["auth"].get("oauth2") or {}
    if declared.get("grant") != "authorization_code":
        return False
    from koppling.render.oauth import OAuth

    return OAuth(spec.name, declared, {}).refresh_token({"connection": fields}) is None


def sign_in(connection: Any, spec: Any, specs: tuple[Path, ...], *, browser: bool, paste: bool) -> None:
    """Have a person sign in; the connection has its tokens then.

    Args:
        connection: the connection.
        spec: its ConnectorSpec.
        specs: the folders of connectors.
        browser: open a browser, instead of only saying the address.
        paste: ask for the address that the browser came back with, instead of waiting for it here.

    Raises:
        Misuse: nobody is there to be asked.
        GivenWrong: nobody signed in, in time; or nothing can listen here.
        KopplingError: the sign-in was refused.
    """
    from koppling import Client

    if paste and not terminal.is_terminal(sys.stdin):
        raise Misuse("--paste asks for an address, and nobody is there to be asked")
    redirect = (spec.plan["auth"].get("oauth2") or {}).get("redirect", _REDIRECT)
    with Client(connection, specs) as client, Listener(redirect) as listener:
        begun = client.sign_in(listener.redirect_uri)
        terminal.say(f"sign in with a browser: {begun.url}")
        if not paste:
            listener.expect(begun.state)
        if browser and not paste:
            import webbrowser

            # Some browsers are waited for until they are closed.
            threading.Thread(target=webbrowser.open, args=[begun.url], daemon=True).start()
        if paste:
            terminal.say("the browser ends at an address of its own machine, where nothing is; that is no fault")
            address: str | None = click.prompt("Address", hide_input=True, err=True)
        else:
            with terminal.Waiting("waiting for the browser"):
                address = listener.wait(PATIENCE)
        if address is None:
            raise GivenWrong(f"nobody signed in within {PATIENCE / 60:g} minutes; nothing was stored")
        begun.finish(address)
    terminal.say("signed in")
