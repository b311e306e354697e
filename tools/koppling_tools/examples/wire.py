"""A request as it went over the wire, in the words in which examples state one. No I/O, and no library of HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from koppling_tools.examples.compare import text_or_base64

BODIES: Final = ("json", "form", "multipart", "text", "base64")

_PARAMETER = re.compile(r';\s*([!#$%&\'*+\-.^_`|~0-9A-Za-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))')
# https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
_ESCAPES: Final = {"%0A": "\n", "%0D": "\r", "%22": '"'}


@dataclass(frozen=True)
class Sent:
    """One request. `path` is below the base URL and decoded; an address that isn't below it stands there whole.

    `headers` have lower-case names; a header that was sent twice is joined by commas.
    """

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    data: bytes

    @classmethod
    def of(cls, method: str, url: str, headers: Iterable[tuple[str, str]], data: bytes, base_url: str) -> Sent:
        """Make it of what a transport or a server sees.

        Args:
            method: as sent.
            url: the whole address.
            headers: names and values, in any case.
            data: the body, decoded of its transfer coding.
            base_url: what paths are below of.
        """
        found: dict[str, str] = {}
        for name, value in headers:
            lower = name.lower()
            found[lower] = f"{found[lower]}, {value}" if lower in found else value
        parts = urlsplit(url)
        return cls(method, _below(url, base_url), _grouped(parse_qsl(parts.query, keep_blank_values=True)), found, data)

    @property
    def media_type(self) -> str:
        """The media type of the body, without parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @cached_property
    def body(self) -> tuple[str, Any] | None:
        """The body as an example states one: its key, and its value there. None where there is no body."""
        kind = self.media_type
        if kind == "multipart/form-data":
            return "multipart", [part.as_stated() for part in parts_of(self.data, self.headers["content-type"])]
        if not self.data:
            return None
        if kind == "application/x-www-form-urlencoded":
            pairs = parse_qsl(self.data.decode(errors="replace"), keep_blank_values=True)
            return "form", {name: _one_or_all(values) for name, values in _grouped(pairs).items()}
        if kind == "application/json" or kind.endswith("+json"):
            try:
                return "json", json.loads(self.data)
            except ValueError:
                pass
        return next(iter(text_or_base64(self.data).items()))

    def as_stated(self) -> dict[str, Any]:
        """Return the request as an example would state it, headers left out."""
        found: dict[str, Any] = {"method": self.method, "path": self.path}
        if self.query:
            found["query"] = {name: _one_or_all(values) for name, values in self.query.items()}
        if self.body is not None:
            found[self.body[0]] = self.body[1]
        return found


@dataclass(frozen=True, slots=True)
class SentPart:
    """One part of a multipart body."""

    name: str
    filename: str | None
    media_type: str | None
    data: bytes

    def as_stated(self, like: Mapping[str, Any] | None = None) -> dict[str, str]:
        """Return the part as an example states it, its bytes in the form that `like` has."""
        if self.filename is None and self.media_type is None and not (like and ("text" in like or "base64" in like)):
            content = text_or_base64(self.data)
            return {"name": self.name, **({"value": content["text"]} if "text" in content else content)}
        found = {"name": self.name}
        if self.filename is not None:
            found["filename"] = self.filename
        if self.media_type is not None:
            found["media_type"] = self.media_type
        return found | text_or_base64(self.data, like)


def _below(url: str, base_url: str) -> str:
    parts, base = urlsplit(url), urlsplit(base_url)
    prefix = base.path.rstrip("/")
    same = (parts.scheme.lower(), parts.netloc.lower()) == (base.scheme.lower(), base.netloc.lower())
    if same and (parts.path == prefix or parts.path.startswith(f"{prefix}/")):
        return unquote(parts.path[len(prefix) :]) or "/"
    return f"{parts.scheme}://{parts.netloc}{unquote(parts.path)}"


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _one_or_all(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values


def parameters(header: str) -> dict[str, str]:
    """Return the parameters of a header such as Content-Type or Content-Disposition, names in lower case."""
    return {
        name.lower(): re.sub(r"\\(.)", r"\1", quoted) if quoted else bare
        for name, quoted, bare in _PARAMETER.findall(header)
    }


def parts_of(data: bytes, content_type: str) -> list[SentPart]:
    """Return the parts of a multipart/form-data body (RFC 7578). What is no part is passed over."""
    boundary = parameters(content_type).get("boundary", "")
    if not boundary:
        return []
    pieces = (b"\r\n" + data).split(b"\r\n--" + boundary.encode())
    found = []
    for piece in pieces[1:]:
        if piece.startswith(b"--"):
            break
        head, _, content = piece.lstrip(b" \t").removeprefix(b"\r\n").partition(b"\r\n\r\n")
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head.decode(errors="replace").split("\r\n"))
        }
        said = parameters(";" + headers.get("content-disposition", "").partition(";")[2])
        filename = _unescaped(said["filename"]) if "filename" in said else None
        if "filename*" in said:  # RFC 5987
            filename = unquote(said["filename*"].rpartition("'")[2])
        found.append(SentPart(_unescaped(said.get("name", "")), filename, headers.get("content-type"), content))
    return found


def _unescaped(text: str) -> str:
    for escape, character in _ESCAPES.items():
        text = text.replace(escape, character)
    return text
