"""What is known of the word at a place."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from koppling.expression import ABSENT
from koppling.model import Lifecycle
from koppling_tools.describing.field_rows import life_words
from koppling_tools.lsp import grammar_keys
from koppling_tools.lsp.answers import Hover
from koppling_tools.lsp.evaluate import evaluate, short
from koppling_tools.lsp.expression_names import Expression, expressions
from koppling_tools.lsp.expression_offers import ROOTS
from koppling_tools.lsp.field_words import field_line, field_words
from koppling_tools.lsp.files import Files, Spec
from koppling_tools.lsp.names import definition, names_modules
from koppling_tools.lsp.positions import Lines
from koppling_tools.lsp.samples import Sample, bundles, samples
from koppling_tools.lsp.scanned import Scalar
from koppling_tools.lsp.uses import Field, declared, field_at, uses

_MOST_RESULTS: Final = 3
_WIDE: Final = 160


def hover(files: Files, path: Path, offset: int, day: str) -> Hover | None:
    """Return what is known of the word at a place, as Markdown.

    Args:
        files: the texts.
        path: the file.
        offset: the place in it.
        day: the ISO day that lifecycles are read at.
    """
    spec = files.spec(path)
    scalar = files.scanned(path).at(offset) if spec else None
    if spec is None or scalar is None:
        return None
    found = field_at(files, path, offset)
    if found is not None:
        field, use = found
        words = _field(files, field, day)
        return Hover(words, use.place.start, use.place.end) if words else None
    if scalar.role == "key":
        words = _key(files, spec, scalar, day)
        return Hover(words, scalar.start, scalar.end) if words else None
    return _value(files, spec, scalar, offset, day)


def _field(files: Files, field: Field, day: str) -> str:
    schema = declared(files, field).get(field.name)
    if not isinstance(schema, dict):
        return ""
    return f"{field_words(field.name, schema, day)}\n\n{_declared_at(files, field)}"


def _declared_at(files: Files, field: Field) -> str:
    places = [one.place for one in uses(files, field) if one.declares]
    rows = [f"{one.path.name}:{Lines(files.text(one.path) or '').position(one.start).line + 1}" for one in places]
    return f"*declared in {', '.join(rows)}*" if rows else ""


def _key(files: Files, spec: Spec, scalar: Scalar, day: str) -> str:
    pointer = scalar.pointer
    if pointer[:1] == ("operations",) and len(pointer) == 2:  # noqa: PLR2004  (an operation's own key)
        one = ((files.value(spec.path) or {}).get("operations") or {}).get(pointer[1]) or {}
        return _about(one, str(pointer[1]), day)
    if pointer[:1] == ("$defs",) and len(pointer) == 2:  # noqa: PLR2004  (a definition's own key)
        schema = ((files.value(spec.path) or {}).get("$defs") or {}).get(pointer[1])
        return field_words(str(pointer[1]), schema) if isinstance(schema, dict) else ""
    said = grammar_keys.description(spec.kind, pointer)
    if not said:
        return ""
    example = grammar_keys.example(spec.kind, pointer)
    return f"`{pointer[-1]}`: {said}" + (f"\n\nFor example `{short(example, _WIDE)}`" if example is not None else "")


def _value(files: Files, spec: Spec, scalar: Scalar, offset: int, day: str) -> Hover | None:
    pointer = scalar.pointer
    if names_modules(spec, pointer) or (spec.kind == "module" and pointer == ("name",)):
        module = files.module(spec, scalar.text) if pointer != ("name",) else spec.path
        words = _about(files.value(module), scalar.text, day) if module else ""
        return Hover(words, *scalar.inner) if words else None
    if pointer[-1:] == ("$ref",):
        words = _definition(files, spec, scalar.text)
        return Hover(words, *scalar.inner) if words else None
    for one in expressions(files, spec, scalar):
        for name in reversed(one.names):
            if one.rooted and name.start <= offset <= name.end and len(name.chain) == 1 and name.chain[0] in ROOTS:
                return Hover(f"`{name.chain[0]}`: {ROOTS[name.chain[0]]}", name.start, name.end)
        if one.start <= offset <= one.end and (words := _yields(files, spec, one, scalar)):
            return Hover(words, one.start, one.end)
    return None


def _about(value: Any, name: str, day: str) -> str:
    """Return title, state and the vendor's page of a module or an operation."""
    known = value if isinstance(value, dict) else {}
    lines = [f"**{known.get('title') or name}** `{name}`" + (f" {known['version']}" if "version" in known else "")]
    lines.append(str(known.get("summary") or ""))
    said = known.get("lifecycle")
    if isinstance(said, dict):
        life = Lifecycle(**{key: str(said[key]) for key in Lifecycle.__slots__ if said.get(key)})
        words = life_words(life, day)
        lines.append(words and f"{words[0].upper()}{words[1:]}.")
    page = (known.get("source") or {}).get("page") if isinstance(known.get("source"), dict) else None
    lines.append(f"[The vendor's page]({page})" if page else "")
    return "\n\n".join(line for line in lines if line)


def _definition(files: Files, spec: Spec, reference: str) -> str:
    target = definition(files, spec, reference)
    schema: Any = files.value(target[0]) if target else None
    for step in target[1] if target else ():
        schema = schema.get(step) if isinstance(schema, dict) else None
    if not isinstance(schema, dict) or target is None:
        return ""
    name = str(target[1][-1])
    inner = schema.get("properties")
    rows = [f"- `{key}`: {field_line(one)}" for key, one in (inner or {}).items() if isinstance(one, dict)]
    return "\n\n".join([field_words(name, schema), *(["\n".join(rows)] if rows else [])])


def _yields(files: Files, spec: Spec, expression: Expression, scalar: Scalar) -> str:
    """Return what an expression yields on the examples."""
    place = expression.place
    if place.subject == "bundle":
        named: Any = files.value(spec.path)
        for step in scalar.pointer[:-1]:
            named = named.get(step) if isinstance(named, dict) else None
        module = files.module(spec, str(named.get("module"))) if isinstance(named, dict) else None
        found = bundles(files, module) if module else []
    elif expression.rooted and not {"body", "item", "event", "status", "headers"} & set(place.roots):
        return ""
    else:
        found = samples(files, spec, place)
    rows = _results(found, expression)
    if not rows:
        return f"`{expression.text}` yields nothing on any of the examples." if found else ""
    return f"`{expression.text}` yields\n\n" + "\n".join(rows)


def _results(found: list[Sample], expression: Expression) -> list[str]:
    rows: dict[str, str] = {}
    for one in found:
        value = evaluate(expression.text, one.roots if expression.rooted else one.subject)
        if value is ABSENT or value is None:
            continue
        said = short(value, _WIDE).replace("`", "'")
        rows.setdefault(said, f"- `{said}` in {one.example.stem}")
    return list(rows.values())[:_MOST_RESULTS]
