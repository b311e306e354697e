"""Two gigabytes, up and down, in little memory: measured in a process of its own."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from fault_worlds import SPEC

SIZE = 2 << 30
MOST = 60 << 20  # above the process that has made one small call

CHILD = """
import asyncio, json, sys
from pathlib import Path
import koppling

world, call, url, specs, file, target = sys.argv[1:]
connection = koppling.Connection("acme", base_url=url)
inputs = {} if call == "acme.get_file" else {"file": Path(file)}

def resident(name):
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines[name].split()[0]) << 10

def done(output, idle):
    size = output.size if isinstance(output, koppling.File) else None
    if size is not None:
        output.save(target)
    print(json.dumps({"idle": idle, "peak": resident("VmHWM"), "size": size, "output": None if size else output}))

async def tasks():
    async with koppling.AsyncClient(connection, specs) as client:
        await client.execute("acme.get_thing")
        idle = resident("VmRSS")
        done((await client.execute(call, inputs)).output, idle)

if world == "tasks":
    asyncio.run(tasks())
else:
    with koppling.Client(connection, specs) as client:
        client.execute("acme.get_thing")
        idle = resident("VmRSS")
        done(client.execute(call, inputs).output, idle)
"""


class Sink:
    """Takes whatever is sent, tells how much that was, and sends two gigabytes to whoever asks for a file."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                opened, _ = self._listener.accept()
                with opened, contextlib.suppress(OSError, EOFError):
                    while True:
                        self._answer(opened)

    @staticmethod
    def _answer(opened: socket.socket) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            more = opened.recv(65536)
            if not more:
                raise EOFError
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:])
        count, expected = len(body), int(fields.get("content-length", 0))
        space = bytearray(1 << 20)
        while count < expected:
            got = opened.recv_into(space)
            if not got:
                raise EOFError
            count += got
        if head.startswith(b"GET /v1/files"):
            opened.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: %d\r\n\r\n" % SIZE)
            for _ in range(SIZE >> 20):
                opened.sendall(space)
            return
        said = json.dumps({"received": count}).encode()
        opened.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(said), said))

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


@pytest.mark.heavy
@pytest.mark.parametrize("world", ["threads", "tasks"])
@pytest.mark.parametrize("call", ["acme.put_file", "acme.post_form", "acme.get_file"])
def test_two_gigabytes_take_little_memory(call, world, tmp_path):
    large = tmp_path / "large.bin"
    with large.open("wb") as made:
        made.truncate(SIZE)
    target = tmp_path / "got.mp4"
    sink = Sink()
    try:
        url = f"http://127.0.0.1:{sink.port}/v1"
        ran = subprocess.run(
            [sys.executable, "-c", CHILD, world, call, url, str(SPEC), str(large), str(target)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        sink.stop()
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    if call == "acme.get_file":
        assert (found["size"], Path(target).stat().st_size) == (SIZE, SIZE)
    else:
        assert 0 <= found["output"]["received"] - SIZE < 1000
    assert found["peak"] - found["idle"] < MOST
    for path in tmp_path.iterdir():
        path.unlink()
