"""Inputs as somebody would type them: a `koppling run` line, a call in Python."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from koppling.builtin import builtin_folder
from koppling.compile import well_shaped
from koppling.files import File
from koppling.model import ConnectorSpec, ModuleSpec, OperationSpec
from koppling.read import read_document
from koppling_tools.describing.schema_words import values_of

_LONGEST_LINE: Final = 76


def examples(module: ModuleSpec, day: str) -> list[dict[str, Any]]:
    """Return inputs for each operation that lives on a day: its smallest example's, else made-up ones."""
    found = _stated(module)
    return [
        found.get(name) or _made_up(module, operation)
        for name, operation in module.operations.items()
        if operation.lifecycle.state(day) != "retired"
    ]


def _stated(module: ModuleSpec) -> dict[str | None, dict[str, Any]]:
    folder = Path(module.path).parent.parent / "examples" / f"{module.name}.v{module.major}"
    found: dict[str | None, dict[str, Any]] = {}
    for file in sorted(folder.glob("*.yaml"), key=lambda one: ("smallest" not in one.stem, one.stem)):
        value = well_shaped(read_document(file), "example").value
        if value is None or "error" in value or not isinstance(value.get("inputs"), dict):
            continue
        inputs = value["inputs"]
        operation = inputs.get(module.select["field"], module.select.get("default")) if module.select else None
        if operation in module.operations and (operation not in found or len(inputs) < len(found[operation])):
            found[operation] = inputs
    return found


def _made_up(module: ModuleSpec, operation: OperationSpec) -> dict[str, Any]:
    chosen = {module.select["field"]: operation.name} if module.select else {}
    return {**chosen, **{name: _sample(name, one.schema) for name, one in operation.fields.items() if one.required}}


def _sample(name: str, schema: dict[str, Any]) -> Any:
    """Return a value for a field: one that its schema states, else one of its type that asks to be replaced."""
    for stated in (schema.get("examples"), [schema["default"]] if "default" in schema else None, values_of(schema)):
        if stated:
            return stated[0]
    if schema.get("format") == "file":
        return {"name": name, "data": ""}
    kind = schema.get("type", "string")
    return {"integer": 1, "number": 1, "boolean": True, "array": [], "object": {}, "null": None}.get(
        kind if isinstance(kind, str) else kind[0], name.upper()
    )


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


def own_roots(module: ModuleSpec, connector: ConnectorSpec) -> list[Path]:
    """Return the folders of specs that a program must name to find a module; none where it is built in."""
    found = [Path(module.path).parents[2], Path(connector.path).parents[1]]
    return [one for one in dict.fromkeys(found) if one.resolve() != builtin_folder().resolve()]


def specs_argument(folders: Sequence[str]) -> str:
    """Return the argument by which a program names folders of specs; nothing where there are none."""
    if not folders:
        return ""
    return f"specs={json.dumps(folders[0] if len(folders) == 1 else list(folders), ensure_ascii=False)}"


def snippet(module: ModuleSpec, inputs: dict[str, Any], folders: Sequence[str] = ()) -> str:
    """Return inputs as a call in Python, with the folders of specs that it must name."""
    files = any(_is_file(one) for value in inputs.values() for one in (value if isinstance(value, list) else [value]))
    head = "from pathlib import Path\n\nimport koppling\n\n" if files else "import koppling\n\n"
    call = f'result = koppling.execute("{module.full_name}", '
    more = f", {specs}" if (specs := specs_argument(folders)) else ""
    return f"{head}{call}{_literal(inputs, 0, len(call) + 1)}{more})\nresult.output"  # a folder tears no inputs apart


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
