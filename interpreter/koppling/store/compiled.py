"""Compiled specs. Each is found by the hash of all that went into it, and written whole or not at all.

A file has two lines of JSON: what is needed at once, and what few processes ask for. Two processes may write one at
once. A cache that cannot be read or written is no fault.
"""

from __future__ import annotations

import json
from typing import Any

from koppling.store.folders import cache_folder, write_whole


def load_compiled(key: str) -> tuple[Any, bytes] | None:
    """Return the compiled form of that hash, or None: what is needed at once, and the text of the rest."""
    folder = cache_folder()
    if folder is None:
        return None
    try:
        at_once, _, rest = (folder / f"{key}.json").read_bytes().partition(b"\n")
        found = json.loads(at_once)
    except (OSError, ValueError):
        return None
    return (found["plan"], rest) if isinstance(found, dict) and found.get("key") == key else None


def store_compiled(key: str, plan: Any, rest: Any) -> None:
    """Keep a compiled form under its hash: what is needed at once, and the rest."""
    folder = cache_folder()
    if folder is None:
        return
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lines = (json.dumps(one, separators=(",", ":")) for one in ({"key": key, "plan": plan}, rest))
        write_whole(folder / f"{key}.json", "\n".join(lines))
    except OSError:
        return
