"""Files as values: what a caller sends and what a vendor answers with."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:  # a name that every program imports; what few files need is loaded with them
    from collections.abc import Iterator
    from pathlib import Path
    from typing import IO, Any, Final

SPOOL: Final = 1 << 20
CHUNK: Final = 1 << 16
OCTETS: Final = "application/octet-stream"


class File:
    """A name, a media type and bytes, which stay on disk where they are many.

    Args:
        data: bytes, a path, or an open binary file, which is read from where it stands.
        name: the file name that the vendor sees; a path's or open file's own, when not given, else "upload".
        media_type: guessed from the name when not given.
    """

    __slots__ = ("__weakref__", "_keeps", "_media_type", "_source", "_start", "name")

    def __init__(
        self,
        data: bytes | Path | IO[bytes],
        *,
        name: str | None = None,
        media_type: str | None = None,
    ) -> None:
        self._start = 0
        self._keeps: File | None = None
        self._media_type = media_type
        self._source: bytes | Path | IO[bytes]
        if isinstance(data, bytes | bytearray | memoryview):
            self._source = bytes(data)
            self.name = name or "upload"
            return
        from pathlib import Path

        if isinstance(data, Path):
            self._source = data
            name = name or data.name
        elif not hasattr(data, "read"):
            raise TypeError(
                f"a file is made of bytes, a pathlib.Path or an open binary file, not of {type(data).__name__}"
            )
        else:
            self._source = data
            given = getattr(data, "name", None)
            name = name or (Path(given).name if isinstance(given, str) else None)
            if self.replayable:
                self._start = data.tell()
        self.name = name or "upload"

    @classmethod
    def spooled(cls, spool: IO[bytes], *, name: str, media_type: str) -> File:
        """Make a file of a spool that is still being written; it is closed when the file is gone."""
        import weakref

        found = cls(spool, name=name, media_type=media_type)
        weakref.finalize(found, spool.close)
        return found

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> File:
        """Make a file of its JSON form, `{"name": …, "data": <base64>, "media_type": …}`.

        Raises:
            ValueError: what is wrong with it, in words.
        """
        unknown = set(value) - {"name", "data", "media_type"}
        if unknown or not isinstance(value.get("data"), str):
            raise ValueError('a file in JSON is {"name": …, "data": <base64>, "media_type": …}')
        import base64

        try:
            data = base64.b64decode(value["data"], validate=True)
        except ValueError:
            raise ValueError("`data` of the file is not base64") from None
        if not all(isinstance(value.get(key, ""), str) for key in ("name", "media_type")):
            raise ValueError("`name` and `media_type` of a file are text")
        return cls(data, name=value.get("name"), media_type=value.get("media_type"))

    def renamed(self, name: str | None, media_type: str | None) -> File:
        """Return the same bytes, where they are, under another name and media type; its own where None."""
        found = File(self._source, name=name or self.name, media_type=media_type or self._media_type)
        found._start, found._keeps = self._start, self  # a spool is closed when its file is gone
        return found

    @property
    def media_type(self) -> str:
        """The media type: given, or guessed from the name."""
        if self._media_type is None:
            import mimetypes

            self._media_type = mimetypes.guess_type(self.name)[0] or OCTETS
        return self._media_type

    @property
    def replayable(self) -> bool:
        """Whether the bytes can be read a second time, which a retry needs."""
        if isinstance(self._source, bytes | os.PathLike):
            return True
        seekable = getattr(self._source, "seekable", None)
        return bool(seekable()) if seekable else hasattr(self._source, "seek")

    @property
    def owns_handle(self) -> bool:
        """Whether what `open` returns is new, and its opener's to close."""
        return isinstance(self._source, bytes | os.PathLike)

    @property
    def size(self) -> int | None:
        """The number of bytes, or None where only reading would tell."""
        if isinstance(self._source, bytes):
            return len(self._source)
        if isinstance(self._source, os.PathLike):
            return self._source.stat().st_size
        if not self.replayable:
            return None
        self._source.seek(0, os.SEEK_END)
        return self._source.tell() - self._start

    def open(self) -> IO[bytes]:
        """Return a binary file at its start. A path is opened anew; close what you opened."""
        if isinstance(self._source, bytes):
            import io

            return io.BytesIO(self._source)
        if isinstance(self._source, os.PathLike):
            return self._source.open("rb")
        if self.replayable:
            self._source.seek(self._start)
        return self._source

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes from the start, at most 64 KiB at a time."""
        source = self.open()
        try:
            while chunk := source.read(CHUNK):
                yield chunk
        finally:
            if self.owns_handle:
                source.close()

    def read(self) -> bytes:
        """Return all the bytes."""
        return self._source if isinstance(self._source, bytes) else b"".join(self.chunks())

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the bytes to a path, whole or not at all, and return the path."""
        import tempfile
        from pathlib import Path

        target = Path(path)
        descriptor, partial = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(descriptor, "wb") as out:
                for chunk in self.chunks():
                    out.write(chunk)
            Path(partial).chmod(0o666 & ~_umask())
            Path(partial).replace(target)
        except BaseException:
            Path(partial).unlink(missing_ok=True)
            raise
        return target

    def as_json(self) -> dict[str, str]:
        """Return the JSON form, with the bytes in base64."""
        import base64

        return {"name": self.name, "data": base64.b64encode(self.read()).decode(), "media_type": self.media_type}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, File):
            return NotImplemented
        return (self.name, self.media_type, self.read()) == (other.name, other.media_type, other.read())

    __hash__ = None  # type: ignore[assignment]  # equal by content, and content may be large

    def __repr__(self) -> str:
        size = self.size
        return f"File({self.name!r}, {self.media_type}, {'?' if size is None else size} bytes)"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.read(), self.name, self.media_type)


def new_spool() -> IO[bytes]:
    """Return a file that is in memory while it is small, and on disk above 1 MB."""
    import tempfile

    return tempfile.SpooledTemporaryFile(max_size=SPOOL)


def _restore(data: bytes, name: str, media_type: str) -> File:
    return File(data, name=name, media_type=media_type)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
