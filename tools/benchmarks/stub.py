"""A server in a process of its own that answers fixed bytes and is never what a client waits for."""

from __future__ import annotations

import asyncio
import os
import pickle
import ssl
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

SERVER, CLIENT = 0, 1  # their processor cores, where there are as many


def pin(core: int) -> set[int]:
    """Keep this process on one core where that can be done; return the cores that it had."""
    had = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    if core in had and len(had) > 1:
        os.sched_setaffinity(0, {core})
    return had


class Stub:
    """The server, from the side of who measures: while it runs, the client is kept on a core of its own.

    Args:
        answers: the bodies by path, without query; each with its media type. A list of bytes is sent in chunks.
        tls: the files of a certificate and its key.
    """

    def __init__(
        self, answers: Mapping[str, tuple[str, bytes | list[bytes]]], tls: tuple[Path, Path] | None = None
    ) -> None:
        self._answers = {path: _written(kind, body) for path, (kind, body) in answers.items()}
        self._tls = tls

    def __enter__(self) -> Self:
        command = [sys.executable, __file__]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603  (our own code)
        told, said = self._process.stdin, self._process.stdout
        assert told is not None  # noqa: S101  (for the type checker)
        assert said is not None  # noqa: S101  (for the type checker)
        with told:
            pickle.dump((self._answers, self._tls), told)
        port = int(said.readline())
        #: The origin, without a slash.
        self.origin = f"https://localhost:{port}" if self._tls else f"http://127.0.0.1:{port}"
        self._had = pin(CLIENT)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._had:
            os.sched_setaffinity(0, self._had)
        self._process.kill()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()


def _written(kind: str, body: bytes | list[bytes]) -> bytes:
    framing = f"content-length: {len(body)}"
    if isinstance(body, list):
        framing = "transfer-encoding: chunked"
        body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in (*body, b""))
    return f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\n{framing}\r\nx-request-id: req_1\r\n\r\n".encode() + body


class _Answering(asyncio.Protocol):
    """One connection: whole requests, answered in their order."""

    def __init__(self, answers: Mapping[bytes, bytes]) -> None:
        self._answers = answers
        self._data = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head = self._data[:end].lower()
            _, named, length = head.partition(b"\r\ncontent-length:")
            whole = end + 4 + (int(length.partition(b"\r\n")[0]) if named else 0)
            if len(self._data) < whole:
                return
            path = self._data.split(b" ", 2)[1].partition(b"?")[0]
            self._data = self._data[whole:]
            self._transport.write(self._answers[path])


async def _serve(answers: Mapping[str, bytes], tls: tuple[Path, Path] | None) -> None:
    context = None
    if tls is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*tls)
    known = {path.encode(): answer for path, answer in answers.items()}
    server = await asyncio.get_running_loop().create_server(lambda: _Answering(known), "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    pin(SERVER)
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(*pickle.load(sys.stdin.buffer)))  # noqa: S301  (from who started us)
