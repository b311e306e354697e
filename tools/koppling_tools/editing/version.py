"""Raising version numbers, as https://semver.org has them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Literal

from koppling_tools.console.mistakes import Misuse
from koppling_tools.editing.text import Edit

Part = Literal["major", "minor", "patch"]


def raised(version: str, part: Part) -> str:
    """Return the next version.

    Raises:
        Misuse: it is no semver of three numbers.
    """
    numbers = version.split(".")
    if len(numbers) != 3 or not all(one.isdigit() for one in numbers):  # noqa: PLR2004  (major, minor, patch)
        raise Misuse(f"the version {version!r} is not three numbers")
    major, minor, patch = (int(one) for one in numbers)
    if part == "major":
        return f"{major + 1}.0.0"
    return f"{major}.{minor + 1}.0" if part == "minor" else f"{major}.{minor}.{patch + 1}"


def raise_version(path: Path, part: Part) -> Edit:
    """Return the change of a file's version; a module's major goes into a file of its own, see `new_major`."""
    edit = Edit(path)
    edit.set(("version",), raised(str(edit.get(("version",))), part))
    return edit


def new_major(path: Path) -> tuple[Edit, Path, list[tuple[Path, Path]]]:
    """Return a module's next major version: the change, its new file, and the examples to copy (from, to).

    Raises:
        Misuse: that file is there already.
    """
    edit = raise_version(path, "major")
    name, major = edit.get(("name",)), str(edit.get(("version",))).split(".", 1)[0]
    target = path.with_name(f"{name}.v{major}{path.suffix}")
    if target.exists():
        raise Misuse(f"{target} is there already; raise the version of that one")
    if edit.get(("lifecycle",)) is not None:  # which is that of the old version; the new one begins without
        edit.remove("lifecycle")
    folder = path.parent.parent / "examples"
    cases = sorted((folder / path.stem).glob("*.y*ml"))
    return edit, target, [(case, folder / target.stem / case.name) for case in cases]


def copy_examples(cases: list[tuple[Path, Path]]) -> None:
    """Copy examples."""
    for source, target in cases:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
