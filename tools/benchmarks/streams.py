"""What a streamed chat costs an event, over the loopback address, in the processor time of this process.

    python tools/benchmarks/streams.py [--events 500] [--rounds 30] [--sdk]

A server in a process of its own sends the same events to everybody: in one burst, each event a chunk of its own. Held
against each other, in turn, round by round:

- raw: the same transport, a splitter that keeps to the standard, `json`, and the paths of the deltas written by hand;
- raw again, which tells how far the machine can be trusted: within 3 %, else there is no verdict;
- koppling: `client.stream(…)` to its end, its result folded;
- with `--sdk`, the vendor's own: `client.chat.completions.create(…, stream=True)`.

Exits with 1 where the median ratio of koppling to raw is above 1.2.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import socket
import statistics
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

BUDGET, TRUST = 1.2, 0.03

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
CHAT = {"model": "gpt-5.2", "messages": [{"role": "user", "content": "Name a tall tree."}]}


def events(count: int) -> list[bytes]:
    """Return the events of a chat as OpenAI writes them, some 290 bytes each."""
    shared = {
        "id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
        "object": "chat.completion.chunk",
        "created": 1790000001,
        "model": "gpt-5.2-2025-12-11",
        "service_tier": "default",
        "system_fingerprint": "fp_44709d6fcb",
    }
    usage = {"prompt_tokens": 11, "completion_tokens": count, "total_tokens": count + 11}

    def chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return {**shared, "choices": [choice], "usage": None, "obfuscation": "hK3fQ9"}

    found = [chunk({"role": "assistant", "content": "", "refusal": None})]
    found += [chunk({"content": f" tree{at}"}) for at in range(count - 3)]
    found += [chunk({}, "stop"), {**shared, "choices": [], "usage": usage}]
    written = [json.dumps(one, separators=(",", ":")) for one in found]
    return [f"data: {one}\n\n".encode() for one in (*written, "[DONE]")]


def serve(count: int, port: Any) -> None:
    """Answer each request on a connection with all events at once; the connection stays open for the next."""
    body = HEAD + b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in (*events(count), b""))
    listening = socket.create_server(("127.0.0.1", 0))
    port.value = listening.getsockname()[1]
    while True:
        peer, _ = listening.accept()
        threading.Thread(target=answer, args=(peer, body), daemon=True).start()


def answer(peer: socket.socket, body: bytes) -> None:
    """Answer every request of one connection."""
    heard = b""
    with peer, contextlib.suppress(ConnectionError):
        while piece := peer.recv(65536):
            heard += piece
            head, found, rest = heard.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0]) if found else 0
            if found and len(rest) >= length:
                heard = b""
                peer.sendall(body)


def raw(base: str) -> Callable[[], int]:
    """Return the reading of a stream by hand, over the transport that koppling uses."""
    from koppling.body import Content
    from koppling.events import decoder
    from koppling.model import Request
    from koppling.send import Sender

    sender, loads = Sender(), json.loads
    headers = {"accept": "application/json", "content-type": "application/json", "authorization": "Bearer k"}
    data = json.dumps({**CHAT, "stream": True, "stream_options": {"include_usage": True}}).encode()
    request = Request("POST", f"{base}/chat/completions", headers, Content(data, "application/json"))

    def read() -> int:
        reply, shown = sender.send(request, stream=True), 0
        split = decoder("sse")
        try:
            while chunk := sender.read(reply):
                for _, text in split.feed(chunk):
                    if text == "[DONE]":
                        return shown
                    event = loads(text)
                    choices = event.get("choices")
                    delta = choices[0].get("delta") if choices else None
                    if delta:
                        get = delta.get
                        found = {
                            "text": get("content"),
                            "refusal": get("refusal"),
                            "tool_calls": get("tool_calls"),
                            "audio": get("audio"),
                            "index": choices[0].get("index"),
                        }
                        shown += found["text"] is not None
        finally:
            sender.release(reply)
        return shown

    return read


def koppling(base: str) -> Callable[[], int]:
    """Return the same as a call of a module."""
    from koppling import Client, Connection

    client = Client(Connection("openai", api_key="k", base_url=base))

    def read() -> int:
        shown = 0
        with client.stream("openai.create_chat_completion@1", CHAT) as stream:
            for delta in stream:
                shown += delta["text"] is not None
        return shown

    return read


def sdk(base: str) -> Callable[[], int]:
    """Return the same by the vendor's SDK, which folds nothing."""
    import openai

    client = openai.OpenAI(api_key="k", base_url=base, max_retries=0)

    def read() -> int:
        shown = 0
        stream = client.chat.completions.create(**CHAT, stream=True, stream_options={"include_usage": True})
        for chunk in stream:
            shown += bool(chunk.choices) and chunk.choices[0].delta.content is not None
        return shown

    return read


def measured(ways: dict[str, Callable[[], int]], rounds: int, count: int) -> dict[str, list[float]]:
    """Return the microseconds an event of each way, round by round."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for one in ways.values():
        one()  # what is made once is made here
    for turn in range(rounds):
        order = list(ways) if turn % 2 else list(reversed(ways))
        for name in order:
            started = time.process_time()
            shown = ways[name]()
            found[name].append((time.process_time() - started) * 1e6 / count)
            if shown != count - 2:
                raise SystemExit(f"{name} saw {shown} of {count - 2} texts")
    return found


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--sdk", action="store_true")
    given = parser.parse_args()
    port = multiprocessing.Value("i", 0)
    server = multiprocessing.get_context("fork").Process(target=serve, args=(given.events, port), daemon=True)
    server.start()
    try:
        while not port.value:
            time.sleep(0.01)
        base = f"http://127.0.0.1:{port.value}/v1"
        ways = {"raw": raw(base), "raw again": raw(base), "koppling": koppling(base)}
        if given.sdk:
            ways["sdk"] = sdk(base)
        found = measured(ways, given.rounds, given.events)
    finally:
        server.terminate()
        server.join()
    print(f"{given.events} events, {given.rounds} rounds; CPU µs an event, and the median of the ratios to raw")
    ratios = {}
    for name, times in found.items():
        ratios[name] = statistics.median(one / other for one, other in zip(times, found["raw"], strict=True))
        print(f"  {name:10} {statistics.median(times):7.2f}  x {ratios[name]:.3f}")
    if abs(ratios["raw again"] - 1) > TRUST:
        print(f"no verdict: raw against raw differs by more than {TRUST:.0%}")
        return 0
    print(f"budget: at most x {BUDGET}")
    return int(ratios["koppling"] > BUDGET)


if __name__ == "__main__":
    sys.exit(main())
