"""Fields as a form shows them: required ones in bold, the advanced ones folded away."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from koppling.model import Lifecycle
from koppling.words import show
from koppling_tools.describing.field_rows import life_words, sentence
from koppling_tools.describing.schema_words import constraints, type_of, values_of
from koppling_tools.docs.dates import field_anchor, lifecycle
from koppling_tools.docs.html import Element, Node, join, tag
from koppling_tools.docs.layout import badge, permalink, prose
from koppling_tools.docs.schema_tree import SchemaField

_MANY: Final = 8  # more values than these are folded away
Choices = Callable[[dict[str, Any]], Node]


class FieldList:
    """Makes lists of fields.

    Args:
        operation: whose they are, for their anchors.
        day: the ISO day that lifecycles are read at.
        resolve: gives the schema that a `$ref` names.
        choices: says where the values of a dynamic select come from.
    """

    def __init__(self, operation: str | None, day: str, resolve: Callable[[str], Any], choices: Choices) -> None:
        self._operation = operation
        self._day = day
        self._resolve = resolve
        self._choices = choices

    def whole(self, fields: list[SchemaField]) -> Iterator[Element]:
        """Yield the list of what everybody sees, and the folded one of what is advanced."""
        seen = [one for one in fields if not one.schema.get("advanced")]
        advanced = [one for one in fields if one.schema.get("advanced")]
        if seen:
            yield self._list(seen)
        if advanced:
            yield tag(
                "details",
                tag("summary", "Advanced settings ", tag("span", str(len(advanced)), class_="count")),
                self._list(advanced),
                class_="advanced",
            )

    def _list(self, fields: Iterable[SchemaField]) -> Element:
        return tag("dl", [self._one(one) for one in fields], class_="fields")

    def _one(self, field: SchemaField) -> Element:
        schema = field.schema
        anchor = field_anchor(self._operation, field.path)
        title = str(schema.get("title") or "")
        state = lifecycle(schema.get("lifecycle")).state(self._day)
        name = tag("code", field.name, class_="name")
        marks: list[Node] = [tag("span", "required", class_="mark required")] if field.required else []
        marks += [tag("span", "secret", class_="mark secret")] if schema.get("secret") else []
        marks += [badge(state)] if state != "active" else []
        label = tag("strong" if field.required else "span", title, class_="title") if title else None
        nested = len(field.path) > 1
        return tag(
            "div",
            tag(
                "dt", label, " " if label else None, name, [[" ", one] for one in marks], permalink(anchor, field.name)
            ),
            tag("dd", list(self._said(field)), self._inner(field)),
            id=anchor,
            class_=" ".join(["field", *(["nested"] if nested else []), *([state] if state == "retired" else [])]),
        )

    def _inner(self, field: SchemaField) -> Node:
        if not field.inner:
            return None
        inner = self._list(field.inner)
        if len(field.path) == 1 and len(list(field.walk())) <= _MANY:
            return inner
        names = ", ".join(one.name for one in field.inner[:4]) + (", …" if len(field.inner) > 4 else "")  # noqa: PLR2004  (as many as are shown)
        return tag("details", tag("summary", "Holds ", tag("code", names)), inner, class_="inner")

    def _said(self, field: SchemaField) -> Iterator[Node]:
        schema = field.schema
        yield tag("p", join(" · ", self._facts(schema)), class_="type")
        if schema.get("description"):
            yield tag("p", prose(str(schema["description"])))
        if life := life_words(lifecycle(schema.get("lifecycle")), self._day):
            yield tag("p", sentence(life), class_="life")
        if "options" in schema:
            yield tag("p", self._choices(schema["options"]), class_="choices")
        yield self._values(schema)
        if schema.get("examples") and not schema.get("secret"):
            yield tag("p", "For example ", join(", ", [_value(one) for one in schema["examples"]]), ".")

    def _facts(self, schema: dict[str, Any]) -> Iterator[Node]:
        yield type_of(schema, self._resolve).replace("one of", "one of these")
        yield from constraints(schema)
        if "default" in schema and not schema.get("secret"):
            yield ["default ", _value(schema["default"])]
        if "env" in schema:
            yield ["from ", tag("code", str(schema["env"]))]

    def _values(self, schema: dict[str, Any]) -> Node:
        dated = schema.get("values") if isinstance(schema.get("values"), dict) else None
        inner = schema.get("items") if isinstance(schema.get("items"), dict) else {}
        values = values_of(schema) or values_of(inner or {})
        if not values:
            return None
        if not dated:
            return tag("ul", [tag("li", _value(one)) for one in values], class_="chips")
        rows = [self._dated_value(name, said) for name, said in dated.items()]
        told = tag("ul", rows, class_="values")
        if len(rows) <= _MANY:
            return told
        return tag(
            "details", tag("summary", "Values ", tag("span", str(len(rows)), class_="count")), told, class_="inner"
        )

    def _dated_value(self, name: str, said: Any) -> Element:
        said = said if isinstance(said, dict) else {}
        life: Lifecycle = lifecycle(said)
        state = life.state(self._day)
        words = life_words(life, self._day)
        told = [one for one in (said.get("title"), said.get("description")) if one]
        return tag(
            "li",
            tag("code", name),
            [[" ", tag("span", prose(str(one)), class_="what")] for one in told],
            [" ", badge(state)] if state != "active" else None,
            [" ", tag("span", sentence(words), class_="life")] if words else None,
            class_=state,
        )


def _value(value: Any) -> Element:
    return tag("code", value if isinstance(value, str) and value else show(value))
