"""The files of an output: described in JSON, written where a person said, never anywhere else."""

from __future__ import annotations

import mimetypes
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from koppling.files import File
from koppling_tools.console.mistakes import Misuse

_LONGEST_NAME: Final = 120
_UNSAFE: Final = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"|?*\u202a-\u202e\u2066-\u2069\ud800-\udfff]')
# What Windows takes for a device, with any suffix.
_DEVICES: Final = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


class Described(dict[str, Any]):
    """A file as JSON shows it: name, media type, size and, once it is written, where. `file` is the file itself."""

    def __init__(self, file: File) -> None:
        super().__init__(name=file.name, media_type=file.media_type, size=file.size)
        self.file = file


def describe(value: Any) -> Any:
    """Return the value with each file replaced by its description."""
    if isinstance(value, File):
        return Described(value)
    if isinstance(value, dict):
        return {key: describe(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [describe(one) for one in value]
    return value


def described_files(value: Any) -> Iterator[Described]:
    """Yield the files of a described value, in their order."""
    if isinstance(value, Described):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from described_files(one)
    elif isinstance(value, list):
        for one in value:
            yield from described_files(one)


@dataclass(frozen=True)
class Target:
    """Where `--save` writes: a folder, or a file whose folder is there and can be written to."""

    path: Path
    is_folder: bool

    @classmethod
    def of(cls, given: str) -> Target:
        """Look at a path before anything is sent.

        Raises:
            Misuse: nothing could be written there.
        """
        path = Path(given)
        if path.is_dir() or given.endswith(("/", os.sep)):
            folder, is_folder = path, True
        else:
            folder, is_folder = path.parent, False
        there = folder
        while is_folder and not there.exists() and there != there.parent:
            there = there.parent  # a folder that is still to be made, in one that is there
        if not there.is_dir():
            raise Misuse(f"--save: there is no folder {str(there)!r}; make it first")
        if not os.access(there, os.W_OK | os.X_OK):
            raise Misuse(f"--save: the folder {str(there)!r} cannot be written to")
        return cls(path, is_folder)

    def write(self, files: list[Described]) -> list[Path]:
        """Write the files and note in each description where it went.

        One file goes to the path itself. Several go into it, where it is a folder (or is none yet and has no suffix),
        else beside it, numbered. A name that the vendor chose is made safe, and never replaces a file that is there.
        """
        folder = (
            self.path
            if self.is_folder or (len(files) > 1 and not self.path.suffix and not self.path.exists())
            else None
        )
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        written = []
        for index, described in enumerate(files):
            if folder is not None:
                target = _free(folder / safe_name(described.file))
            elif index == 0:
                target = self.path
            else:
                target = _free(self.path, index + 1)
            described["saved"] = str(described.file.save(target))
            written.append(target)
        return written


def safe_name(file: File) -> str:
    """Return a name for a file that names nothing but a file: no folder, no device, nothing hidden, not too long."""
    name = re.split(r"[/\\]", file.name)[-1]
    name = _UNSAFE.sub("_", name).strip(" .").lstrip("-")
    if not name or _DEVICES.fullmatch(name):
        name = f"file_{name}" if name else "file"
    stem, suffix = os.path.splitext(name)  # noqa: PTH122  (a Path would split the name once more)
    if not suffix:
        suffix = mimetypes.guess_extension(file.media_type) or ""
    while len((stem + suffix).encode()) > _LONGEST_NAME:
        stem, suffix = (stem[:-1], suffix) if len(stem) > 1 else (stem, suffix[:-1])
    return stem + suffix


def _free(path: Path, number: int = 1) -> Path:
    """Return the path, or the next numbered one beside it, that holds nothing yet."""
    candidate = path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")
    while os.path.lexists(candidate):
        number += 1
        candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return candidate
