"""A module in the making: fields with the values that a line of curl had for them, and its credentials apart."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from koppling_tools.rules.credential_literal import looks_like
from koppling_tools.scaffold.connector import credential, secret
from koppling_tools.scaffold.draft import Notes
from koppling_tools.scaffold.names import free, identifier, snake, title_of

KEY: Final = re.compile(
    r"(?i)(?:x-)?(?:[\w]+[-_])*(?:api[-_]?key|apikey|access[-_]?key|access[-_]?token|auth[-_]?key|auth[-_]?token|token|"
    r"subscription[-_]?key|secret|password)"
)
VARIABLE: Final = re.compile(r"(?<!\$)\$(?:\{(\w+)\}|([A-Za-z_]\w*))")
_SECRET: Final = 8  # characters; a shorter value may be a word that stands elsewhere, too


@dataclass
class Made:
    """A module in the making. `withheld` are values that no file may hold."""

    notes: Notes
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    request: dict[str, Any] = field(default_factory=dict)
    withheld: list[str] = field(default_factory=list)

    def add(self, name: str, schema: dict[str, Any], value: Any, *, required: bool = False) -> str:
        """Add a field with the value that it had in the line, and return the reference to it."""
        mine = free(identifier(name), self.fields)
        found = {**schema, "title": title_of(name)}
        if KEY.fullmatch(name) or (isinstance(value, str) and looks_like(value)):
            self.withhold(value)
            found, value = {**found, "secret": True}, "text" if isinstance(value, str) else value
            self.notes.add("a value that looks like a secret is left out of the example", mine)
        self.fields[mine] = found
        if required:
            self.required.append(mine)
        if value is not None:
            self.values[mine] = value
        return f"${{input.{mine}}}"

    def withhold(self, value: Any) -> None:
        """Remember a value that no file may hold. A variable of the shell is none, nor is `YOUR_API_KEY`."""
        if isinstance(value, str) and len(value) >= _SECRET and not re.fullmatch(r"[$<{]*[A-Z_]+[>}]*", value):
            self.withheld.append(value)

    def text(self, text: str, hint: str) -> str:
        """Return a text of the line as a spec says it: variables of the shell are fields."""

        def placed(found: re.Match[str]) -> str:
            name = snake(found[1] or found[2]) or hint
            return (
                f"${{input.{name}}}"
                if name in self.fields
                else self.add(name, {"type": "string"}, "text", required=True)
            )

        return VARIABLE.sub(placed, text.replace("${", "$${") if not VARIABLE.search(text) else text).replace("$$", "$")


@dataclass
class Proof:
    """The credentials of a line: how they are sent, and the fields of a connection that hold them."""

    fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    auth: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)

    def basic(self, connector: str) -> None:
        """Take a user name and a password, which are the connector's `auth`; a key that was it stands beside."""
        if self.auth is not None and (known := self.auth.get("api_key")):
            (self.headers if known["in"] == "header" else self.query)[known["name"]] = known["value"]
        given = credential("basic", connector)
        self.fields |= given.fields
        self.auth = dict(given.auth or {})
        self.names.append("basic")

    def key(self, connector: str, where: str, name: str, before: str = "") -> None:
        """Take a key that stands in a header or in the query, after some word perhaps."""
        mine = "api_key" if "api_key" not in self.fields else free(snake(name) or "api_key", self.fields)
        self.fields[mine] = secret(title_of(mine), connector, mine)
        value = f"{before}${{connection.{mine}}}"
        self.names.append(name)
        if self.auth is not None:
            (self.headers if where == "header" else self.query)[name] = value
        elif where == "header" and name.lower() == "authorization" and before == "Bearer ":
            self.auth = {"bearer": f"${{connection.{mine}}}"}
        else:
            self.auth = {"api_key": {"in": where, "name": name, "value": value}}


def text_field(made: Made, name: str, values: Sequence[str]) -> str:
    """Add a field for what is written as text: its type is what the text looks like."""
    if len(values) > 1 or name.endswith("[]"):
        return made.add(name, {"type": "array", "items": {"type": "string"}}, [opened(one) for one in values])
    value = _typed(opened(values[0]))
    return made.add(name, inferred(value), value)


def opened(text: str) -> str:
    """Return a text of the line as a value of an example; a variable of the shell is a text."""
    return "text" if VARIABLE.fullmatch(text) else text.replace("$$", "$")


def _typed(text: str) -> Any:
    if text in {"true", "false"}:
        return text == "true"
    return int(text) if re.fullmatch(r"-?(0|[1-9]\d{0,14})", text) else text


def inferred(value: Any) -> dict[str, Any]:
    """Return the schema that one value tells: its type, and what is inside it."""
    if isinstance(value, bool):
        return {"type": "boolean"}
    if isinstance(value, int | float):
        return {"type": "integer" if isinstance(value, int) else "number"}
    if isinstance(value, str):
        return {"type": "string"}
    if isinstance(value, list):
        kinds = {json.dumps(inferred(one), sort_keys=True): inferred(one) for one in value}
        items = next(iter(kinds.values())) if len(kinds) == 1 else {}
        return {"type": "array", "items": items} if items else {"type": "array"}
    if isinstance(value, dict):
        properties = {name: inferred(one) for name, one in value.items()}
        return {"type": "object", **({"properties": properties} if properties else {})}
    return {}
