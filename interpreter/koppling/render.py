"""Inputs to a request: every template parsed once, each value escaped as its place demands. No I/O."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from koppling import __version__
from koppling.body import Body, Content, Multipart, Part, Raw
from koppling.diagnostics import join_pointer
from koppling.encode import (
    Listed,
    Refused,
    Style,
    form_text,
    header_name,
    header_value,
    pairs,
    path_value,
    query_text,
    target_value,
)
from koppling.errors import ConnectionInvalid, InputInvalid, Problem
from koppling.expression import ABSENT, ExpressionError, Roots
from koppling.files import OCTETS, File
from koppling.masking import Masker
from koppling.model import Request
from koppling.template import Reference, Render, compile_template, parse, whole

AGENT = f"koppling/{__version__}"
ACCEPT = {"json": "application/json", "sse": "text/event-stream", "ndjson": "application/x-ndjson"}

_PART_KEYS = {"value", "name", "media_type", "style"}


@dataclass(frozen=True, slots=True)
class Sink:
    """Where the values of an expression go, and which inputs it reads: the pointers of the problems it may cause."""

    render: Render
    inputs: tuple[str, ...]
    where: str

    def __call__(self, roots: Roots) -> Any:
        """Return the value for these roots."""
        try:
            return self.render(roots)
        except ExpressionError as error:
            raise _Misfit(self, str(error)) from None


class _Misfit(Exception):
    def __init__(self, sink: Sink, message: str) -> None:
        super().__init__(message)
        self.sink = sink


def _sink(tree: Any, where: str) -> Sink:
    from koppling.expression import references as names
    from koppling.template import references

    chains = [chain for _, reference in references(tree) for chain in names(reference.expression)]
    read = tuple(dict.fromkeys(chain[1] for chain in chains if chain[0] == "input" and len(chain) > 1))
    return Sink(compile_template(tree), read, where)


@dataclass(frozen=True, slots=True)
class _Parameter:
    name: str
    value: Sink
    style: Style


class RequestTemplate:
    """The request of one operation, compiled.

    Args:
        module: the full name, for messages.
        request: the merged `request` of the plan.
        auth: the connector's `auth`.
        style: the connector's `style`.
    """

    def __init__(self, module: str, request: dict[str, Any], auth: dict[str, Any], style: Style) -> None:
        self.module = module
        self._base = compile_template(request.get("base_url", ""))
        self._method = _sink(request.get("method", "GET"), "method")
        self._path = _path(request["path"]) if "path" in request else None
        self._target = _sink(request["target"], "target") if "target" in request else None
        self._timeout: dict[str, float] = dict(request.get("timeout", {}))
        self._query = _parameters(request.get("query", {}), style, "query")
        self._dynamic_query = _dynamic(request.get("query"), "query")
        self._shared_headers = [
            (name.lower(), _sink(value, f"headers/{name}")) for name, value in request.get("shared_headers", {}).items()
        ]
        self._headers = [
            (name.lower(), _sink(value, f"headers/{name}")) for name, value in _mapping(request.get("headers")).items()
        ]
        self._dynamic_headers = _dynamic(request.get("headers"), "headers")
        self._accept = ACCEPT.get(request.get("accept", ""), "*/*")
        self._style = style
        self.auth = _Auth(auth)
        self._built = frozenset({name for name, _ in self._shared_headers} | self.auth.header_names)
        self._body = _body(request, style)

    def render(self, roots: Roots, *, extras: dict[str, Any], masker: Masker) -> Request:
        """Return the request for these roots.

        Args:
            roots: `input`, `connection`, `page`, `call`.
            extras: inputs that no field declares; they go into the body, else into the query.
            masker: knows the secrets of the connection and the inputs.

        Raises:
            InputInvalid: a value that may not stand where it would.
        """
        try:
            return self._render(roots, extras, masker)
        except _Misfit as misfit:
            raise self._problem(misfit, masker) from None

    def _problem(self, misfit: _Misfit, masker: Masker) -> InputInvalid:
        names = misfit.sink.inputs or ("",)
        problems = tuple(
            Problem(join_pointer(name) if name else "", masker.text(str(misfit)), (), f"in {misfit.sink.where}")
            for name in names
        )
        return InputInvalid(self.module, problems)

    def _render(self, roots: Roots, extras: dict[str, Any], masker: Masker) -> Request:
        method = self._method(roots)
        address, query = self._address(roots)
        found = [pair for one in self._query for pair in _text_pairs(one, roots)]
        if self._dynamic_query is not None and isinstance(given := self._dynamic_query(roots), dict):
            found += [
                pair
                for name, value in given.items()
                for pair in _checked_pairs(self._dynamic_query, name, value, self._style)
            ]
        headers = self._header_map(roots)
        body, extras = self._body(roots, extras, headers) if self._body else (None, extras)
        found += [pair for name, value in extras.items() for pair in pairs(name, value, self._style)]
        found += self.auth.query(roots)
        query = "&".join(text for text in (query, query_text(found)) if text)
        return Request(method, f"{address}?{query}" if query else address, headers, body, self._timeout, masker)

    def _address(self, roots: Roots) -> tuple[str, str]:
        base = str(self._base(roots)).rstrip("/")
        if self._target is not None:
            value = self._target(roots)
            try:
                path, query = target_value("" if value is ABSENT else value)
            except Refused as refusal:
                raise _Misfit(self._target, str(refusal)) from None
            return f"{base}/{path}", query
        path = "".join(part if isinstance(part, str) else _path_part(part, roots) for part in self._path or ())
        return (base + path, "") if path.startswith("/") else (f"{base}/{path}".rstrip("/"), "")

    def _header_map(self, roots: Roots) -> dict[str, str]:
        headers = {"accept": self._accept, "user-agent": AGENT}
        for name, sink in (*self._shared_headers, *self._headers):
            text = _header(sink, sink(roots))
            if text is not None:
                headers[name] = text
        headers.update(self.auth.headers(roots))
        if self._dynamic_headers is not None and isinstance(given := self._dynamic_headers(roots), dict):
            for name, value in given.items():
                try:
                    lower, text = header_name(name, self._built), header_value(value)
                except Refused as refusal:
                    raise _Misfit(self._dynamic_headers, f"the header {name!r} {refusal}") from None
                if text is not None:
                    headers[lower] = text
        return headers

    def onward(self, request: Request, url: str, roots: Roots) -> Request:
        """Return a GET of another address with the same headers: a page's link, a poll.

        The caller has checked the origin.
        """
        headers = {name: value for name, value in request.headers.items() if name != "content-type"}
        return replace(request, method="GET", url=self.authenticated(url, roots), headers=headers, body=None)

    def authenticated(self, url: str, roots: Roots) -> str:
        """Return an address of the same origin with the key in its query, where that is the key's place."""
        given = {name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)}
        missing = [pair for pair in self.auth.query(roots) if pair[0] not in given]
        if missing:
            url += ("&" if urlsplit(url).query else "?") + query_text(missing)
        return url


_NO_ADDRESS = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST_ADDRESS = 16_384


def absolute(request: Request, address: str) -> str | None:
    """Return an address that an answer gave, relative to the request, as a whole one; None if of another origin.

    Raises:
        ValueError: it is no address.
    """
    url = urljoin(request.url, address.strip()).partition("#")[0]
    if _NO_ADDRESS.search(url) or len(url) > _LONGEST_ADDRESS:
        raise ValueError("is no address")
    return url if origin(url) == origin(request.url) else None


def origin(url: str) -> tuple[str, str | None, int | None]:
    """Return scheme, host and port (RFC 6454).

    Raises:
        ValueError: it is no address.
    """
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        raise ValueError("an address with a user in it")
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _mapping(tree: Any) -> dict[str, Any]:
    return tree if isinstance(tree, dict) else {}


def _dynamic(tree: Any, where: str) -> Sink | None:
    return _sink(tree, where) if isinstance(tree, str) else None


def _parameters(tree: Any, style: Style, where: str) -> list[_Parameter]:
    found = []
    for name, value in _mapping(tree).items():
        own = style
        if isinstance(value, dict) and set(value) == {"value", "style"}:
            own, value = {**style, **value["style"]}, value["value"]  # noqa: PLW2901
        found.append(_Parameter(name, _sink(value, f"{where}/{name}"), own))
    return found


def _checked_pairs(sink: Sink, name: str, value: Any, style: Style) -> list[tuple[str, Any]]:
    found = list(pairs(name, value, style))
    if any(isinstance(one, File) for _, one in found):
        raise _Misfit(sink, "a file cannot stand here")
    return found


def _text_pairs(parameter: _Parameter, roots: Roots) -> list[tuple[str, Any]]:
    value = parameter.value(roots)
    return [] if value is ABSENT else _checked_pairs(parameter.value, parameter.name, value, parameter.style)


def _path(text: str) -> list[str | tuple[Sink, bool]]:
    return [
        (_sink(f"${{{part.expression}}}", "path"), part.several) if isinstance(part, Reference) else part
        for part in parse(text)
    ]


def _path_part(part: tuple[Sink, bool], roots: Roots) -> str:
    sink, several = part
    value = sink(roots)
    try:
        return path_value(None if value is ABSENT else value, several=several)
    except Refused as refusal:
        raise _Misfit(sink, str(refusal)) from None


def _header(sink: Sink, value: Any) -> str | None:
    if value is ABSENT:
        return None
    try:
        return header_value(value)
    except Refused as refusal:
        raise _Misfit(sink, str(refusal)) from None


class _Auth:
    """What proves who is calling: a header, or a parameter of the query."""

    def __init__(self, auth: dict[str, Any]) -> None:
        self._header: tuple[str, Callable[[Roots], str | None]] | None = None
        self._query: tuple[str, Render] | None = None
        if "bearer" in auth:
            token = compile_template(auth["bearer"])
            self._header = ("authorization", lambda roots: _prefixed("Bearer ", token(roots)))
        elif "basic" in auth:
            user, password = (compile_template(auth["basic"].get(key, "")) for key in ("username", "password"))
            self._header = ("authorization", lambda roots: _basic(user(roots), password(roots)))
        elif "api_key" in auth:
            key = auth["api_key"]
            value = compile_template(key["value"])
            if key["in"] == "query":
                self._query = (key["name"], value)
            else:
                self._header = (key["name"].lower(), lambda roots: _prefixed("", value(roots)))
        self.header_names = frozenset({self._header[0]}) if self._header else frozenset()

    def headers(self, roots: Roots) -> dict[str, str]:
        """Return the header that authenticates."""
        if self._header is None:
            return {}
        value = self._header[1](roots)
        return {} if value is None else {self._header[0]: value}

    def query(self, roots: Roots) -> list[tuple[str, str]]:
        """Return the parameter that authenticates."""
        if self._query is None:
            return []
        value = self._query[1](roots)
        return [] if value is ABSENT or value is None else [(self._query[0], str(value))]


def _prefixed(prefix: str, value: Any) -> str | None:
    if value is ABSENT or value is None:
        return None
    try:
        return header_value(f"{prefix}{value}")
    except Refused as refusal:
        raise ConnectionInvalid("", f"the credential of the connection {refusal}") from None


def _basic(user: Any, password: Any) -> str | None:
    import base64

    if user is ABSENT and password is ABSENT:
        return None
    both = f"{'' if user is ABSENT else user}:{'' if password is ABSENT else password}"
    return "Basic " + base64.b64encode(both.encode()).decode()


_BodyRender = Callable[[Roots, dict[str, Any], dict[str, str]], tuple[Body | None, dict[str, Any]]]


def _body(request: dict[str, Any], style: Style) -> _BodyRender | None:
    """Return what renders the body: from roots, extras and headers, to the body and the extras that are left."""
    if "json" in request:
        return _json_body(request["json"])
    if "form" in request:
        return _form_body(request["form"], style)
    if "multipart" in request:
        return _multipart_body(request["multipart"], style)
    return _raw_body(request["raw"]) if "raw" in request else None


def _json_body(tree: Any) -> _BodyRender:
    sink = _sink(tree, "json")
    optional = isinstance(tree, str) and whole(tree) is not None

    def render(roots: Roots, extras: dict[str, Any], headers: dict[str, str]) -> tuple[Body | None, dict[str, Any]]:
        value = sink(roots)
        if value is ABSENT:
            if optional and not extras:
                return None, extras
            value = [] if isinstance(tree, list) else {}
        if extras and isinstance(value, dict):
            value, extras = {**extras, **value}, {}
        try:
            content = Content.json(value)
        except (TypeError, ValueError):
            raise _Misfit(sink, "a file cannot stand in JSON") from None
        headers.setdefault("content-type", content.media_type)
        return content, extras

    return render


def _form_body(tree: Any, style: Style) -> _BodyRender:
    parameters, dynamic = _parameters(tree, style, "form"), _dynamic(tree, "form")

    def render(roots: Roots, extras: dict[str, Any], headers: dict[str, str]) -> tuple[Body | None, dict[str, Any]]:
        found = [pair for one in parameters for pair in _text_pairs(one, roots)]
        if dynamic is not None and isinstance(given := dynamic(roots), dict):
            found += [pair for name, value in given.items() for pair in _checked_pairs(dynamic, name, value, style)]
        made = {one.name for one in parameters}
        found += [pair for name, value in extras.items() if name not in made for pair in pairs(name, value, style)]
        text = form_text(found)
        headers.setdefault("content-type", "application/x-www-form-urlencoded")
        return Content(text.encode(), headers["content-type"], text), {}

    return render


@dataclass(frozen=True, slots=True)
class _PartTemplate:
    name: str
    value: Sink
    style: Style
    file_name: Sink | None
    media_type: Sink | None


def _multipart_body(tree: Any, style: Style) -> _BodyRender:
    templates = [_part_template(name, value, style) for name, value in _mapping(tree).items()]
    dynamic = _dynamic(tree, "multipart")

    def render(roots: Roots, extras: dict[str, Any], headers: dict[str, str]) -> tuple[Body | None, dict[str, Any]]:
        parts = [part for one in templates for part in _parts(one, roots)]
        if dynamic is not None and isinstance(given := dynamic(roots), dict):
            parts += [_part(name, value) for key, one in given.items() for name, value in pairs(key, one, style)]
        made = {one.name for one in templates}
        parts += [
            _part(name, value)
            for key, one in extras.items()
            if key not in made
            for name, value in pairs(key, one, style)
        ]
        headers["content-type"] = Multipart.media_type
        return Multipart(tuple(parts)), {}

    return render


def _part_template(name: str, value: Any, style: Style) -> _PartTemplate:
    if not (isinstance(value, dict) and "value" in value and set(value) <= _PART_KEYS and len(value) > 1):
        return _PartTemplate(name, _sink(value, f"multipart/{name}"), style, None, None)
    file_name, media_type = (
        _sink(value[key], f"multipart/{name}/{key}") if key in value else None for key in ("name", "media_type")
    )
    own = {**style, **value.get("style", {})}
    return _PartTemplate(name, _sink(value["value"], f"multipart/{name}"), own, file_name, media_type)


def _parts(template: _PartTemplate, roots: Roots) -> list[Part]:
    value = template.value(roots)
    if value is ABSENT:
        return []
    file_name = _text_of(template.file_name, roots)
    media_type = _text_of(template.media_type, roots)
    if media_type and "json" in media_type and not isinstance(value, File):
        content = Content.json(value)
        return [Part(template.name, content.data, file_name, media_type)]
    return [_part(name, one, file_name, media_type) for name, one in pairs(template.name, value, template.style)]


def _text_of(sink: Sink | None, roots: Roots) -> str | None:
    value = sink(roots) if sink is not None else ABSENT
    return None if value is ABSENT or value is None else str(value)


def _part(name: str, value: Any, file_name: str | None = None, media_type: str | None = None) -> Part:
    if isinstance(value, File):
        return Part(name, value, file_name or value.name, media_type or value.media_type)
    text = ",".join(value) if isinstance(value, Listed) else value
    return Part(name, text.encode(), file_name, media_type)


def _raw_body(tree: Any) -> _BodyRender:
    sink = _sink(tree, "raw")

    def render(roots: Roots, extras: dict[str, Any], headers: dict[str, str]) -> tuple[Body | None, dict[str, Any]]:
        if extras:
            raise _Misfit(Sink(sink.render, tuple(extras), "raw"), "cannot be added to a body that is one file")
        value = sink(roots)
        if value is ABSENT or value is None:
            return None, extras
        if isinstance(value, File):
            headers.setdefault("content-type", value.media_type or OCTETS)
            return Raw(value), extras
        if not isinstance(value, str):
            raise _Misfit(sink, "must be a file or text")
        headers.setdefault("content-type", "text/plain; charset=utf-8")
        return Content(value.encode(), headers["content-type"], value), extras

    return render
