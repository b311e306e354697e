"""How a secret may be spelled where it is echoed, so that it can be found. Wider than what masks errors and logs.

Found are: the secret itself in any case, each character plain or percent-encoded (once or twice), as JSON, XML or C
escape it; hexadecimal; base64 of either alphabet, alone or in the midst of other bytes, broken into lines; a long piece
of it; and what vendors show of a key that they refuse: its first or last characters with stars or dots for the rest.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from typing import Final

SHORTEST: Final = 4
"""A secret of fewer characters cannot be told from other text."""

_LONG: Final = 256
_PIECE: Final = 12  # so many characters in a row are no chance
_HINT: Final = 3  # so many at either end of a run of stars are that secret's
_LONGEST_HINT: Final = 40
_STARS: Final = r"(?:\*{2,}|\.{3,}|\u2026+|\u2022{2,}|[xX]{4,})"


def pattern(secret: str) -> re.Pattern[str]:
    """Return what finds a secret in a text, in every spelling."""
    octets = secret.encode(errors="replace")
    if len(secret) > _LONG:  # a file, or a certificate: what stands of it is found piece by piece
        return re.compile("|".join([re.escape(secret[:_LONG]), *_base64(octets[:_LONG])]))
    forms = [_characters(secret), *_escaped(secret), *_base64(octets), f"(?i:{octets.hex()})", *_hints(secret)]
    return re.compile("|".join(forms))


def pieces(text: str, secret: str) -> Iterator[tuple[int, int]]:
    """Yield where long pieces of a secret stand in a text, as (start, end), the longest at each place."""
    if len(secret) <= _PIECE:
        return
    windows = {secret[at : at + _PIECE]: at for at in range(len(secret) - _PIECE + 1)}
    at = 0
    while at <= len(text) - _PIECE:
        begin = windows.get(text[at : at + _PIECE])
        if begin is None:
            at += 1
            continue
        length = _PIECE
        while text[at : at + length + 1] == secret[begin : begin + length + 1] and begin + length < len(secret):
            length += 1
        yield at, at + length
        at += length


def _characters(secret: str) -> str:
    return f"(?i:{''.join(map(_character, secret))})"


def _character(character: str) -> str:
    octets = character.encode(errors="replace")
    once = "".join(f"%{octet:02x}" for octet in octets)
    code = ord(character)
    units = character.encode("utf-16-be", errors="surrogatepass").hex()
    escaped = "".join(rf"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
    forms = [re.escape(character), once, once.replace("%", "%25"), escaped, f"&#0*{code};", f"&#x0*{code:x};"]
    forms += [re.escape(html.escape(character))] if html.escape(character) != character else []
    forms += [rf"\\{re.escape(character)}"] if character in "\"'\\/" else []
    forms += [r"\+"] if character == " " else []
    forms += [rf"\\x{code:02x}"] if code < 0x100 else []  # noqa: PLR2004  (what \x can write)
    return f"(?:{'|'.join(forms)})"


def _escaped(secret: str) -> Iterator[str]:
    for written in (json.dumps(secret), json.dumps(secret, ensure_ascii=False), repr(secret)):
        if written[1:-1] != secret:
            yield re.escape(written[1:-1])


def _base64(secret: bytes) -> Iterator[str]:
    """Yield patterns of bytes in base64, wherever they begin in the bytes that were encoded.

    Four characters write three bytes, so there are three ways to write them. The characters that the secret shares with
    its neighbours go as well.
    """
    for before in range(3):
        written = base64.b64encode(bytes(before) + secret).decode().rstrip("=")
        whole = (before + len(secret)) % 3 == 0
        own = written[(0, 2, 3)[before] : None if whole else -1]
        shown = r"\s*".join("[+-]" if one == "+" else "[/_]" if one == "/" else one for one in own)
        yield f"{'[A-Za-z0-9+/_-]' if before else ''}{shown}{'' if whole else '[A-Za-z0-9+/_-]={0,2}'}"


def _hints(secret: str) -> Iterator[str]:
    """Yield patterns of a beginning, or an end, with stars in place of the rest: `sk-p***********wxyz`."""
    if len(secret) < 2 * _HINT + 2:
        return
    shown = secret[: min(len(secret) - 1, _LONGEST_HINT)]
    opened = "".join(f"(?:{re.escape(one)}" for one in shown)
    yield rf"{opened}{')?' * (len(shown) - _HINT)}{')' * _HINT}{_STARS}\w{{0,{_LONGEST_HINT}}}"
    yield rf"{_STARS}\w{{0,{_LONGEST_HINT}}}?{re.escape(secret[-_HINT:])}"
