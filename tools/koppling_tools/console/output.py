"""An output as it is printed: JSON and YAML for programs, text for people.

As text, a text is printed as it is; a map with a text at `text` as that text alone; a list of texts one a line; a list
of small flat maps as a table; anything else as YAML in which long lists of numbers are shortened.
"""

from __future__ import annotations

import io
import json
import re
import unicodedata
from typing import Any, Final, Literal

from koppling_tools.console import terminal

Format = Literal["json", "yaml", "text"]

_FEW: Final = 8  # more numbers than this in a row are shortened for a person
_MOST_COLUMNS: Final = 6
_LONGEST_CELL: Final = 48

# What YAML 1.1 takes for no text (booleans, sexagesimals, dates, numbers with _) is quoted: every reader agrees.
_ELSEWHERE: Final = re.compile(
    r"(?i)yes|no|on|off|true|false|null|~|<<|=|[-+]?[\d_.,:]+([eE][-+]?\d+)?|0[xob][\da-f_]+|[-+]?\.?(inf|nan)|\d{4}-\d+-\d+.*"
)

# Written with escapes, so that no reader takes it for a line's end or drops it.
_UNPRINTABLE: Final = re.compile(
    "[^\n\t\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
# Texts of several lines that a block would not give back: blanks at a line's end or before the first.
_RAGGED: Final = re.compile(r"[^\S\n]\n|^\s|[^\S\n]$|\t")


def written(value: Any, how: Format) -> str:
    """Return a JSON value in a format, without a newline at the end."""
    if how == "json":
        return as_json(value)
    return as_yaml(value) if how == "yaml" else as_text(value)


def as_json(value: Any, *, compact: bool = False) -> str:
    """Return JSON; indented, lists of numbers on one line."""
    if compact:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _indented(value, "")


def _indented(value: Any, indent: str) -> str:
    """Indent as `json.dumps` does, but keep a list of numbers on its line: an embedding has hundreds."""
    inner = indent + "  "
    if isinstance(value, dict) and value:
        items = (
            f"{inner}{json.dumps(str(key), ensure_ascii=False)}: {_indented(one, inner)}" for key, one in value.items()
        )
        return "{\n" + ",\n".join(items) + f"\n{indent}}}"
    if isinstance(value, list) and value and not all(_is_number(one) for one in value):
        return "[\n" + ",\n".join(f"{inner}{_indented(one, inner)}" for one in value) + f"\n{indent}]"
    return json.dumps(value, ensure_ascii=False)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def as_yaml(value: Any) -> str:
    """Return YAML, its last newline left out, that reads back as the same value in readers of YAML 1.1 and 1.2."""
    from ruamel.yaml import YAML
    from ruamel.yaml.representer import SafeRepresenter

    class Representer(SafeRepresenter):
        pass

    def text(representer: Any, data: str) -> Any:
        style = None
        if _UNPRINTABLE.search(data):
            style = '"'
        elif "\n" in data and not _RAGGED.search(data):
            style = "|"
        elif _ELSEWHERE.fullmatch(data):
            style = "'"
        return representer.represent_scalar("tag:yaml.org,2002:str", data, style=style)

    def sequence(representer: Any, data: list[Any]) -> Any:
        return representer.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=all(map(_is_number, data)))

    def mapping(representer: Any, data: dict[str, Any]) -> Any:
        return representer.represent_mapping("tag:yaml.org,2002:map", data, flow_style=not data)

    Representer.add_representer(str, text)
    Representer.add_representer(list, sequence)
    Representer.add_representer(dict, mapping)
    Representer.add_multi_representer(dict, mapping)
    Representer.ignore_aliases = lambda *_: True  # type: ignore[method-assign]  # of a class of our own
    writer = YAML(typ="safe", pure=True)
    writer.Representer = Representer
    writer.default_flow_style = False
    writer.allow_unicode = True
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # the library's stub knows None alone
    writer.width = 100
    out = io.StringIO()
    writer.dump(value, out)
    return out.getvalue().removesuffix("\n").removesuffix("\n...")


def as_text(value: Any) -> str:
    """Return what a person wants to read; the rules stand at the top of this file."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and isinstance(value.get("text"), str) and value["text"]:
        return str(value["text"])
    if isinstance(value, list) and value and all(isinstance(one, str) and "\n" not in one for one in value):
        return "\n".join(value)
    if not isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list) and (table := _table(value)):
        return table
    return as_yaml(_shortened(value))


def _table(rows: list[Any]) -> str | None:
    """Return flat maps as a table with a head, or None where they are none, or it would be too wide."""
    if not rows or not all(isinstance(row, dict) for row in rows):
        return None
    names = list(dict.fromkeys(name for row in rows for name in row))
    if not 0 < len(names) <= _MOST_COLUMNS:
        return None
    cells = [names]
    for row in rows:
        if any(isinstance(one, dict | list) for one in row.values()):
            return None
        cells.append([_cell(row.get(name)) for name in names])
    widths = [max(_columns(line[index]) for line in cells) for index in range(len(names))]
    if max(widths) > _LONGEST_CELL or sum(widths) + 2 * len(widths) > max(terminal.width(), 80):
        return None
    return "\n".join(
        "  ".join(cell + " " * (size - _columns(cell)) for cell, size in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return (
        terminal.clean(value).replace("\n", "\\n").replace("\t", " ") if isinstance(value, str) else json.dumps(value)
    )


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def _shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shortened(one) for key, one in value.items()}
    if isinstance(value, list):
        if len(value) > _FEW and all(_is_number(one) for one in value):
            head = ", ".join(json.dumps(one) for one in value[:3])
            return f"{head}, … {len(value)} numbers"
        return [_shortened(one) for one in value]
    return value
