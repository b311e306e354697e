"""Specs that held, written: all of them or none, and never over a file that is there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

import click

from koppling.builtin import builtin_folder
from koppling_tools.check.files import classify
from koppling_tools.console.mistakes import Misuse
from koppling_tools.editing.form import modeline


def home(specs: tuple[Path, ...]) -> Path:
    """Return the folder that new specs go into: the first that was named, else ./spec, which is made."""
    return specs[0] if specs else Path("spec")


def with_grammar(folder: Path, texts: Mapping[Path, str]) -> dict[Path, str]:
    """Return texts by their whole path, each with the line that leads editors to the grammar.

    A new connector in a folder that has no grammar in reach brings a copy along.
    """
    found: dict[Path, str] = {}
    shown = {folder / place: text for place, text in texts.items()}
    bare = not any(_line(path) for path in shown)
    if bare and any(path.name == "connector.yaml" for path in shown):
        for source in sorted((builtin_folder() / "language" / "v1").glob("*.schema.json")):
            found[folder / "language" / "v1" / source.name] = source.read_text(encoding="utf-8")
    for path, text in shown.items():
        kind = classify(path)
        if bare and found and kind is not None:
            schema = os.path.relpath(folder / "language" / "v1" / f"{kind.kind}.schema.json", path.parent)
            line = f"# yaml-language-server: $schema={Path(schema).as_posix()}\n"
        else:
            line = _line(path)
        found[path] = line + text
    return found


def _line(path: Path) -> str:
    kind = classify(path)
    return modeline(kind) if kind is not None else ""


def write(files: Mapping[Path, str]) -> None:
    """Write files, all or none.

    Raises:
        Misuse: one is there already, or cannot be written.
    """
    there = [path for path in files if os.path.lexists(path)]
    if there:
        raise Misuse(f"{there[0]} is there already, and nothing is ever written over; nothing was written")
    written: list[Path] = []
    made: list[Path] = []
    try:
        for path, text in files.items():
            missing = [one for one in (path.parent, *path.parent.parents) if not one.exists()]
            made += reversed(missing)
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                written.append(path)
                file.write(text)
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        for folder in reversed(made):
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise Misuse(f"{error.filename or path}: {error.strerror or error}; nothing was written") from None


def show(files: Mapping[Path, str], following: str, *, dry_run: bool) -> None:
    """Print the paths that were written, and the command that comes next; in a rehearsal the texts themselves."""
    for path, text in files.items():
        click.echo(str(path))
        if dry_run and path.suffix != ".json":
            click.echo("".join(f"    {line}".rstrip() + "\n" for line in text.splitlines()), nl=False)
    if not dry_run:
        click.echo(f"next: {following}")
