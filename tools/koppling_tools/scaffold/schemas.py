"""A vendor's schemas in the language's own words: what a field may say, with definitions for what is referred to.

What the language has no word for is noted, with the place.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from koppling.compile.schemas import references
from koppling.validate import Schema
from koppling_tools.console.mistakes import Misuse
from koppling_tools.openapi.document import Api
from koppling_tools.openapi.schema import normal
from koppling_tools.patterns import in_ascii, slow_part
from koppling_tools.rules.credential_literal import looks_like
from koppling_tools.rules.idle_keyword import idle
from koppling_tools.scaffold.draft import Notes
from koppling_tools.scaffold.names import free, snake

Direction = Literal["in", "out"]

_FEW: Final = 12  # values that are written again in each place
_LONGEST: Final = 160  # of a description inside a schema, in characters
_TYPES: Final = {"string", "number", "integer", "boolean", "array", "object", "null"}
_FORMATS: Final = {"uri", "date", "date-time", "time", "email", "uuid", "ipv4", "ipv6", "hostname"}
_NUMBERS: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_COUNTS: Final = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_SCHEMAS: Final = ("items", "contains", "additionalProperties", "propertyNames", "not", "if", "then", "else")
_LISTS: Final = ("prefixItems", "allOf", "anyOf", "oneOf")
_MAPS: Final = ("properties", "patternProperties")
# Words for people and for programs of another kind, which say nothing of a value.
_MEANT_ELSEWHERE: Final = {
    "$anchor", "$comment", "$defs", "$id", "$schema", "default", "definitions", "deprecated", "description",
    "discriminator", "example", "examples", "externalDocs", "nullable", "readOnly", "title", "writeOnly", "xml",
}  # fmt: skip
_ORDER: Final = (
    "$ref", "type", "enum", "const", "format", *_NUMBERS, *_COUNTS, "pattern", "uniqueItems", *_SCHEMAS[:2], "required",
    *_MAPS, "additionalProperties", "propertyNames", "dependentRequired", *_LISTS, "not", "if", "then", "else",
    "title", "description",
)  # fmt: skip


class Marks:
    """Which references lead, at last, to something that is read only or write only, and so differ by direction."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._direct: dict[str, tuple[bool, set[str]]] = {}
        self._known: dict[str, bool] = {}

    def differs(self, reference: str) -> bool:
        """Tell whether what a reference leads to is another thing in a request than in an answer."""
        if reference not in self._known:
            seen, ends, found = set(), [reference], False
            while ends and not found:
                one = ends.pop()
                if one not in seen:
                    seen.add(one)
                    found, more = self._looked(one)
                    ends += more
            self._known[reference] = found
        return self._known[reference]

    def _looked(self, reference: str) -> tuple[bool, set[str]]:
        if reference not in self._direct:
            found: set[str] = set()
            try:
                marked = _marked(self._api.at(reference), found)
            except Misuse:
                marked = False
            self._direct[reference] = marked, found
        return self._direct[reference]


def _marked(value: Any, references: set[str]) -> bool:
    if isinstance(value, list):
        return any([_marked(one, references) for one in value])  # noqa: C419  (all of them are looked at)
    if not isinstance(value, Mapping):
        return False
    if isinstance(value.get("$ref"), str):
        references.add(value["$ref"])
    own = value.get("readOnly") is True or value.get("writeOnly") is True
    return any([own, *(_marked(one, references) for one in value.values())])


class Translation:
    """The schemas of one file.

    Args:
        api: the vendor's document.
        notes: where is noted what cannot be said.
        marks: what differs by direction.
    """

    def __init__(self, api: Api, notes: Notes, marks: Marks) -> None:
        self.defs: dict[str, dict[str, Any]] = {}
        self._api = api
        self._notes = notes
        self._marks = marks
        self._names: dict[tuple[str, Direction | None], str] = {}

    def schema(self, raw: Any, where: str, direction: Direction = "in") -> dict[str, Any] | bool:
        """Return a schema of the document as the language says it; definitions that it needs are added.

        Args:
            raw: as the document has it.
            where: how a note names the place.
            direction: whether it is of a request or of an answer.
        """
        if isinstance(raw, bool):
            return raw
        if not isinstance(raw, Mapping):
            self._notes.add("a schema that is none; anything is taken there", where)
            return {}
        if isinstance(raw.get("$ref"), str):
            return self._referred(raw, where, direction)
        return self._words(raw, where, direction)

    def prune(self, *roots: Any) -> None:
        """Leave out the definitions that nothing refers to."""
        reached: set[str] = set()
        ends = [text for root in roots for _, text in references(root)]
        while ends:
            name = ends.pop().rpartition("/")[2]
            if name not in reached and name in self.defs:
                reached.add(name)
                ends += [text for _, text in references(self.defs[name])]
        for name in [name for name in self.defs if name not in reached]:
            del self.defs[name]

    def note(self, what: str, where: str) -> None:
        """Note what the file does not say."""
        self._notes.add(what, where)

    def answer(self, raw: Any) -> dict[str, Any] | bool:
        """Return the schema of an answer. Nothing is noted: no call is held against it."""
        kept, self._notes = self._notes, Notes()
        try:
            return self.schema(raw, "answer", "out")
        finally:
            self._notes = kept

    # ---- references ----

    def _referred(self, raw: Mapping[str, Any], where: str, direction: Direction) -> dict[str, Any] | bool:
        rest = {key: one for key, one in raw.items() if key != "$ref"}
        if self._api.document["openapi"].startswith("3.0"):  # there, nothing may stand beside a reference but words
            rest = {
                key: one
                for key, one in rest.items()
                if key in {"description", "title", "nullable", "default", "deprecated"}
            }
        try:
            reference, target = self._last(raw["$ref"])
        except Misuse as error:
            self._notes.add(f"{_told(error)}; anything is taken there", where)
            return self._words(rest, where, direction) if rest else {}
        if not isinstance(target, Mapping):
            return self.schema(target, where, direction)
        if _is_small(target):
            return self._words({**target, **rest}, where, direction)
        found = {"$ref": f"#/$defs/{self._definition(reference, target, direction)}"}
        if rest.pop("nullable", False):
            return _ordered({"anyOf": [found, {"type": "null"}], **self._words(rest, where, direction)})
        return _ordered({**found, **self._words(rest, where, direction)})

    def _last(self, reference: str) -> tuple[str, Any]:
        """Return the last reference of a chain, and what it leads to."""
        seen = set()
        while True:
            target = self._api.at(reference)
            if not (isinstance(target, Mapping) and set(target) == {"$ref"}):
                return reference, target
            if reference in seen:
                raise Misuse("references lead round in a circle")
            seen.add(reference)
            reference = str(target["$ref"])

    def _definition(self, reference: str, target: Any, direction: Direction) -> str:
        key = (reference, direction if self._marks.differs(reference) else None)
        if key not in self._names:
            short = snake(reference.rpartition("/")[2]) or "schema"
            name = self._names[key] = free(short, self.defs)
            self.defs[name] = {}
            found = self.schema(target, name, direction)
            self.defs[name] = found if isinstance(found, dict) else {} if found else {"not": {}}
        return self._names[key]

    # ---- words ----

    def _words(self, raw: Mapping[str, Any], where: str, direction: Direction) -> dict[str, Any]:
        given = self._shown(normal(raw), where, direction)
        found: dict[str, Any] = {}
        for key, value in given.items():
            if key in _MEANT_ELSEWHERE:
                continue
            if key in _SCHEMAS or key in _LISTS or key in _MAPS:
                self._inner(found, key, value, where, direction)
            else:
                self._word(found, key, value, where)
        for keyword, _, only in list(idle(found)):
            del found[keyword]
            self._notes.add(f"`{keyword}` says nothing of what is {only}, and is left out", where)
        self._values(found, where)
        title = given.get("title")
        if isinstance(title, str) and title.strip() and title != found.get("type"):
            found["title"] = " ".join(title.split())
        words = described(raw)
        if words:
            found["description"] = words
        return _ordered(found)

    def _word(self, found: dict[str, Any], key: str, value: Any, where: str) -> None:
        if key == "type":
            self._type(found, value, where)
        elif key == "format":
            if isinstance(value, str) and value in _FORMATS:
                found[key] = value
            elif str(value) not in {"binary", "byte", "password"}:
                self._notes.add("a format that is not checked", f"{where} {value}")
        elif key == "pattern" and isinstance(value, str):
            told = in_ascii(value)
            found.update({key: told} if self._readable(told, where) else {})
        elif key in _PLAIN and (kept := _PLAIN[key](value)) is not None:
            found.update({key: kept} if kept is not False and kept != [] else {})
        elif key == "const":
            found[key] = value
        else:
            self._notes.add(f"`{key}` cannot be said, and is not checked", where)

    def _inner(self, found: dict[str, Any], key: str, value: Any, where: str, direction: Direction) -> None:
        if key in _MAPS and isinstance(value, Mapping):
            inner = {str(name): self.schema(one, f"{where}.{name}", direction) for name, one in value.items()}
            if key == "patternProperties":
                inner = {in_ascii(name): one for name, one in inner.items() if self._readable(in_ascii(name), where)}
            found.update({key: inner} if inner or key == "properties" else {})
        elif key in _LISTS and isinstance(value, list) and value:
            found[key] = [self.schema(one, where, direction) for one in value]
        elif key in _SCHEMAS and isinstance(value, Mapping | bool):
            place = f"{where}[]" if key == "items" else where
            inner_schema = self.schema(value, place, direction)
            if not (key in {"items", "additionalProperties"} and inner_schema in ({}, True)):
                found[key] = inner_schema
        else:
            self._notes.add(f"`{key}` is none, and is not checked", where)

    def _values(self, found: dict[str, Any], where: str) -> None:
        """Mend a list of values: YAML took `1` for something else, or the type is not that of any of them."""
        kind = found.get("type")
        if kind == "string" and "enum" in found:
            found["enum"] = _distinct([one if isinstance(one, str) else json.dumps(one) for one in found["enum"]])
        elif isinstance(kind, str) and "enum" in found and not any(_is_of(kind, one) for one in found["enum"]):
            del found["enum"]
            self._notes.add("a list of values, none of which is of the type, is not checked", where)

    def _type(self, found: dict[str, Any], value: Any, where: str) -> None:
        kinds = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        known = _distinct([one for one in kinds if isinstance(one, str) and one in _TYPES])
        if len(known) < len(kinds) or not kinds:
            self._notes.add(f"the type {value!r} is none, and is not checked", where)
        if known and len(known) == len(kinds):
            found["type"] = known[0] if len(known) == 1 else known

    def _readable(self, pattern: str, where: str) -> bool:
        try:
            re.compile(pattern)
            Schema({"pattern": pattern}).compile()
        except (re.error, ValueError, OverflowError, RecursionError):
            self._notes.add("a pattern that not every engine reads is not checked", where)
            return False
        if slow_part(pattern) is not None:
            self._notes.add("a pattern that is slow on some texts is not checked", where)
            return False
        return True

    def _shown(self, given: dict[str, Any], where: str, direction: Direction) -> dict[str, Any]:
        """Return a schema without what a request does not send, or an answer does not hold."""
        properties = given.get("properties")
        if not isinstance(properties, Mapping):
            return given
        hidden = {name for name, one in properties.items() if self._is_hidden(one, direction)}
        if not hidden:
            return given
        if direction == "in":
            for name in hidden:
                self._notes.add("what is read only is no input", f"{where}.{name}")
        required = given.get("required")
        kept = [name for name in required if name not in hidden] if isinstance(required, list) else required
        return {
            **given,
            "properties": {key: one for key, one in properties.items() if key not in hidden},
            "required": kept or [],
        }

    def _is_hidden(self, raw: Any, direction: Direction) -> bool:
        try:
            return self._api.resolved(raw).get("readOnly" if direction == "in" else "writeOnly") is True
        except Misuse:
            return False


def described(raw: Mapping[str, Any], longest: int = _LONGEST) -> str:
    """Return in a sentence what a schema says for people: its description, its deprecation, the vendor's default."""
    parts = [shortened(raw.get("description"), longest)]
    if raw.get("deprecated") is True and not parts[0].lower().startswith("deprecated"):
        parts.insert(0, "Deprecated.")
    default = raw.get("default")
    if default is not None:
        shown = json.dumps(default, ensure_ascii=False, default=str)
        if len(shown) <= _LONGEST // 2 and not looks_like(shown):
            parts.append(f"The vendor's default is {shown}.")
    return " ".join(one for one in parts if one)


def shortened(text: Any, longest: int = _LONGEST) -> str:
    """Return the first sentence of a description, as plain words."""
    if not isinstance(text, str):
        return ""
    plain = re.sub(r"<[^<>]{1,200}>", "", text)
    plain = re.sub(r"!?\[([^\[\]]{1,200})\]\([^()]{0,400}\)", r"\1", plain)
    first = re.split(r"\n\s*\n", plain.strip(), maxsplit=1)[0]
    words = " ".join(first.replace("**", "").replace("__", "").split()).lstrip("#*-> ")
    found = re.match(r".{20,}?[.!?](?=\s|$)", words)
    words = found[0] if found else words
    if looks_like(words):
        return ""
    if len(words) > longest:
        words = f"{words[:longest].rpartition(' ')[0] or words[:longest]}…"
    return words


def _told(error: Misuse) -> str:
    said = str(error.message)
    if "refers to another file" in said:
        return f"the reference {said.rpartition('refers to another file, ')[2].partition(';')[0]} leads to another file"
    return said.partition(": ")[2] or said


def _is_small(target: Any) -> bool:
    """Tell whether what is referred to reads better in its place: a text, a number, a list of values."""
    if not isinstance(target, Mapping):
        return True
    return (
        not ({"$ref", "properties", *_LISTS, *_SCHEMAS, *_MAPS} & target.keys())
        and len(target.get("enum") or ()) <= _FEW
    )


def _is_of(kind: str, value: Any) -> bool:
    return Schema({"type": kind}).is_valid(value)


def _number(value: Any) -> Any:
    return value if _is_number(value) else None


def _step(value: Any) -> Any:
    return value if _is_number(value) and value > 0 else None


def _count(value: Any) -> Any:
    return int(value) if _is_number(value) and value == int(value) >= 0 else None


def _listed(value: Any) -> Any:
    return _distinct(value) if isinstance(value, list) and value else None


def _texts(value: Any) -> Any:
    return _distinct([one for one in value if isinstance(one, str)]) if isinstance(value, list) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _distinct(values: list[Any]) -> list[Any]:
    return list({json.dumps(one, sort_keys=True, default=str): one for one in values}.values())


def _ordered(found: dict[str, Any]) -> dict[str, Any]:
    return {key: found[key] for key in _ORDER if key in found} | found


# What a word has to be, to be said as it is; None where it is something else.
_PLAIN: Final[dict[str, Callable[[Any], Any]]] = {
    **dict.fromkeys(_NUMBERS, _number),
    **dict.fromkeys(_COUNTS, _count),
    "multipleOf": _step,
    "enum": _listed,
    "required": _texts,
    "uniqueItems": lambda value: value if isinstance(value, bool) else None,
    "dependentRequired": lambda value: dict(value) if isinstance(value, Mapping) else None,
}
