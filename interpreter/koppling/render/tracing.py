"""The trace of a request: its parts, asked one by one of what renders them, each with where it came from.

Nothing here makes a value: the sinks, parameters, headers and bodies of the RequestTemplate do, as they do for a call.
What is added is which text of the spec each value came out of, which the shape of the two tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from koppling.diagnostics import join_pointer
from koppling.encode import Style, pairs
from koppling.expression import ABSENT, Roots
from koppling.render.bodies import FormBody, JsonBody, MultipartBody, PartTemplate, part_of
from koppling.render.parameters import Parameter, checked_pairs
from koppling.render.request import AGENT, PathValue, RequestTemplate
from koppling.render.sink import At, Misfit, Sink
from koppling.render.sources import sources
from koppling.retry import KEY
from koppling.template import compile_template
from koppling.trace import Leaf, PartOf


def trace(template: RequestTemplate, roots: Roots, extras: dict[str, Any]) -> list[Leaf]:
    """Return the parts of the request that `template.render` makes of the same roots and extras, in their order.

    What is left out is there too, with why (`dropped`), and what may not stand in its place (`refused`), which `render`
    raises.

    Raises:
        ConnectionInvalid: a credential that no header can carry.
    """
    return list(_Tracer(template, roots, extras).leaves())


class _Tracer:
    def __init__(self, template: RequestTemplate, roots: Roots, extras: dict[str, Any]) -> None:
        self._template, self._roots, self._extras = template, roots, extras

    def leaves(self) -> Iterator[Leaf]:
        template = self._template
        yield from self._plain("method", template.method, template.method)
        yield from self._plain("base_url", template.base, template.base_url)
        yield from self._address()
        yield from self._query()
        headers = list(self._headers())
        headers += self._media_type({leaf.name for leaf in headers if leaf.value is not None})
        yield from _last_wins(headers)
        yield from self._body()

    # ---- one template in one place ----

    def _leaf(self, part: PartOf, name: str, value: Any, tree: Any, at: At, **said: Any) -> Leaf:
        """Return the leaf of one template. An absent value makes it a dropped one."""
        read, place = sources(tree, self._roots), self._template.places.find(at)
        dropped = said.pop("dropped", "")
        if value is ABSENT:
            value, dropped = None, dropped or read.why()
        return Leaf(
            part,
            name,
            value,
            read.text if place and tree != KEY else "",  # what no line says, as a GET, is ours
            place,
            read.inputs,
            read.missing,
            read.others,
            read.exact,
            dropped,
            **said,
        )

    def _plain(self, part: PartOf, sink: Sink, value: Callable[[Roots], Any], name: str = "") -> Iterator[Leaf]:
        try:
            found = value(self._roots)
        except Misfit as misfit:
            yield self._refusal(part, name, misfit)
        else:
            yield self._leaf(part, name, found, sink.tree, sink.at)

    def _refusal(self, part: PartOf, name: str, misfit: Misfit) -> Leaf:
        return self._leaf(part, name, None, misfit.sink.tree, misfit.sink.at, refused=str(misfit))

    # ---- the parts of a request ----

    def _address(self) -> Iterator[Leaf]:
        template = self._template
        if (target := template.target) is not None:
            yield from self._plain(
                "target", target, lambda roots: "?".join(one for one in template.target_parts(target, roots) if one)
            )
            return
        for part in template.path:
            if isinstance(part, PathValue):
                yield from self._plain("path", part.sink, part.text)
            else:
                yield Leaf("path", "", part, part, template.places.find(("path",)))

    def _query(self) -> Iterator[Leaf]:
        template = self._template
        for parameter in template.query:
            yield from self._parameter("query", parameter)
        yield from self._given("query", template.dynamic_query)
        body = template.body
        if body is None or (isinstance(body, JsonBody) and not isinstance(self._json_value(body), dict)):
            yield from self._extra("query", self._extras)
        if (name := template.auth.query_name) is not None:
            yield self._credential("query", name, dict(template.auth.query(self._roots)).get(name))

    def _headers(self) -> Iterator[Leaf]:
        template, roots = self._template, self._roots
        accept = template.places.find(("accept",))
        yield Leaf("header", "accept", template.accept, place=accept, others=("response.format",) if accept else ())
        yield Leaf("header", "user-agent", AGENT)
        for header in template.headers:
            try:
                text = header.text(roots)
            except Misfit as misfit:
                yield self._refusal("header", header.name, misfit)
                continue
            absent = header.value(roots) is ABSENT
            why = "" if text is not None or absent else "it is null, which a header cannot say"
            value = ABSENT if absent else text
            yield self._leaf("header", header.name, value, header.value.tree, header.value.at, dropped=why)
        if template.auth.header_name:
            found = template.auth.headers(roots).get(template.auth.header_name)
            yield self._credential("header", template.auth.header_name, found)
        if (sink := template.dynamic_headers) is not None:
            yield from self._given_headers(sink)

    def _given_headers(self, sink: Sink) -> Iterator[Leaf]:
        try:
            found, given = self._template.given_headers(self._roots), sink(self._roots)
        except Misfit as misfit:
            yield self._refusal("header", "", misfit)
            return
        whole = self._leaf("header", "", given, sink.tree, sink.at)
        if not isinstance(given, dict):
            yield whole if whole.dropped else replace(whole, value=None, dropped="it is no object")
            return
        for name in given:
            leaf = whole.below(name.lower(), join_pointer(name))
            text = found.get(name.lower())
            why = "" if text is not None else "it is null, which a header cannot say"
            yield replace(leaf, value=text, dropped=why)

    def _credential(self, part: PartOf, name: str, value: str | None) -> Leaf:
        auth = self._template.auth
        leaf = self._leaf(part, name, ABSENT if value is None else value, auth.tree, auth.at)
        return replace(leaf, secret=True, exact=False)

    def _media_type(self, known: set[str]) -> Iterator[Leaf]:
        """Yield the header that the body brings, where the spec has none."""
        body, headers = self._template.body, dict.fromkeys(known, "")
        if body is None or ("content-type" in known and not isinstance(body, MultipartBody)):
            return
        try:
            body.render(self._roots, self._extras, headers)
        except Misfit:
            return
        if "content-type" in headers:
            place = self._template.places.find((body.key,))
            yield Leaf("header", "content-type", headers["content-type"], place=place)

    # ---- bodies ----

    def _body(self) -> Iterator[Leaf]:
        body = self._template.body
        if isinstance(body, JsonBody):
            yield from self._json(body)
        elif isinstance(body, FormBody):
            for parameter in body.parameters:
                yield from self._parameter("form", parameter)
            yield from self._given("form", body.dynamic)
            yield from self._extra("form", {name: one for name, one in self._extras.items() if name not in body.made})
        elif isinstance(body, MultipartBody):
            for one in body.templates:
                yield from self._parts(one)
            yield from self._given("multipart", body.dynamic)
            yield from self._extra(
                "multipart", {name: one for name, one in self._extras.items() if name not in body.made}
            )
        elif body is not None:
            yield from self._raw(body.sink)

    def _json_value(self, body: JsonBody) -> Any:
        """Return the value of a body in JSON as it is sent; None where there is no body."""
        try:
            content, _ = body.content(self._roots, self._extras)
        except Misfit:
            return None
        return None if content is None else content.value

    def _json(self, body: JsonBody) -> Iterator[Leaf]:
        sink = body.sink
        try:
            content, left = body.content(self._roots, self._extras)
            own = sink(self._roots)
        except Misfit as misfit:
            yield self._refusal("json", "", misfit)
            return
        if content is None:
            yield self._leaf("json", "", ABSENT, sink.tree, sink.at)
            return
        if not left and isinstance(content.value, dict):
            made = own if isinstance(own, dict) else {}
            yield from self._extra("json", {name: one for name, one in self._extras.items() if name not in made})
        if own is ABSENT and not self._extras:
            yield Leaf("json", "", content.value, place=self._template.places.find(sink.at))
        for pointer, value, tree, at in spread(sink.tree, sink.at, own, (), self._roots):
            yield self._leaf("json", join_pointer(*pointer), value, tree, at)

    def _raw(self, sink: Sink) -> Iterator[Leaf]:
        body = self._template.body
        assert body is not None  # noqa: S101  (there is one; for the type checker)
        try:
            content, _ = body.render(self._roots, self._extras, {})
            value = sink(self._roots)
        except Misfit as misfit:
            yield self._refusal("raw", "", misfit)
            return
        why = "it is null" if content is None and value is not ABSENT else ""
        yield self._leaf("raw", "", value, sink.tree, sink.at, dropped=why)

    # ---- what is written as pairs ----

    def _parameter(self, part: PartOf, parameter: Parameter) -> Iterator[Leaf]:
        sink = parameter.value
        try:
            value = sink(self._roots)
            found: list[tuple[str, Any]] = parameter.pairs(self._roots)
        except Misfit as misfit:
            yield self._refusal(part, parameter.name, misfit)
            return
        yield from self._written(part, sink, parameter.name, value, found, parameter.style)

    def _parts(self, template: PartTemplate) -> Iterator[Leaf]:
        parameter = template.parameter
        try:
            value = parameter.value(self._roots)
            parts = template.parts(self._roots)
        except Misfit as misfit:
            yield self._refusal("multipart", parameter.name, misfit)
            return
        found: list[tuple[str, Any]] = [(part.name, part) for part in parts]
        whole = isinstance(value, dict | list) and any("json" in (part.media_type or "") for part in parts)
        style = None if whole else parameter.style
        yield from self._written("multipart", parameter.value, parameter.name, value, found, style)
        for sink, what in ((template.file_name, "file name"), (template.media_type, "media type")):
            if sink is not None and parts:
                yield from self._plain("multipart", sink, sink, f"{parameter.name}, {what}")

    def _written(
        self, part: PartOf, sink: Sink, name: str, value: Any, found: list[tuple[str, Any]], style: Style | None
    ) -> Iterator[Leaf]:
        """Yield a leaf for each pair that a value is written as, and for what is left out of it.

        Without a style the value is written as one pair, whatever it is.
        """
        whole = self._leaf(part, name, value, sink.tree, sink.at)
        bits = {
            join_pointer(*pointer): self._leaf(part, _spelling(name, pointer, style), one, tree, at)
            for pointer, one, tree, at in spread(sink.tree, sink.at, value, (), self._roots)
        }
        origins = [origin for _, origin in pairs(name, _shadow(value), style)] if style is not None else [""]
        used: set[str | None] = set() if style is not None else set(bits)
        for (key, text), origin in zip(found, origins, strict=True):
            leaves = []
            for pointer in [origin] if isinstance(origin, str) else origin:
                own = _within(bits, pointer)
                used.add(own)
                leaves.append(whole.below(key, pointer) if own is None else bits[own].below(key, pointer[len(own) :]))
            inputs = tuple(dict.fromkeys(one for leaf in leaves for one in leaf.inputs))
            yield replace(leaves[0], value=text, inputs=inputs)
        for pointer, leaf in bits.items():
            if leaf.dropped:
                yield leaf
            elif pointer not in used:
                yield replace(leaf, value=None, dropped="it is null" if leaf.value is None else "it is empty")

    def _given(self, part: PartOf, sink: Sink | None) -> Iterator[Leaf]:
        """Yield the pairs of a map that an input holds whole."""
        if sink is None:
            return
        try:
            given = sink(self._roots)
            names = given if isinstance(given, dict) else {}
            if part != "multipart":
                for name, one in names.items():
                    checked_pairs(sink, name, one, self._template.style)
        except Misfit as misfit:
            yield self._refusal(part, "", misfit)
            return
        whole = self._leaf(part, "", given, sink.tree, sink.at)
        if not names:
            yield whole if whole.dropped else replace(whole, value=None, dropped="it is empty")
        for name, one in names.items():
            yield from self._spelled(part, whole.below(name, join_pointer(name)), one)

    def _extra(self, part: PartOf, extras: dict[str, Any]) -> Iterator[Leaf]:
        """Yield inputs that no field declares."""
        for name, value in extras.items():
            leaf = Leaf(part, name, value, inputs=(join_pointer(name),), exact=True)
            if part == "json":
                yield replace(leaf, name=join_pointer(name))
            else:
                yield from self._spelled(part, leaf, value)

    def _spelled(self, part: PartOf, leaf: Leaf, value: Any) -> Iterator[Leaf]:
        style = self._template.style
        found = list(pairs(leaf.name, value, style))
        if not found:
            yield replace(leaf, value=None, dropped="it is null" if value is None else "it is empty")
        for (name, text), (_, origin) in zip(found, pairs(leaf.name, _shadow(value), style), strict=True):
            steps = origin if isinstance(origin, str) else ""
            yield replace(leaf.below(name, steps), value=part_of(name, text) if part == "multipart" else text)


def spread(
    tree: Any, at: At, value: Any, pointer: tuple[str | int, ...], roots: Roots
) -> Iterator[tuple[tuple[str | int, ...], Any, Any, At]]:
    """Yield each text and scalar of a tree with what became of it: where in the value, what, the text, its place.

    What is absent is ABSENT, and its pointer tells where it would stand.
    """
    if isinstance(tree, dict) and tree:
        for key, one in tree.items():
            inner = value.get(key, ABSENT) if isinstance(value, dict) else ABSENT
            yield from spread(one, (*at, key), inner, (*pointer, key), roots)
    elif isinstance(tree, list) and tree:
        index = 0
        for position, one in enumerate(tree):
            if value is ABSENT or compile_template(one)(roots) is ABSENT:
                yield from spread(one, (*at, position), ABSENT, (*pointer, position), roots)
            else:
                yield from spread(one, (*at, position), value[index], (*pointer, index), roots)
                index += 1
    else:
        yield pointer, value, tree, at


def _shadow(value: Any, pointer: tuple[str | int, ...] = ()) -> Any:
    """Return a value of the same shape whose scalars say where they stand, so that it is written as the same pairs."""
    if isinstance(value, dict):
        return {key: _shadow(one, (*pointer, key)) for key, one in value.items()}
    if isinstance(value, list):
        return [_shadow(one, (*pointer, index)) for index, one in enumerate(value)]
    return None if value is None or value is ABSENT else join_pointer(*pointer)


def _spelling(name: str, pointer: tuple[str | int, ...], style: Style | None) -> str:
    """Return the name that a place of a parameter's value is written as."""
    value: Any = ""
    for step in reversed(pointer):
        value = {step: value} if isinstance(step, str) else [value]
    return name if style is None else next(pairs(name, value, style))[0]


def _within(bits: dict[str, Leaf], pointer: str) -> str | None:
    """Return the place of the text of the spec that a place of a value came out of; None where it is several texts."""
    while pointer and pointer not in bits:
        pointer = pointer.rpartition("/")[0]
    return pointer if pointer in bits else None


def _last_wins(leaves: Iterable[Leaf]) -> Iterator[Leaf]:
    """Yield headers as they are sent: of one name the last, in the place of the first."""
    sent: dict[str, Leaf] = {}
    dropped = []
    for leaf in leaves:
        if leaf.value is None:
            dropped.append(leaf)
            continue
        if (earlier := sent.get(leaf.name)) is not None:
            dropped.append(replace(earlier, value=None, dropped=f"another {leaf.name} takes its place"))
        sent[leaf.name] = leaf
    yield from sent.values()
    yield from dropped
