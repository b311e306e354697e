"""The bodies of a request: json, form, multipart or raw, each compiled once."""

from __future__ import annotations

from typing import Any, NamedTuple

from koppling.body import Body, Content, Multipart, Part, Raw
from koppling.encode import Listed, Refused, Style, form_text, pairs
from koppling.encode import media_type as checked_type
from koppling.expression import ABSENT, Roots
from koppling.files import OCTETS, File
from koppling.render.parameters import Parameter, checked_pairs, mapping, parameters
from koppling.render.sink import Misfit, Sink, dynamic, make_sink
from koppling.template import whole

_PART_KEYS = {"value", "name", "media_type", "style"}
_Rendered = tuple[Body | None, dict[str, Any]]


class JsonBody:
    """A body that is a tree."""

    key = "json"

    def __init__(self, tree: Any) -> None:
        self.sink = make_sink(tree, "json")
        self._optional = isinstance(tree, str) and whole(tree) is not None
        self._listed = isinstance(tree, list)

    def render(self, roots: Roots, extras: dict[str, Any], headers: dict[str, str]) -> _Rendered:
        """Return the body and the extras that are left; adds its header.

        Raises:
            Misfit: a file stands in it.
        """
        content, extras = self.content(roots, extras)
        if content is not None:
            headers.setdefault("content-type", content.media_type)
        return content, extras

    def content(self, roots: Roots, extras: dict[str, Any]) -> tuple[Content | None, dict[str, Any]]:
        """Return the body and the extras that are left.

        Raises:
            Misfit: a file stands in it.
        """
        value = self.sink(roots)
        if value is ABSENT:
            if self._optional and not extras:
                return None, extras
            value = [] if self._listed else {}
        if extras and isinstance(value, dict):
            value, extras = {**extras, **value}, {}
        try:
            return Content.json(value), extras
        except (TypeError, ValueError):
            raise Misfit(self.sink, "a file cannot stand in JSON") from None


class FormBody:
    """A body of pairs."""

    key = "form"

    def __init__(self, tree: Any, style: Style) -> None:
        self.parameters, self.dynamic, self.style = parameters(tree, style, "form"), dynamic(tree, "form"), style
        self.made = frozenset(one.name for one in self.parameters)

    def render(self, roots: Roots, extras: dict[str, Any], headers: dict[str, str]) -> _Rendered:
        """Return the body, with the extras in it; adds its header.

        Raises:
            Misfit: a file stands in it.
        """
        style = self.style
        found = [pair for one in self.parameters for pair in one.pairs(roots)]
        if self.dynamic is not None and isinstance(given := self.dynamic(roots), dict):
            found += [pair for name, value in given.items() for pair in checked_pairs(self.dynamic, name, value, style)]
        found += [pair for name, value in extras.items() if name not in self.made for pair in pairs(name, value, style)]
        text = form_text(found)
        headers.setdefault("content-type", "application/x-www-form-urlencoded")
        return Content(text.encode(), headers["content-type"], text), {}


class PartTemplate(NamedTuple):
    """What one parameter of a multipart body is written as: one part, or several."""

    parameter: Parameter
    file_name: Sink | None
    media_type: Sink | None

    def parts(self, roots: Roots) -> list[Part]:
        """Return the parts; none where the value is absent.

        Raises:
            Misfit: what cannot be evaluated.
        """
        name, value = self.parameter.name, self.parameter.value(roots)
        if value is ABSENT:
            return []
        file_name, media_type = _text_of(self.file_name, roots), _text_of(self.media_type, roots)
        if media_type and "json" in media_type and not isinstance(value, File):
            found = [Part(name, Content.json(value).data, file_name, media_type)]
        else:
            found = [part_of(key, one, file_name, media_type) for key, one in pairs(name, value, self.parameter.style)]
        return _sound(found, self.parameter.value)


class MultipartBody:
    """A body of parts."""

    key = "multipart"

    def __init__(self, tree: Any, style: Style) -> None:
        self.templates = [_part_template(name, value, style) for name, value in mapping(tree).items()]
        self.dynamic, self.style = dynamic(tree, "multipart"), style
        self.made = frozenset(one.parameter.name for one in self.templates)

    def render(self, roots: Roots, extras: dict[str, Any], headers: dict[str, str]) -> _Rendered:
        """Return the body, with the extras in it; sets its header.

        Raises:
            Misfit: what cannot be evaluated.
        """
        style = self.style
        parts = [part for one in self.templates for part in one.parts(roots)]
        if self.dynamic is not None and isinstance(given := self.dynamic(roots), dict):
            more = [part_of(name, value) for key, one in given.items() for name, value in pairs(key, one, style)]
            parts += _sound(more, self.dynamic)
        parts += [
            part_of(name, value)
            for key, one in extras.items()
            if key not in self.made
            for name, value in pairs(key, one, style)
        ]
        headers["content-type"] = Multipart.media_type
        return Multipart(tuple(parts)), {}


class RawBody:
    """A body that is one file, or one text."""

    key = "raw"

    def __init__(self, tree: Any) -> None:
        self.sink = make_sink(tree, "raw")

    def render(self, roots: Roots, extras: dict[str, Any], headers: dict[str, str]) -> _Rendered:
        """Return the body; adds its header.

        Raises:
            Misfit: it is neither, or there are extras, which it has no place for.
        """
        sink = self.sink
        if extras:
            raise Misfit(
                Sink(sink.render, sink.tree, sink.at, tuple(extras)), "cannot be added to a body that is one file"
            )
        value = sink(roots)
        if value is ABSENT or value is None:
            return None, extras
        if isinstance(value, File):
            _sound([Part("", value, None, value.media_type)], sink)
            headers.setdefault("content-type", value.media_type or OCTETS)
            return Raw(value), extras
        if not isinstance(value, str):
            raise Misfit(sink, "must be a file or text")
        headers.setdefault("content-type", "text/plain; charset=utf-8")
        return Content(value.encode(), headers["content-type"], value), extras


BodyTemplate = JsonBody | FormBody | MultipartBody | RawBody


def body_template(request: dict[str, Any], style: Style) -> BodyTemplate | None:
    """Return what renders the body of a request; None where it has none."""
    if "json" in request:
        return JsonBody(request["json"])
    if "form" in request:
        return FormBody(request["form"], style)
    if "multipart" in request:
        return MultipartBody(request["multipart"], style)
    return RawBody(request["raw"]) if "raw" in request else None


def part_of(name: str, value: Any, file_name: str | None = None, media_type: str | None = None) -> Part:
    """Return one name and value of `pairs` as a part."""
    if isinstance(value, File):
        return Part(name, value, file_name or value.name, media_type or value.media_type)
    text = ",".join(value) if isinstance(value, Listed) else value
    return Part(name, text.encode(), file_name, media_type)


def _sound(parts: list[Part], sink: Sink) -> list[Part]:
    """Return parts as they are.

    Raises:
        Misfit: the media type of one is none, and could be read as something else of the request.
    """
    for part in parts:
        if part.media_type:
            try:
                checked_type(part.media_type)
            except Refused as refusal:
                raise Misfit(sink, str(refusal)) from None
    return parts


def _part_template(name: str, value: Any, style: Style) -> PartTemplate:
    if not (isinstance(value, dict) and "value" in value and set(value) <= _PART_KEYS and len(value) > 1):
        return PartTemplate(Parameter(name, make_sink(value, "multipart", name), style), None, None)
    file_name, media_type = (
        make_sink(value[key], "multipart", name, key) if key in value else None for key in ("name", "media_type")
    )
    own = {**style, **value.get("style", {})}
    return PartTemplate(
        Parameter(name, make_sink(value["value"], "multipart", name, "value"), own), file_name, media_type
    )


def _text_of(sink: Sink | None, roots: Roots) -> str | None:
    value = sink(roots) if sink is not None else ABSENT
    return None if value is ABSENT or value is None else str(value)
