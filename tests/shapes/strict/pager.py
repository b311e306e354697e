"""Seven rivets, three at most on a page, and every way to ask for the next page. Bearer token."""

from __future__ import annotations

from strict.asked import Refused, bearer
from strict.server import Answer, Vendor, in_json

RIVETS = [{"id": number, "name": f"rivet {number}"} for number in range(1, 8)]
LARGEST = 3

pager = Vendor(bearer("pager-key"))


def _whole(text, least, most=None):
    if text is None or not text.isdecimal() or int(text) < least or (most is not None and int(text) > most):
        raise Refused(f"a whole number from {least} to {most or 'ever'} is needed, not {text}")
    return int(text)


def _after(token):
    """Return how many rivets came before a page. Tokens are the vendor's own business: nobody can count them out."""
    if token is None:
        return 0
    if not (token.startswith("t-") and token[2:].isdecimal()):
        raise Refused(f"no token of ours: {token}")
    return int(token[2:])


def _page(start, size):
    left = RIVETS[start + size :]
    return RIVETS[start : start + size], f"t-{start + size}" if left else None


@pager.on("GET", "/by-link")
def by_link(asked, memory):
    given = asked.arguments("per_page", "fields", "from")
    if ("from" in given) != (given.get("fields") == "id,name"):
        raise Refused("a page's address is taken whole from the Link header")
    size = _whole(given.get("per_page"), 1, LARGEST)
    found, token = _page(_after(given.get("from")), size)
    here = asked.address("/by-link")
    link = f'<{here}?per_page={size}>; rel="first"'
    if token:
        following = memory.get("location") or f"{here}?per_page={size}&fields=id,name&from={token}"
        link += f', <{following}>; title="the, next"; rel="next"'
    return Answer(in_json(found).body, 200, {"Content-Type": "application/json", "Link": link})


@pager.on("GET", "/by-number")
def by_number(asked, _memory):
    given = asked.arguments("page", "per_page")
    number, size = _whole(given.get("page"), 1), _whole(given.get("per_page"), 1, LARGEST)
    return in_json({"rivets": RIVETS[(number - 1) * size : number * size]})


@pager.on("GET", "/by-offset")
def by_offset(asked, _memory):
    given = asked.arguments("offset", "count")
    start, size = _whole(given.get("offset"), 0), _whole(given.get("count", "3"), 1, LARGEST)
    return in_json({"rivets": RIVETS[start : start + size], "more": start + size < len(RIVETS)})


@pager.on("POST", "/search")
def search(asked, memory):
    given, trace = asked.json(), asked.header("x-trace")
    if not trace or memory.setdefault("trace", trace) != trace:
        raise Refused(f"one X-Trace for all pages of a call, not {trace} after {memory.get('trace')}")
    if not isinstance(given, dict) or set(given) - {"text", "cursor", "size"} or None in given.values():
        raise Refused(f"text, and cursor and size where there are some; not {given}")
    if given.get("text") != "rivet":
        return in_json({"found": [], "cursor": None})
    found, token = _page(_after(given.get("cursor")), _whole(str(given.get("size", LARGEST)), 1, LARGEST))
    return in_json({"found": found, "cursor": token})


@pager.on("GET", "/by-address")
def by_address(asked, memory):
    given = asked.arguments("write", "from")
    found, token = _page(_after(given.get("from")), LARGEST)
    query = f"?write={given.get('write')}&from={token}"
    written = {
        "absolute": asked.address(f"/by-address{query}"),
        "rooted": f"/pager/v1/by-address{query}",
        "query": query,
    }
    if given.get("write") not in written:
        raise Refused(f"write is one of {sorted(written)}")
    following = memory.get("location") or written[given["write"]]
    return in_json({"rivets": found, "paging": {"next.address": following if token else None}})


@pager.on("GET", "/round-again")
def round_again(asked, _memory):
    asked.arguments("after")
    return in_json({"rivets": RIVETS[:1], "next": "t-1"})


@pager.on("GET", "/runs/([^/]+)/log")
def log(asked, memory, _run):
    asked.arguments()
    memory["read"] = memory.get("read", 0) + 1
    lines = [{"seq": number, "text": f"line {number}"} for number in range(1, 6)]
    return in_json({"lines": lines[: 2 * memory["read"]]})


@pager.on("GET", "/runs/([^/]+)")
def run(asked, memory, name):
    asked.arguments()
    memory["looked"] = memory.get("looked", 0) + 1
    return in_json({"id": name, "state": "ended" if memory["looked"] > 1 else "running"})
