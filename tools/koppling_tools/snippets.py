"""Inputs as somebody would type them: a `koppling run` line, a call in Python."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any, Final

from koppling.files import File
from koppling.model import ModuleSpec
from koppling.read import read_document

_LONGEST_LINE: Final = 76


def examples(module: ModuleSpec) -> list[dict[str, Any]]:
    """Return the inputs of the smallest example of each operation, as far as there are any."""
    folder = Path(module.path).parent.parent / "examples" / f"{module.name}.v{module.major}"
    found: dict[Any, dict[str, Any]] = {}
    try:
        files = sorted(folder.glob("*.yaml"), key=lambda one: ("smallest" not in one.stem, one.stem))
    except OSError:
        return []
    for file in files:
        value = read_document(file).value
        if not isinstance(value, dict) or "error" in value or not isinstance(value.get("inputs"), dict):
            continue
        inputs = value["inputs"]
        operation = inputs.get(module.select["field"], module.select.get("default")) if module.select else None
        if operation in module.operations and (operation not in found or len(inputs) < len(found[operation])):
            found[operation] = inputs
    return [found[name] for name in module.operations if name in found]


def command_line(module: ModuleSpec, inputs: dict[str, Any]) -> str:
    """Return inputs as a `koppling run` line."""
    words = ["koppling", "run", module.full_name, *(argument(key, value) for key, value in inputs.items())]
    lines, line = [], ""
    for word in words:
        if line and len(line) + len(word) > _LONGEST_LINE - 2:
            lines.append(line + " \\")
            line = "    " + word
        else:
            line = f"{line} {word}".lstrip() if not line.startswith("    ") else f"{line} {word}"
    return "\n".join([*lines, line])


def argument(key: str, value: Any) -> str:
    """Return an input as an argument of `koppling run`, quoted for the shell."""
    if isinstance(value, str):
        return f"{key}={shlex.quote(value)}" if value else f"{key}="
    if _is_file(value):
        return f"{key}@{shlex.quote(value.get('name', 'file'))}"
    if isinstance(value, list) and value and all(_is_file(one) for one in value):
        return " ".join(argument(key, one) for one in value)
    return f"{key}:={shlex.quote(json.dumps(value, ensure_ascii=False))}"


def _is_file(value: Any) -> bool:
    return isinstance(value, File) or (
        isinstance(value, dict) and "data" in value and set(value) <= {"name", "data", "media_type"}
    )


def snippet(module: ModuleSpec, inputs: dict[str, Any]) -> str:
    """Return inputs as a call in Python."""
    files = any(_is_file(one) for value in inputs.values() for one in (value if isinstance(value, list) else [value]))
    head = "from pathlib import Path\n\nimport koppling\n\n" if files else "import koppling\n\n"
    call = f'result = koppling.execute("{module.full_name}", '
    return f"{head}{call}{_literal(inputs, 0, len(call) + 1)})\nresult.output"


def _literal(value: Any, indent: int, before: int) -> str:
    """Return a value as Python writes it; over several lines where one, after so many characters, would be too long."""
    if _is_file(value):
        return f"Path({_literal(value.get('name', 'file'), 0, 0)})"
    if not isinstance(value, list | dict) or not value:
        return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
    heads = (
        [f"{json.dumps(key, ensure_ascii=False)}: " for key in value] if isinstance(value, dict) else [""] * len(value)
    )
    values = list(value.values()) if isinstance(value, dict) else value
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    line = ", ".join(head + _literal(one, 0, -10_000) for head, one in zip(heads, values, strict=True))
    if before + len(line) <= _LONGEST_LINE:
        return f"{opening}{line}{closing}"
    pad = " " * (indent + 4)
    lines = (
        f"{pad}{head}{_literal(one, indent + 4, indent + 6 + len(head))},\n"
        for head, one in zip(heads, values, strict=True)
    )
    return f"{opening}\n{''.join(lines)}{' ' * indent}{closing}"
