"""A field in words, as an editor shows it."""

from __future__ import annotations

from typing import Any

from koppling.model import Lifecycle
from koppling.words import show
from koppling_tools.describing.field_rows import life_words
from koppling_tools.describing.schema_words import constraints, listed, type_of, values_of


def field_line(schema: dict[str, Any]) -> str:
    """Return what a field takes, on one line: `text, 1 to 64 characters, default "a"`."""
    try:
        kind = type_of(schema, lambda name: {"title": name})
        if kind.startswith("one of"):
            kind = kind.replace("one of", f"one of {listed(values_of(schema))}", 1)
        facts = [kind, *constraints(schema)]
    except (TypeError, AttributeError, ValueError):  # a schema that is half written
        return ""
    if "default" in schema:
        facts.append(f"default {show(schema['default'])}")
    if schema.get("secret"):
        facts.append("secret")
    return ", ".join(facts)


def field_words(name: str, schema: dict[str, Any], day: str = "") -> str:
    """Return a field as Markdown: its title, what it takes, what it is for."""
    lines = [f"**{schema.get('title') or name}** `{name}`", field_line(schema)]
    if schema.get("description"):
        lines.append(" ".join(str(schema["description"]).split()))
    said = schema.get("lifecycle")
    if isinstance(said, dict):
        life = Lifecycle(**{key: str(said[key]) for key in Lifecycle.__slots__ if said.get(key)})
        words = life_words(life, day or "9999")
        lines.append(words and f"{words[0].upper()}{words[1:]}.")
    return "\n\n".join(line for line in lines if line)
