"""Faults of a JSON value against a JSON Schema, in words a person can act on. Knows nothing of specs or calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from koppling.diagnostics import near_miss

TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
    "$file": "a file",
}
_LONGEST_VALUE = 60
_MOST_NAMES = 20


class Fault(NamedTuple):
    """One fault: where in the value, which keyword of the schema, in which words, and what would be allowed."""

    pointer: tuple[str | int, ...]
    keyword: str
    message: str
    allowed: tuple[Any, ...] = ()
    help: str = ""
    at_key: bool = False


def faults(errors: Iterable[Any]) -> Iterator[Fault]:
    """Translate the errors of the `jsonschema` library; one of `additionalProperties` tells them as `keys`."""
    for error in errors:
        yield from _translate(error, tuple(error.absolute_path))


def _translate(error: Any, pointer: tuple[str | int, ...]) -> Iterator[Fault]:
    keyword, rule, value = error.validator, error.validator_value, error.instance
    path = error.relative_schema_path
    if len(path) > 1 and path[-2] == "propertyNames":  # what was looked at is a key
        message = f"the name {show(value)} is not allowed here: {_message(error)}"
        yield Fault((*pointer, value), "propertyNames", message, at_key=True)
    elif keyword in {"anyOf", "oneOf"} and error.context:
        yield from _best_branch(error, pointer)
    elif keyword == "additionalProperties":
        yield from _unknown_keys(error, pointer)
    elif keyword == "required":
        missing = [name for name in rule if name not in value]
        # The library reports one error a missing name; its message begins with the name.
        name = next((one for one in missing if error.message.startswith(repr(one))), missing[0])
        yield Fault((*pointer, name), "required", "is required")
    elif keyword == "dependentRequired":
        for key, needs in rule.items():
            for name in needs:
                if key in value and name not in value:
                    yield Fault((*pointer, name), keyword, f"is required where {key!r} is given")
    elif keyword == "enum":
        close = near_miss(value, [one for one in rule if isinstance(one, str)]) if isinstance(value, str) else None
        listed = ", ".join(show(one) for one in rule)
        yield Fault(
            pointer,
            keyword,
            f"must be one of {listed}, not {show(value)}",
            tuple(rule),
            f"did you mean {close!r}?" if close else "",
        )
    else:
        yield Fault(pointer, str(keyword or "false"), _message(error))


def _message(error: Any) -> str:  # noqa: C901, PLR0912  (a table of keywords, each with its own words)
    keyword, rule, value = error.validator, error.validator_value, error.instance
    match keyword:
        case "type":
            said = type_words(_types(error))
            if value is None:
                return f"must be {said}; null is not allowed, leave it out instead"
            if said == TYPES["boolean"] and value in ("yes", "no", "on", "off"):
                return f"must be {said}; {value!r} is a text"
            return f"must be {said}, not {show(value)}"
        case "const":
            return f"must be {show(rule)}, not {show(value)}"
        case "minimum":
            return f"must be at least {rule}, not {show(value)}"
        case "maximum":
            return f"must be at most {rule}, not {show(value)}"
        case "exclusiveMinimum":
            return f"must be more than {rule}, not {show(value)}"
        case "exclusiveMaximum":
            return f"must be less than {rule}, not {show(value)}"
        case "multipleOf":
            return f"must be a multiple of {rule}, not {show(value)}"
        case "minLength":
            return "must not be empty" if rule == 1 else f"must have at least {rule} characters, not {len(value)}"
        case "maxLength":
            return f"must have at most {rule} characters, not {len(value)}"
        case "minItems":
            return "must not be an empty list" if rule == 1 else f"must have at least {rule} elements, not {len(value)}"
        case "maxItems":
            return f"must have at most {rule} element{'s' * (rule != 1)}, not {len(value)}"
        case "minProperties":
            return "must not be an empty object" if rule == 1 else f"must have at least {rule} keys, not {len(value)}"
        case "maxProperties":
            return f"must have at most {rule} key{'s' * (rule != 1)}, not {len(value)}"
        case "uniqueItems":
            return "must not have an element twice"
        case "pattern":
            expected = error.schema.get("description", "") if isinstance(error.schema, dict) else ""
            hint = f" ({expected.rstrip('.')})" if expected else ""
            return f"must match {rule}, which {show(value)} does not{hint}"
        case "format":
            return f"must be a {rule}, which {show(value)} is not"
        case "contains":
            return "has no element that this list needs"
        case "not":
            return _forbidden(error)
        case None:
            return "is not allowed here"
        case _:
            return str(error.message)


def _forbidden(error: Any) -> str:
    """Say which keys may not stand together, where that is what a `not` forbids."""
    rule, value, path = error.validator_value, error.instance, list(error.absolute_schema_path)
    branches = rule.get("anyOf", [rule]) if isinstance(rule, dict) else []
    names = [name for one in branches for name in one.get("required", ()) if isinstance(value, dict) and name in value]
    if "dependentSchemas" in path[:-1]:
        names.insert(0, path[path.index("dependentSchemas") + 1])
    if len(names) > 1:
        return f"has {_listed(names)}, which cannot stand together"
    return f"must not have {names[0]!r} in this combination" if names else "is not allowed in this combination"


def _listed(names: list[str]) -> str:
    words = [repr(name) for name in sorted(set(names))]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _unknown_keys(error: Any, pointer: tuple[str | int, ...]) -> Iterator[Fault]:
    known = list(error.schema.get("properties", {}))
    for key in error.keys:
        close = near_miss(key, known)
        names = (
            ", ".join(sorted(known)[:_MOST_NAMES]) + (", …" if len(known) > _MOST_NAMES else "") if known else "none"
        )
        yield Fault(
            (*pointer, key),
            "additionalProperties",
            f"unknown key {key!r}",
            tuple(sorted(known)),
            f"did you mean {close!r}?" if close else f"keys known here: {names}",
            at_key=True,
        )


def _best_branch(error: Any, pointer: tuple[str | int, ...]) -> Iterator[Fault]:
    """Speak of the one alternative that was meant, where that can be told; else of all in one sentence."""
    branches: dict[int, list[Any]] = {}
    for inner in error.context:
        # An alternative that is `false` has no path.
        branches.setdefault(inner.schema_path[0] if inner.schema_path else -1, []).append(inner)
    wrong_type = [
        [inner for inner in branch if inner.validator == "type" and not inner.path] for branch in branches.values()
    ]
    meant = [branch for branch, types in zip(branches.values(), wrong_type, strict=True) if not types]
    if not meant:
        types = [one for found in wrong_type for inner in found for one in _as_list(_types(inner))]
        unique = list(dict.fromkeys(types))
        value = error.instance
        said = f"must be {type_words(unique)}"
        yield Fault(
            pointer,
            "type",
            f"{said}; null is not allowed, leave it out instead" if value is None else f"{said}, not {show(value)}",
        )
        return
    best = min(meant, key=_badness)
    for inner in best:
        yield from _translate(inner, (*pointer, *inner.path))


def _types(error: Any) -> Any:
    """Return the types that a value would have to be of. A file stands as an object with a mark on it."""
    schema = error.schema
    is_file = isinstance(schema, dict) and schema.get("required") == ["$file"]
    return "$file" if is_file else error.validator_value


def _badness(branch: list[Any]) -> tuple[int, int]:
    """Rank an alternative: one whose constants fit was meant, then the one with the fewest faults."""
    misfits = sum(inner.validator in {"const", "enum"} for inner in branch)
    return misfits, len(branch)


def type_words(types: Any) -> str:
    """Return the JSON types in words: "text or a list"."""
    words = [TYPES.get(one, str(one)) for one in _as_list(types) if one != "null"] or ["null"]
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def cut(text: str) -> str | None:
    """Return what `show` leaves of a text that it cuts; None where it shows the whole."""
    shown = show(text)
    return shown[1:-1] if shown.endswith("…") and text else None


def show(value: Any) -> str:
    """Return a value as a message quotes it: short, and in JSON's own words."""
    import json

    if isinstance(value, dict):
        if set(value) == {"$file"}:
            return "a file"
        return "an object" if value else "an empty object"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    try:
        text = repr(value) if isinstance(value, str) else json.dumps(value, default=str)
    except ValueError:  # Python writes no number of more than 4300 digits
        return "a number of thousands of digits"
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
