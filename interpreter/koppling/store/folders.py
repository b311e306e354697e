"""Where it is kept, and how a file is written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


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


def config_folder() -> Path | None:
    """Return where connections are kept: $KOPPLING_CONFIG, else the user's configuration folder."""
    given = os.environ.get("KOPPLING_CONFIG")
    return Path(given) if given else _platform_folder("config")


def write_whole(path: Path, text: str, *, lasting: bool = False) -> None:
    """Write a file whole or not at all, with mode 0600; `lasting` has it outlive a loss of power.

    Raises:
        OSError: it cannot be written; what stood there stands there still.
    """
    import tempfile

    descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(text)
            if lasting:
                out.flush()
                os.fsync(out.fileno())
        Path(partial).replace(path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
