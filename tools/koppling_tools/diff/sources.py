"""Where the two sides come from: folders, or revisions of a git repository."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from koppling_tools.console.mistakes import Misuse


@contextmanager
def side(given: str, folder: Path) -> Iterator[tuple[Path, Path | None]]:
    """Give a folder of specs while it is needed, and the folder to speak of when it is a copy.

    Args:
        given: a folder, or a git revision.
        folder: the folder of specs whose state at that revision is meant.

    Raises:
        Misuse: it is neither.
    """
    path = Path(given)
    if path.is_dir():
        yield path, None
        return
    top = _git(folder, "rev-parse", "--show-toplevel", said=given)
    inside = folder.resolve().relative_to(Path(top.decode().strip()))
    revision = _git(folder, "rev-parse", "--verify", "--quiet", f"{given}^{{commit}}", said=given).decode().strip()
    archive = _git(Path(top.decode().strip()), "archive", "--format=tar", revision, "--", str(inside), said=given)
    with tempfile.TemporaryDirectory(prefix="koppling-diff-") as temporary:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(temporary, filter="data")
        yield Path(temporary) / inside, folder


def _git(folder: Path, *arguments: str, said: str) -> bytes:
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=False)  # noqa: S603, S607  (the person's own git)
    except FileNotFoundError:
        raise Misuse(f"{said!r} is no folder, and there is no git to look for a revision") from None
    if done.returncode:
        told = done.stderr.decode(errors="replace").strip().splitlines()
        raise Misuse(f"{said!r} is no folder, and no revision of {folder}" + (f" ({told[-1]})" if told else ""))
    return done.stdout
