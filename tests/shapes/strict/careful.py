"""What goes wrong between two parties: busy servers, redirects, odd answers; and what callers may try in an address."""

from __future__ import annotations

from strict.asked import Refused, bearer
from strict.server import Answer, Vendor, in_json

careful = Vendor(bearer("careful-key"))


def _busy(memory, headers=None):
    """Return 503 for the first `memory["busy"]` requests."""
    if memory.get("busy", 0) > 0:
        memory["busy"] -= 1
        return in_json({"message": "busy"}, 503, **({"Retry_After": "0"} if headers is None else headers))
    return None


@careful.on("GET", "/things")
def things(asked, memory):
    asked.arguments()
    return _busy(memory) or in_json({"things": 2})


@careful.on("POST", "/things")
def make_thing(asked, memory):
    asked.json()
    return _busy(memory) or in_json({"id": "t-1"}, 201)


@careful.on("POST", "/payments")
def pay(asked, memory):
    key = asked.header("idempotency-key")
    if not key or memory.setdefault("key", key) != key:
        raise Refused(f"the same Idempotency-Key with each attempt, not {key} after {memory.get('key')}")
    asked.json()
    return _busy(memory) or in_json({"id": "p-1"}, 201)


ANSWERS = {
    "html": Answer(b"<!doctype html><title>Sign in</title>", 200, {"Content-Type": "text/html"}),
    "html-502": Answer(b"<h1>Bad gateway</h1>", 502, {"Content-Type": "text/html"}),
    "empty": Answer(b"", 200, {"Content-Type": "application/json"}),
    "nothing": Answer(b"", 204),
    "half": Answer(b'{"things": 2', 200, {"Content-Type": "application/json"}),
    "bom": Answer(b'\xef\xbb\xbf{"things": 2}', 200, {"Content-Type": "application/json"}),
    "number": Answer(b"NaN", 200, {"Content-Type": "application/json"}),
    "cut": Answer(b'{"things": 2}', 200, {"Content-Type": "application/json"}, 99),
    "list": Answer(b"[1, 2]", 200, {"Content-Type": "application/json"}),
}


@careful.on("GET", "/answers/([a-z0-9-]+)")
def odd(asked, _memory, kind):
    asked.arguments()
    return ANSWERS[kind]


@careful.on("*", r"/moved/(\d+)")
def moved(asked, memory, status):
    asked.header("content-type")
    return Answer(b"", int(status), {"Location": memory.get("location", "/careful/v1/here?moved=true")})


@careful.on("*", "/here")
def here(asked, _memory):
    if asked.query != "moved=true":
        raise Refused(f"not the address that was given: {asked.target}")
    return in_json({"method": asked.method, "body": asked.body.decode()})


@careful.on("*", "/echo/(.*)")
def echo(asked, _memory, rest):
    return in_json({"method": asked.method, "path": rest, "query": asked.query})
