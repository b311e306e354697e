"""What Koppling keeps on disk for itself: compiled specs (a cache) and connections (a person's).

A compiled spec is JSON, found by the hash of all that went into it, written whole or not at all: two processes may
write it at once. A cache that cannot be read or written is no fault.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any


def _platform_folder(kind: str) -> Path | None:
    import platformdirs

    try:
        return Path(
            platformdirs.user_cache_dir("koppling") if kind == "cache" else platformdirs.user_config_dir("koppling")
        )
    except (RuntimeError, KeyError, OSError):  # no HOME, no user
        return None


def cache_folder() -> Path | None:
    """Return where compiled specs are kept: $KOPPLING_CACHE (empty: nowhere), else the user's cache folder."""
    given = os.environ.get("KOPPLING_CACHE")
    if given is not None:
        return Path(given) if given else None
    base = os.environ.get("XDG_CACHE_HOME")
    if base:
        return Path(base) / "koppling"
    return _platform_folder("cache")


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
        _write(folder / f"{key}.json", json.dumps({"key": key, "plan": plan}, separators=(",", ":")))
    except OSError:
        return


def connections_path() -> Path:
    """Return the file of stored connections.

    $KOPPLING_CONFIG/connections.json, else in the user's configuration folder.

    Raises:
        OSError: there is no such folder for this user.
    """
    given = os.environ.get("KOPPLING_CONFIG")
    folder = Path(given) if given else _platform_folder("config")
    if folder is None:
        raise OSError("there is no folder for this user's configuration; set KOPPLING_CONFIG to one")
    return folder / "connections.json"


def load_connections() -> dict[str, Any]:
    """Return the stored connections by name: `{"connector": …, "fields": {…}}` each.

    Raises:
        OSError: the file is there and cannot be read.
        ValueError: it is damaged.
    """
    path = connections_path()
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path} is damaged: it holds no object")  # noqa: TRY004  (a fault of the file, not of a type)
    return found


def save_connections(connections: dict[str, Any]) -> Path:
    """Write the stored connections, readable by their owner alone, and return the path."""
    path = connections_path()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(path, json.dumps(connections, indent=2, sort_keys=True, ensure_ascii=False))
    return path


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all, with mode 0600."""
    descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(text)
        Path(partial).replace(path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
