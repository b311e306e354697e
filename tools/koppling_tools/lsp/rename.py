"""A field under another name, everywhere at once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from koppling.builtin import builtin_folder
from koppling_tools.lsp.answers import Edit, Place
from koppling_tools.lsp.files import Files
from koppling_tools.lsp.uses import Field, declared, exists, field_at, uses

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class CannotRename(Exception):
    """Nothing here has a name that could be changed, or not to this one."""


def renameable(files: Files, path: Path, offset: int) -> tuple[Place, str]:
    """Return the word at a place that names a field.

    Raises:
        CannotRename: it names none.
    """
    found = field_at(files, path, offset)
    if found is None:
        raise CannotRename("only a field can be renamed: put the cursor on its key, or on its name in an expression")
    field, use = found
    if not exists(files, field):
        raise CannotRename(f"there is no field {field.name!r} to rename")
    _writable(files, field, path)
    return use.place, field.name


def rename(files: Files, path: Path, offset: int, name: str) -> list[Edit]:
    """Return the edits that give a field another name.

    Raises:
        CannotRename: the place names no field, or the name is none, or another field has it.
    """
    renameable(files, path, offset)
    found = field_at(files, path, offset)
    assert found is not None  # noqa: S101  (renameable raised else)
    field, _ = found
    if not _NAME.fullmatch(name):
        raise CannotRename(f"{name!r} is no name of a field: letters, digits and _, no digit first")
    if name in declared(files, field) and name != field.name:
        raise CannotRename(f"there is a field {name!r} already")
    return [Edit(one.place.path, one.place.start, one.place.end, name) for one in uses(files, field)]


def _writable(files: Files, field: Field, path: Path) -> None:
    home, here = files.spec(field.home), files.spec(path)
    if home and here and home.folder != here.folder and home.folder.parent == builtin_folder():
        raise CannotRename(f"{field.name!r} is declared by a connector that comes with Koppling")
