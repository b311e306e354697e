"""A site in its folder: writing it, and telling whether it is as it would be written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from koppling_tools.docs.layout import GENERATOR

_OURS: Final = f'<meta name="generator" content="{GENERATOR}">'
_HEAD: Final = 1000  # so far into a page it says what made it


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """A file of a folder that is not as the site has it."""

    path: str
    state: Literal["missing", "stale", "left over"]


def differences(folder: Path, site: Mapping[str, str]) -> list[Difference]:
    """Return what is not as it would be written, by path. Pages that others put there are none of ours."""
    found = []
    for path, text in site.items():
        try:
            data = (folder / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            found.append(Difference(path, "missing"))
            continue
        # A checkout on Windows may have its own line breaks.
        if data.replace(b"\r\n", b"\n") != text.encode().replace(b"\r\n", b"\n"):
            found.append(Difference(path, "stale"))
    for page in _pages(folder):
        path = page.relative_to(folder).as_posix()
        if path not in site and page.is_file() and _is_ours(page):
            found.append(Difference(path, "left over"))
    return sorted(found)


def _pages(folder: Path) -> Iterator[Path]:
    """Yield the pages where a site has its own; a folder in it that is a whole site is another's."""
    yield from folder.glob("*.html")
    for inner in folder.glob("*/"):
        if not (inner / "search.js").exists():
            yield from inner.glob("*.html")


def write(folder: Path, site: Mapping[str, str]) -> list[Difference]:
    """Write a site, and return what had to change. What is as it should be is left alone; what is left over is removed.

    Raises:
        OSError: the folder cannot be written.
    """
    found = differences(folder, site)
    for one in found:
        path = folder / one.path
        if one.state == "left over":
            path.unlink()
            if not any(path.parent.iterdir()):
                path.parent.rmdir()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(site[one.path].encode())
    folder.mkdir(parents=True, exist_ok=True)
    return found


def _is_ours(page: Path) -> bool:
    with page.open("rb") as file:
        return _OURS.encode() in file.read(_HEAD)
