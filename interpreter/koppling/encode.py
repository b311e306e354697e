"""How values are written into a path, a query, a form and a header: the escaping that belongs to each place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, quote_plus, unquote

from koppling.files import File
from koppling.template import as_text

Style = Mapping[str, str]

# The transport's business, or a hole in somebody's fence: no input may set these.
RESERVED_HEADERS: Final = frozenset(
    {
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "cookie",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "upgrade",
        "expect",
    }
)

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_MEDIA_TYPE = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+/[!#$%&'*+\-.^_`|~0-9A-Za-z]+[ \t]*(?:;[\t\x20-\x7e]*)?")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_DECODINGS: Final = 8


class Refused(ValueError):
    """A value that may not stand in its place; the message says why."""


def path_value(value: Any, *, several: bool) -> str:
    """Return a value as it stands in a path: percent-encoded whole (`:` kept), or segment by segment.

    Raises:
        Refused: it is empty, holds a control character, or a dot segment, however often encoded.
    """
    if value is None or isinstance(value, list | dict | File):
        raise Refused("must be text or a number to stand in a path")
    text = as_text(value)
    _check_segments(text)
    if not several:
        return quote(text, safe=":")
    segments = text.split("/")
    if not all(segments):
        raise Refused("has an empty segment")
    return "/".join(quote(segment, safe=":") for segment in segments)


def _check_segments(text: str) -> None:
    if not text:
        raise Refused("must not be empty")
    for _ in range(_DECODINGS):
        if _CONTROL.search(text):
            raise Refused("must not hold a control character")
        # A segment's `;parameters` are cut off by some servers before they look for dots.
        if any(piece.partition(";")[0] in {".", ".."} for piece in re.split(r"[/\\]", text)):
            raise Refused("must not hold the path segment `.` or `..`")
        decoded = unquote(text)
        if decoded == text:
            return
        text = decoded
    raise Refused("is percent-encoded too often")


def target_value(value: Any) -> tuple[str, str]:
    r"""Return path and query of a relative reference, `a/b?c=d` or `/a/b`, to be joined below the base.

    Raises:
        Refused: it has a scheme, `//`, `\`, a fragment, a dot segment or a control character.
    """
    if not isinstance(value, str):
        raise Refused("must be text")
    for sign, what in (("\\", "a backslash"), ("#", "a fragment")):
        if sign in value:
            raise Refused(f"must not hold {what}; give an address relative to the connection's base URL")
    path, _, query = value.partition("?")
    if _SCHEME.match(path) or "//" in path:
        raise Refused("must be an address relative to the connection's base URL, without scheme and host")
    if _CONTROL.search(query):
        raise Refused("must not hold a control character")
    _check_segments(path)
    return quote(path.lstrip("/"), safe="/%:@!$&'()*+,;=~"), quote(query, safe="=&%+?/:@!$'()*,;~[]")


class Listed(list[str]):
    """The elements of a list that one parameter holds. The commas between them are not encoded, those within are."""


def pairs(name: str, value: Any, style: Style) -> Iterator[tuple[str, Any]]:
    """Yield the names and values that one parameter is written as. Null and empty containers give none.

    Args:
        name: the parameter's.
        value: JSON, or a File where files may stand.
        style: `arrays` repeat | brackets | indexed | comma, `objects` brackets | dots.
    """
    if value is None:
        return
    if isinstance(value, dict):
        for key, one in value.items():
            child = f"{name}.{key}" if style.get("objects") == "dots" else f"{name}[{key}]"
            yield from pairs(child, one, style)
    elif isinstance(value, list):
        arrays = style.get("arrays", "repeat")
        if arrays == "comma" and not any(isinstance(one, File) for one in value):
            if found := Listed(as_text(one) for one in value if one is not None):
                yield name, found
            return
        for index, one in enumerate(value):
            child = {"repeat": name, "comma": name, "brackets": f"{name}[]"}.get(arrays, f"{name}[{index}]")
            yield from pairs(child, one, style)
    else:
        yield name, value if isinstance(value, File) else as_text(value)


def query_text(found: Iterable[tuple[str, str | Listed]]) -> str:
    """Return pairs as a query: percent-encoded, joined by `&`."""
    return "&".join(f"{quote(name, safe='')}={_written(value, quote)}" for name, value in found)


def form_text(found: Iterable[tuple[str, str | Listed]]) -> str:
    """Return pairs as `application/x-www-form-urlencoded` (WHATWG URL standard)."""
    return "&".join(f"{quote_plus(name)}={_written(value, quote_plus)}" for name, value in found)


def _written(value: str | Listed, encode: Callable[..., str]) -> str:
    return ",".join(encode(one, safe="") for one in value) if isinstance(value, Listed) else encode(value, safe="")


def header_value(value: Any) -> str | None:
    """Return a value as a header carries it; None for null, and for a list of nothing.

    Raises:
        Refused: it holds anything but visible ASCII, space and tab.
    """
    text = value if isinstance(value, str) else _listed(value)
    if text is None:
        return None
    if not _HEADER_VALUE.fullmatch(text):
        raise Refused("must hold only visible ASCII, space and tab to stand in a header")
    return text.strip(" \t")


def _listed(value: Any) -> str | None:
    several = [one for one in (value if isinstance(value, list) else [value]) if one is not None]
    if isinstance(value, dict) or any(isinstance(one, File) for one in several):
        raise Refused("must be text, a number, a boolean or a list of them to stand in a header")
    return ", ".join(as_text(one) for one in several) if several else None


def media_type(value: str) -> str:
    """Return a media type as the head of a body, or of a part of one, carries it.

    Raises:
        Refused: it is none, and might end the head or begin another.
    """
    if not _MEDIA_TYPE.fullmatch(value):
        raise Refused("has a media type that is none; one is written as image/png")
    return value


def header_name(name: str, built: frozenset[str]) -> str:
    """Return a header's name in lower case, given by an input.

    Args:
        name: as given.
        built: names that the connector builds itself.

    Raises:
        Refused: it is no header name, or not an input's to give.
    """
    lower = name.lower()
    if not _HEADER_NAME.fullmatch(name):
        raise Refused("is no header name")
    if lower in RESERVED_HEADERS or lower in built:
        raise Refused("is set by the connection, and cannot be given")
    return lower
