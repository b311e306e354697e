"""The bodies of a request: values that can be opened anew for each attempt, or say that they cannot."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from koppling.files import File

# Inputs were copied, so they go round nowhere.
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), check_circular=False)


@dataclass(frozen=True, slots=True)
class Content:
    """A body that is bytes: JSON, a form, a text. `value` is what it was made of, for people to read."""

    data: bytes
    media_type: str
    value: Any = field(default=None, compare=False)

    replayable = True

    @classmethod
    def json(cls, value: Any) -> Content:
        """Write a JSON value as vendors like it: compact, UTF-8, nothing escaped that need not be."""
        return cls(_ENCODER.encode(value).encode(), "application/json", value)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a multipart body.

    `media_type` is None for a plain text part, `file_name` None for what is no file.
    """

    name: str
    content: bytes | File
    file_name: str | None = None
    media_type: str | None = None

    @property
    def shown(self) -> str:
        """The content as people read it: text as it is, a file by its name and size."""
        return self.content.decode(errors="replace") if isinstance(self.content, bytes) else repr(self.content)


@dataclass(frozen=True, slots=True)
class Multipart:
    """A body of parts, in their order."""

    parts: tuple[Part, ...]

    media_type = "multipart/form-data"

    @property
    def replayable(self) -> bool:
        """Whether every part can be read again."""
        return all(not isinstance(part.content, File) or part.content.replayable for part in self.parts)


@dataclass(frozen=True, slots=True)
class Raw:
    """A body that is one file."""

    file: File

    @property
    def media_type(self) -> str:
        """The file's own."""
        return self.file.media_type

    @property
    def replayable(self) -> bool:
        """Whether the file can be read again."""
        return self.file.replayable


Body = Content | Multipart | Raw
