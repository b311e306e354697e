"""Inputs made of an operation's JSON Schema: valid in every place, with texts that are plain, or meant badly."""

from __future__ import annotations

import math
from typing import Any

import jsonschema_rs
from every_operation import Operation
from hypothesis import strategies as st

import koppling

HOSTILE = (
    "..", ".", "../..", "a/../../b", "/", "//", "\\", "..\\..", "%2e%2e", "%2E%2e/", "%252e%252e", "%25252e.", "%2f", "%5c..", "..;/x", ".;a",
    "//evil.example", "https://evil.example/x", "http:evil.example", "@evil.example", "evil.example:443", "x?y=1", "x#y", "?", "#", "&a=b", "=",
    "javascript:alert(1)", "file:///etc/passwd",
    "a\r\nX-Evil: 1", "a\nb", "\r", "\n", "\r\n\r\n", "\0", "a\0b", "\x1b[31m", "\x7f", "\x85", "\u2028", "%0d%0a", "%00", "%E5%98%8A%E5%98%8D", "嘊嘍",
    "\uff0e\uff0e", "\uff0e\uff0e\uff0f", "\u2024\u2024/", "\u2215", "\uff3c", "\u202eexe.txt", "\u200b", "\ufeff", "e\u0301", "\U0001f600", "K", "ß",
    "\ud800", "a\udfffb", "\ude00\ud83d",
    "${connection.api_key}", "${input}", "${", "$${x}", "}", "{{7*7}}", "{{connection}}", "#{x}", "%s", "{0.__class__}", "$(id)", "`id`", "';--",
    '"', "'", '"; filename="x', '"\r\nContent-Type: text/html\r\n\r\n', "--boundary--", "</script>", "\t", " ", "  a", "",
    "NaN", "-0", "1e999", "null", "true", "[]", "9" * 40, "[" * 1_200, "a" * 5_000, "../" * 700, "%25" * 60 + "2e",
)  # fmt: skip
PLAIN = ("a", "Anvil", "th_1", "Hej~world", "42", "x" * 30)

_NUMBERS = (0, 1, -1, 2, 7, 0.5, -0.0, 1e-9, 1.0, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 2**64, 10**30, 1e300)
_FORMATS = {
    "date": "2026-02-28",
    "date-time": "2026-02-28T12:00:00Z",
    "time": "12:00:00Z",
    "uri": "https://thing.example/a?b=c",
    "email": "a@thing.example",
    "uuid": "6f1e4c1e-0a52-4ec0-94d6-7d3b9a2f5c11",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "hostname": "thing.example",
}
_FILE = "$file"
_DEEPEST = 4
_CONDITION = ("if", "then", "else")


def inputs_of(operation: Operation, texts: tuple[str, ...], most: int | None = 4) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy of inputs: what the schema asks for, texts out of these, `most` of its optional fields at once.

    Where `most` is None, each optional field is given every other time.
    """
    schema = operation.plan["schema"]
    parsed = [name for name, one in operation.plan["fields"].items() if one.get("parse") == "json"]
    make = _Maker(schema.get("$defs", {}), texts, most)
    own = {key: one for key, one in schema.items() if key != "$defs"}
    own["properties"] = {
        name: one
        for name, one in own["properties"].items()
        if name not in operation.chosen and name not in operation.dead
    }
    for name, values in operation.gone.items():
        left = [one for one in own["properties"].pop(name)["enum"] if one not in values]
        own["properties"] |= {name: {"enum": left}} if left else {}
    own["required"] = [name for name in own.get("required", ()) if name not in operation.chosen]
    return (
        make.value(own)
        .flatmap(lambda found: _as_text(found, parsed, texts))
        .map(lambda one: {**one, **operation.chosen})
    )


def _as_text(found: dict[str, Any], parsed: list[str], texts: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """Return inputs in which those that may be JSON texts are some of those."""
    given = [name for name in parsed if name in found]
    if not given or texts is PLAIN:
        return st.just(found)
    return st.one_of(st.just(found), st.sampled_from(texts).map(lambda text: {**found, given[0]: text}))


class _Maker:
    """Makes strategies of schemas; `defs` are what they refer to."""

    def __init__(self, defs: dict[str, Any], texts: tuple[str, ...], most: int | None) -> None:
        self._defs, self._texts, self._most = defs, texts, most
        self._judges: dict[int, tuple[jsonschema_rs.Draft202012Validator, Any]] = {}

    def value(self, schema: Any, depth: int = 0) -> st.SearchStrategy[Any]:
        """Return a strategy of values of a schema; what it cannot satisfy by itself comes out invalid now and then."""
        if schema is True or schema == {}:
            return self._anything(depth)
        if schema is False:
            return st.nothing()
        schema = self._resolved(schema)
        conditions = schema.pop("allOf", [])
        found = self._plain(schema, depth)
        return found.flatmap(lambda one: self._meeting(one, schema, conditions, depth)) if conditions else found

    def _plain(self, schema: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
        for word in ("anyOf", "oneOf"):
            if word in schema:
                rest = {key: one for key, one in schema.items() if key != word}
                branches = [_merged(rest, self._resolved(one)) for one in schema[word]]
                return st.one_of([self.value(one, depth) for one in branches])
        if "const" in schema:
            return st.just(schema["const"])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        if schema.get("required") == [_FILE]:
            return self._file()
        kinds = schema.get("type") or _kinds_of(schema)
        kinds = [kinds] if isinstance(kinds, str) else kinds
        return st.one_of([self._of_kind(kind, schema, depth) for kind in kinds])

    def _resolved(self, schema: Any) -> dict[str, Any]:
        """Return a schema as one map; its `allOf` has what it asks for on a condition, as `if`, `then` and `else`."""
        if not isinstance(schema, dict):
            return {}
        conditions = []
        if "if" in schema:
            conditions.append({word: schema[word] for word in _CONDITION if word in schema})
        for name, needed in schema.get("dependentRequired", {}).items():
            conditions.append({"if": {"type": "object", "required": [name]}, "then": {"required": needed}})
        found = {
            key: one for key, one in schema.items() if key not in {*_CONDITION, "dependentRequired", "allOf", "$ref"}
        }
        parts = [self._defs[schema["$ref"].removeprefix("#/$defs/")]] if "$ref" in schema else []
        for one in map(self._resolved, [*parts, *schema.get("allOf", ())]):
            conditions += one.pop("allOf", [])
            found = _merged(found, one)
        return {**found, "allOf": conditions} if conditions else found

    def _meeting(
        self, value: Any, schema: dict[str, Any], conditions: list[dict[str, Any]], depth: int, turns: int = 4
    ) -> st.SearchStrategy[Any]:
        """Return a strategy of this value, with what the conditions ask for in place of what they refuse."""
        chosen = (one.get("then" if self._fits(one["if"], value) else "else", True) for one in conditions)
        wanted = [self._resolved(one) for one in chosen if not self._fits(one, value)]
        if not wanted or not turns:
            return st.just(value)
        for one in wanted:
            conditions = [*conditions, *one.pop("allOf", [])]
            schema = _merged(schema, one)
        if isinstance(value, dict):
            unwanted = {name for one in wanted for name in one.get("not", {}).get("required", ())}
            kept = {name: one for name, one in value.items() if name not in unwanted}
            needed = {name for one in wanted for name in one.get("required", ()) if name not in value}
            changed = {name for one in wanted for name in one.get("properties", {}) if name in kept}
            known = schema.get("properties", {})
            new = {name: self.value(known.get(name, {}), depth + 1) for name in sorted(needed | changed)}
            found = st.fixed_dictionaries(new).map(lambda more: {**kept, **more})
        else:
            found = self._plain({**schema, "type": _kind_of(value)}, depth)
        return found.flatmap(lambda one: self._meeting(one, schema, conditions, depth, turns - 1))

    def _fits(self, schema: Any, value: Any) -> bool:
        if schema is True:
            return True
        if id(schema) not in self._judges:
            judge = jsonschema_rs.Draft202012Validator({**schema, "$defs": self._defs}, validate_formats=True)
            self._judges[id(schema)] = judge, schema  # which is kept, as its id is
        try:
            return self._judges[id(schema)][0].is_valid(marked(value))
        except ValueError:  # half a surrogate pair
            return False

    def _of_kind(self, kind: str, schema: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
        match kind:
            case "string":
                return self._text(schema)
            case "integer" | "number":
                return _number(schema, whole=kind == "integer")
            case "boolean":
                return st.booleans()
            case "array":
                return self._list(schema, depth)
            case "object":
                return self._map(schema, depth)
        return st.none()

    def _text(self, schema: dict[str, Any]) -> st.SearchStrategy[str]:
        shortest, longest = schema.get("minLength", 0), schema.get("maxLength", math.inf)
        if "pattern" in schema:
            return st.from_regex(schema["pattern"], fullmatch=True)
        if schema.get("format") in _FORMATS:
            return st.just(_FORMATS[schema["format"]])
        fits = [text for text in self._texts if shortest <= len(text) <= longest]
        if not fits:
            fits = [text[: int(min(longest, shortest))].ljust(shortest, "a") for text in self._texts]
        return st.sampled_from(fits)

    def _file(self) -> st.SearchStrategy[Any]:
        name = st.sampled_from([text for text in self._texts if text])
        media_type = st.one_of(
            st.none(), st.sampled_from(["text/plain", "image/png"]), name if self._texts is not PLAIN else st.none()
        )
        return st.builds(
            lambda data, name, kind: koppling.File(data, name=name, media_type=kind),
            st.sampled_from([b"", b"data", b"\0\xff\r\n--x", b"a" * 3_000]),
            name,
            media_type,
        )

    def _list(self, schema: dict[str, Any], depth: int) -> st.SearchStrategy[list[Any]]:
        least, most = schema.get("minItems", 0), schema.get("maxItems", math.inf)
        if "contains" in schema:
            inner: Any = _merged(self._resolved(schema.get("items", {})), self._resolved(schema["contains"]))
            least = max(least, 1)
        else:
            inner = schema.get("items", {})
        if depth > _DEEPEST and not least:
            return st.just([])
        found = st.lists(self.value(inner, depth + 1), min_size=least, max_size=int(min(most, least + 2)))
        first = [self.value(one, depth + 1) for one in schema.get("prefixItems", ())]
        return st.tuples(*first).flatmap(lambda some: found.map(lambda more: [*some, *more])) if first else found

    def _map(self, schema: dict[str, Any], depth: int) -> st.SearchStrategy[dict[str, Any]]:
        known, needed = schema.get("properties", {}), schema.get("required", ())
        must = {name: self.value(known.get(name, {}), depth + 1) for name in needed}
        # Few of the optional ones, or every call would be refused for the one that is wrong.
        may = (
            {name: self.value(one, depth + 1) for name, one in known.items() if name not in must}
            if depth <= _DEEPEST
            else {}
        )
        found = st.fixed_dictionaries(must).flatmap(lambda some: self._some_of(may).map(lambda more: {**some, **more}))
        rest = schema.get("additionalProperties", not known)
        least = max(0, schema.get("minProperties", 0) - len(must))
        if rest is False or (depth > _DEEPEST and not least):
            return found
        names = self._text(schema.get("propertyNames", {}) | {"minLength": 1})
        others = st.dictionaries(names, self.value(rest, depth + 1), min_size=least, max_size=least + 2)
        return st.tuples(others, found).map(lambda both: {**both[0], **both[1]})

    def _some_of(self, may: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
        if not may or self._most is None:
            return st.fixed_dictionaries({}, optional=may)
        names = st.lists(st.sampled_from(sorted(may)), max_size=self._most, unique=True)
        return names.flatmap(lambda chosen: st.fixed_dictionaries({name: may[name] for name in chosen}))

    def _anything(self, depth: int) -> st.SearchStrategy[Any]:
        flat = st.one_of(st.none(), st.booleans(), st.sampled_from(_NUMBERS), st.sampled_from(self._texts))
        if depth > _DEEPEST:
            return flat
        inner = st.deferred(lambda: self._anything(depth + 2))
        names = st.sampled_from([text for text in self._texts if text])
        return st.one_of(flat, st.lists(inner, max_size=2), st.dictionaries(names, inner, max_size=2))


def fits(operation: Operation, inputs: dict[str, Any]) -> bool:
    """Tell whether inputs fit the schema, and nothing but their schema would refuse them."""
    return jsonschema_rs.is_valid(operation.plan["schema"], marked(inputs), validate_formats=True)


def marked(value: Any) -> Any:
    """Return inputs as their schema is meant: each file as the marker that stands for it."""
    if isinstance(value, list):
        return [marked(one) for one in value]
    if isinstance(value, dict):
        return {name: marked(one) for name, one in value.items()}
    return {_FILE: value.name} if isinstance(value, koppling.File) else value


def _number(schema: dict[str, Any], *, whole: bool) -> st.SearchStrategy[int | float]:
    low = schema.get("minimum", schema.get("exclusiveMinimum", -math.inf))
    high = schema.get("maximum", schema.get("exclusiveMaximum", math.inf))
    candidates = [*_NUMBERS, *(one for one in (low, high, low + 1, (low + high) / 2) if math.isfinite(one))]
    fits = [one for one in candidates if low <= one <= high and not (whole and one != int(one))]
    fits = [int(one) if whole and abs(one) < 1e15 else one for one in fits]
    if "exclusiveMinimum" in schema:
        fits = [one for one in fits if one > low]
    return st.sampled_from(fits)


def _kind_of(value: Any) -> str:
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return kinds.get(type(value), "null")


def _kinds_of(schema: dict[str, Any]) -> list[str]:
    if {"properties", "required", "additionalProperties", "minProperties"} & set(schema):
        return ["object"]
    if {"items", "minItems", "maxItems", "contains"} & set(schema):
        return ["array"]
    if {"minLength", "maxLength", "pattern", "format"} & set(schema):
        return ["string"]
    return (
        ["number"]
        if {"minimum", "maximum"} & set(schema)
        else ["string", "integer", "boolean", "null", "array", "object"]
    )


def _merged(one: dict[str, Any], other: Any) -> dict[str, Any]:
    """Return a schema of what two demand, as far as that is simple."""
    if not isinstance(other, dict):
        return one
    found = {**one, **other}
    if "properties" in one and "properties" in other:
        shared = {
            name: _merged(one["properties"].get(name, {}), other["properties"].get(name, {}))
            for name in {**one["properties"], **other["properties"]}
        }
        found["properties"] = shared
    if "required" in one and "required" in other:
        found["required"] = [*dict.fromkeys([*one["required"], *other["required"]])]
    return found
