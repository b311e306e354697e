"""Files of `NAME=value` lines, as shells read them; nothing in a value is ever replaced or run."""

from __future__ import annotations

import re
from typing import Final

_LINE: Final = re.compile(
    r"""[^\S\n]*(?:export[^\S\n]+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)[^\S\n]*=
        (?:[^\S\n]*(?:'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)")[^\S\n]*(?:(?<=\s)\#[^\n]*)?
        |(?P<plain>(?!\s*['"])[^\n]*))
        (?:\n|\Z)
    |[^\S\n]*(?:\#[^\n]*)?(?:\n|\Z)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t"}


def parse_dotenv(text: str) -> dict[str, str]:
    r"""Return the variables of a text, the last of a name.

    `export` may stand before a name, a comment behind a value, after white space. In single quotes all stands for
    itself; in double quotes `\n \r \t` are controls, and a backslash takes away what another character would mean. Both
    may go over several lines.

    Raises:
        ValueError: a line that is none of these; its number, and nothing of what it holds.
    """
    found, at = {}, 0
    text = text.replace("\r\n", "\n")
    while at < len(text):
        line = _LINE.match(text, at)
        if line is None:
            raise ValueError(f"line {text.count(chr(10), 0, at) + 1} is no NAME=value")
        at = line.end()
        if line["name"]:
            plain = re.sub(r"\s#.*", "", line["plain"] or "").strip()
            double = _ESCAPE.sub(lambda one: _ESCAPES.get(one[1], one[1]), line["double"] or "")
            found[line["name"]] = line["single"] or double or plain
    return found
