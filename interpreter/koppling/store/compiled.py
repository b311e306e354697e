"""Compiled specs. Each is JSON, found by the hash of all that went into it, and written whole or not at all.

Two processes may write one at once. A cache that cannot be read or written is no fault.
"""

from __future__ import annotations

import json
from typing import Any

from koppling.store.folders import cache_folder, write_whole


def load_compiled(key: str) -> Any | None:
    """Return the compiled form of that hash, or None."""
    folder = cache_folder()
    if folder is None:
        return None
    try:
        found = json.loads((folder / f"{key}.json").read_bytes())
    except (OSError, ValueError):
        return None
    return found["plan"] if isinstance(found, dict) and found.get("key") == key else None


def store_compiled(key: str, plan: Any) -> None:
    """Keep a compiled form under its hash."""
    folder = cache_folder()
    if folder is None:
        return
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(folder / f"{key}.json", json.dumps({"key": key, "plan": plan}, separators=(",", ":")))
    except OSError:
        return
