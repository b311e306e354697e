"""Bodies decoded, and what the headers say of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from koppling.expression import ABSENT


class Unreadable(ValueError):
    """A body that is not what its format says. `text` is the body, which may hold what nobody should see."""

    def __init__(self, message: str, text: str = "") -> None:
        super().__init__(message)
        self.text = text


def media_type(headers: Mapping[str, str]) -> str:
    """Return the media type of an answer, without parameters."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def format_of(form: str, headers: Mapping[str, str]) -> str:
    """Return json, text or bytes for the format `auto`; any other format as it is."""
    if form != "auto":
        return form
    if is_json(headers):
        return "json"
    return "text" if media_type(headers).startswith("text/") else "bytes"


def is_json(headers: Mapping[str, str]) -> bool:
    """Tell whether an answer says that it is JSON."""
    kind = media_type(headers)
    return kind == "application/json" or kind.endswith("+json")


def decode(form: str, data: bytes, status: int, headers: Mapping[str, str]) -> Any:
    """Return a whole body as a value: JSON, text.

    Raises:
        Unreadable: it is not what the format says.
    """
    if form == "text":
        try:
            return data.decode(_charset(headers), errors="replace")
        except LookupError:  # one of Python's that makes no text: hex, zlib
            return data.decode(errors="replace")
    if not data.strip():
        if status in {202, 204, 205}:
            return None
        raise Unreadable("the body is empty where JSON was expected")
    try:
        return _DECODER.decode(data.removeprefix(_MARK).decode())
    except (ValueError, RecursionError):
        kind = media_type(headers) or "no media type"
        raise Unreadable(f"the body is no JSON ({kind})", data.decode(errors="replace")) from None


def _no_constant(text: str) -> Any:
    raise ValueError(text)


_MARK: Final = b"\xef\xbb\xbf"  # of byte order, which some write before UTF-8
_DECODER = json.JSONDecoder(parse_constant=_no_constant)  # NaN and Infinity are no JSON
_SCAN: Callable[[str, int], tuple[Any, int]] = _DECODER.scan_once  # type: ignore[attr-defined]  # not in the stubs


def event_of(text: str) -> Any:
    """Return an event as a value, ABSENT where it is no JSON."""
    try:
        value, end = _SCAN(text, 0)  # what `decode` looks for blanks around
        return value if end == len(text) else _DECODER.decode(text)
    except (ValueError, StopIteration):
        pass
    except RecursionError:
        return ABSENT
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError):
        return ABSENT


# What Python knows beside the encodings of texts: they refuse what they cannot read, or read it as something else.
_NO_CHARSETS: Final = frozenset({"undefined", "idna", "punycode", "unicode-escape", "raw-unicode-escape", "utf-7"})


def _charset(headers: Mapping[str, str]) -> str:
    import codecs

    _, _, found = headers.get("content-type", "").partition("charset=")
    name = found.partition(";")[0].strip(" \"'") or "utf-8"
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return "utf-8"
    return "utf-8" if found.replace("_", "-") in _NO_CHARSETS else found


def file_name(headers: Mapping[str, str], url: str) -> str:
    """Return the name of a body that is a file.

    Of Content-Disposition (RFC 6266), else the last segment of the address.
    """
    from urllib.parse import unquote, urlsplit

    disposition = headers.get("content-disposition", "")
    name = ""
    for piece in disposition.split(";")[1:]:
        key, _, value = piece.strip().partition("=")
        if key.lower() == "filename*" and "''" in value:
            name = unquote(value.partition("''")[2])
            break
        if key.lower() == "filename":
            name = value.strip(' "')
    name = name or unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2])
    # A vendor's name for a file is a name, never a way to another folder.
    name = name.replace("\\", "/").rpartition("/")[2].strip()
    return "".join(one for one in name if one.isprintable()).lstrip(".") or "file"


def links_of(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the addresses of a Link header by their rel (RFC 8288)."""
    import re

    found: dict[str, str] = {}
    for address, parameters in re.findall(r"<([^>]*)>((?:\s*;\s*[^,;\"]+(?:\"[^\"]*\")?)*)", headers.get("link", "")):
        rel = re.search(r";\s*rel\s*=\s*\"?([^\";]+)\"?", parameters, re.IGNORECASE)
        for name in rel[1].split() if rel else ():
            found.setdefault(name.lower(), address)
    return found
