"""The request of one operation: every template parsed once, each value escaped as its place demands."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from koppling import __version__
from koppling.diagnostics import Problem, join_pointer
from koppling.encode import Refused, Style, header_name, header_value, pairs, path_value, query_text, target_value
from koppling.errors import InputInvalid
from koppling.expression import ABSENT, Roots
from koppling.masking import Masker
from koppling.model import Request
from koppling.render.auth import Auth
from koppling.render.bodies import body_template
from koppling.render.parameters import checked_pairs, mapping, parameters
from koppling.render.places import Places
from koppling.render.sink import Misfit, Sink, dynamic, make_sink
from koppling.template import Reference, parse

AGENT = f"koppling/{__version__}"
ACCEPT = {"json": "application/json", "sse": "text/event-stream", "ndjson": "application/x-ndjson"}


class PathValue:
    """A `${…}` of a path; `several` where its value may be several segments."""

    __slots__ = ("_several", "sink")

    def __init__(self, sink: Sink, *, several: bool) -> None:
        self.sink, self._several = sink, several

    def text(self, roots: Roots) -> str:
        """Return the value, percent-encoded.

        Raises:
            Misfit: it may not stand in a path.
        """
        value = self.sink(roots)
        try:
            return path_value(None if value is ABSENT else value, several=self._several)
        except Refused as refusal:
            raise Misfit(self.sink, str(refusal)) from None


class Header:
    """A header of the spec, its name in lower case."""

    __slots__ = ("name", "value")

    def __init__(self, name: str, value: Sink) -> None:
        self.name, self.value = name, value

    def text(self, roots: Roots) -> str | None:
        """Return the value; None where it is absent or null.

        Raises:
            Misfit: it may not stand in a header.
        """
        value = self.value(roots)
        if value is ABSENT:
            return None
        try:
            return header_value(value)
        except Refused as refusal:
            raise Misfit(self.value, str(refusal)) from None


class RequestTemplate:
    """The request of one operation, compiled.

    Args:
        module: the full name, for messages.
        request: the merged `request` of the plan.
        auth: the connector's `auth`.
        style: the connector's `style`.
        places: where all of it stands in the spec.
    """

    def __init__(
        self, module: str, request: dict[str, Any], auth: dict[str, Any], style: Style, places: Places
    ) -> None:
        self.module = module
        self.places = places
        self.base = make_sink(request.get("base_url", ""), "base_url")
        self.method = make_sink(request.get("method", "GET"), "method")
        self.path = _path(request["path"]) if "path" in request else []
        self.target = make_sink(request["target"], "target") if "target" in request else None
        self._timeout: dict[str, float] = dict(request.get("timeout", {}))
        self.query = parameters(request.get("query", {}), style, "query")
        self.dynamic_query = dynamic(request.get("query"), "query")
        self.headers = [
            Header(name.lower(), make_sink(value, where, name))
            for where in ("shared_headers", "headers")
            for name, value in mapping(request.get(where)).items()
        ]
        self.dynamic_headers = dynamic(request.get("headers"), "headers")
        self.accept = ACCEPT.get(request.get("accept", ""), "*/*")
        self.style = style
        self.auth = Auth(auth)
        shared = {name.lower() for name in request.get("shared_headers", {})}
        self._built = frozenset(shared | ({self.auth.header_name} if self.auth.header_name else set()))
        self.body = body_template(request, style)

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
        except Misfit as misfit:
            raise InputInvalid(self.module, self.problems(misfit, masker)) from None
        except UnicodeEncodeError:  # inputs were looked at; a page's cursor comes from an answer
            problem = Problem("", "what would be sent holds half a surrogate pair, which is no text")
            raise InputInvalid(self.module, (problem,)) from None

    def problems(self, misfit: Misfit, masker: Masker) -> tuple[Problem, ...]:
        """Return what a misfit says of the inputs: a problem for each that the place reads."""
        sink, message = misfit.sink, masker.text(str(misfit))
        place = self.places.find(sink.at) or f"in {'/'.join(map(str, sink.at))}"
        return tuple(Problem(join_pointer(name) if name else "", message, (), place) for name in sink.inputs or ("",))

    def _render(self, roots: Roots, extras: dict[str, Any], masker: Masker) -> Request:
        method = self.method(roots)
        address, query = self.address(roots)
        found = [pair for one in self.query for pair in one.pairs(roots)]
        if self.dynamic_query is not None and isinstance(given := self.dynamic_query(roots), dict):
            found += [
                pair
                for name, value in given.items()
                for pair in checked_pairs(self.dynamic_query, name, value, self.style)
            ]
        headers = {"accept": self.accept, "user-agent": AGENT}
        for one in self.headers:
            text = one.text(roots)
            if text is not None:
                headers[one.name] = text
        headers.update(self.auth.headers(roots))
        headers.update(self.given_headers(roots))
        body, extras = self.body.render(roots, extras, headers) if self.body else (None, extras)
        found += [pair for name, value in extras.items() for pair in pairs(name, value, self.style)]
        found += self.auth.query(roots)
        if found:
            query = f"{query}&{query_text(found)}" if query else query_text(found)
        return Request(method, f"{address}?{query}" if query else address, headers, body, self._timeout, masker)

    def base_url(self, roots: Roots) -> str:
        """Return the address that the path is below of."""
        return str(self.base(roots)).rstrip("/")

    def address(self, roots: Roots) -> tuple[str, str]:
        """Return the address up to its query, and the query that a `target` brought.

        Raises:
            Misfit: a value that may not stand there.
        """
        base = self.base_url(roots)
        if self.target is not None:
            path, query = self.target_parts(self.target, roots)
            return f"{base}/{path}", query
        return _below(base, self.path, roots), ""

    def other(self, path: str, roots: Roots) -> str:
        """Return the address of another path, as a spec writes one, below the same address.

        Raises:
            ValueError: a value that may not stand there.
        """
        try:
            return _below(self.base_url(roots), _path(path), roots)
        except Misfit as misfit:
            raise ValueError(str(misfit)) from None

    def target_parts(self, target: Sink, roots: Roots) -> tuple[str, str]:
        """Return path and query of the `target`.

        Raises:
            Misfit: it is no relative reference.
        """
        value = target(roots)
        try:
            return target_value("" if value is ABSENT else value)
        except Refused as refusal:
            raise Misfit(target, str(refusal)) from None

    def given_headers(self, roots: Roots) -> dict[str, str]:
        """Return the headers that an input holds.

        Raises:
            Misfit: one that may not be given, or has no header's value.
        """
        found: dict[str, str] = {}
        sink = self.dynamic_headers
        if sink is not None and isinstance(given := sink(roots), dict):
            for name, value in given.items():
                try:
                    lower, text = header_name(name, self._built), header_value(value)
                except Refused as refusal:
                    raise Misfit(sink, f"the header {name!r} {refusal}") from None
                if text is not None:
                    found[lower] = text
        return found

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


def _below(base: str, parts: list[str | PathValue], roots: Roots) -> str:
    path = "".join(part if isinstance(part, str) else part.text(roots) for part in parts)
    return base + path if path.startswith("/") else f"{base}/{path}".rstrip("/")


def _path(text: str) -> list[str | PathValue]:
    return [
        PathValue(make_sink(f"${{{'+' * part.several}{part.expression}}}", "path", index), several=part.several)
        if isinstance(part, Reference)
        else part
        for index, part in enumerate(parse(text))
    ]
