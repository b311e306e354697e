"""An answer to an output: bodies decoded, errors told apart, expressions evaluated. No I/O.

Vendors' answers are never validated: what is missing is null in the output.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from koppling.errors import Kind
from koppling.expression import ABSENT, ExpressionError, Roots, compile_expression
from koppling.files import File
from koppling.fold import compile_fold
from koppling.template import compile_template, whole

# (subject, roots) -> value, None where nothing is there
Evaluate = Callable[[Any, Roots], Any]


class Unreadable(ValueError):
    """A body that is not what its format says."""


def value_of(text: str) -> Evaluate:
    """Compile a key whose value is an expression: bare JMESPath over the subject, or one `${…}` over the roots.

    What cannot be evaluated on this answer is null.
    """
    inner = whole(text)
    find = compile_expression(text if inner is None else inner)

    def evaluate(subject: Any, roots: Roots) -> Any:
        try:
            value = find(subject if inner is None else roots)
        except ExpressionError:
            return None
        return None if value is ABSENT else value

    return evaluate


def text_of(tree: Any) -> Evaluate:
    """Compile a text that may hold `${…}`."""
    render = compile_template(tree)

    def evaluate(_subject: Any, roots: Roots) -> Any:
        try:
            value = render(roots)
        except ExpressionError:
            return None
        return None if value is ABSENT else value

    return evaluate


class Output:
    """An `output`, `envelope` or `delta`: one expression, or a map of them."""

    def __init__(self, plan: Any) -> None:
        self._one = _entry(plan) if isinstance(plan, str) else None
        self._entries = [] if isinstance(plan, str) else [(key, _entry(value)) for key, value in plan.items()]

    def __call__(self, subject: Any, roots: Roots) -> Any:
        """Return the value over a subject."""
        if self._one is not None:
            return self._one(subject, roots)
        return {key: entry(subject, roots) for key, entry in self._entries}


def _entry(plan: Any) -> Evaluate:
    return value_of(plan) if isinstance(plan, str) else _converted(plan)


def _converted(plan: dict[str, Any]) -> Evaluate:
    find = value_of(plan["value"])
    unless = text_of(plan["unless"]) if "unless" in plan else None
    convert = _CONVERSIONS[plan.get("as", "")]
    name, media_type = (text_of(plan[key]) if key in plan else None for key in ("name", "media_type"))

    def evaluate(subject: Any, roots: Roots) -> Any:
        value = find(subject, roots)
        if value is None or (unless is not None and unless(subject, roots)):
            return value
        named = _Named(
            *(str(found) if one and (found := one(subject, roots)) is not None else None for one in (name, media_type))
        )
        if isinstance(value, list) and any(isinstance(one, str) for one in value):
            return [convert(one, named.numbered(index, len(value))) for index, one in enumerate(value)]
        return convert(value, named)

    return evaluate


@dataclass(frozen=True, slots=True)
class _Named:
    name: str | None
    media_type: str | None

    def numbered(self, index: int, count: int) -> _Named:
        if self.name is None or count == 1:
            return self
        stem, dot, suffix = self.name.partition(".")
        return _Named(f"{stem}-{index + 1}{dot}{suffix}", self.media_type)


def _file(value: Any, named: _Named) -> Any:
    if isinstance(value, File):
        return File(value.read(), name=named.name or value.name, media_type=named.media_type or value.media_type)
    if not isinstance(value, str):
        return value
    import base64

    try:
        data = base64.b64decode(value, validate=True)
    except ValueError:
        return value
    return File(data, name=_with_suffix(named), media_type=named.media_type)


def _with_suffix(named: _Named) -> str:
    name = named.name or "file"
    if "." in name or not named.media_type:
        return name
    import mimetypes

    return name + (mimetypes.guess_extension(named.media_type) or "")


def _float32(value: Any, _named: _Named) -> Any:
    if not isinstance(value, str):
        return value
    import base64
    import sys
    from array import array

    found = array("f")
    try:
        found.frombytes(base64.b64decode(value, validate=True))
    except ValueError:
        return value
    if sys.byteorder == "big":
        found.byteswap()
    return found.tolist()


def _json(value: Any, _named: _Named) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


_CONVERSIONS: dict[str, Callable[[Any, _Named], Any]] = {
    "file": _file,
    "float32": _float32,
    "json": _json,
    "": lambda value, _named: value,
}


@dataclass(frozen=True, slots=True)
class Wait:
    """How a job is polled until it is done."""

    status: int | None
    target: Evaluate | None
    every: Evaluate
    until: Evaluate | None
    fail: Evaluate | None
    deadline: float


@dataclass(frozen=True, slots=True)
class Pages:
    """How the next page is asked for. Exactly one of `cursors`, `link`, `target`, `number`, `offset` is set."""

    cursors: dict[str, Evaluate]
    link: str | None
    target: Evaluate | None
    number: int | None
    offset: int | None
    going_on: Evaluate | None
    largest: int | None
    always: bool

    def first(self, left: int | None) -> dict[str, Any]:
        """Return the root `page` of the first page; `left` is what the limit allows."""
        page: dict[str, Any] = {}
        if self.number is not None:
            page["number"] = self.number
        if self.offset is not None:
            page["offset"] = self.offset
        return self._sized(page, left)

    def next(
        self, page: dict[str, Any], count: int, body: Any, roots: Roots, left: int | None
    ) -> dict[str, Any] | None:
        """Return the root `page` of the next page, None where this was the last.

        `count` is how many items this one had.
        """
        if self.number is not None or self.offset is not None:
            if not count:
                return None
            turned = {key: page[key] + step for key, step in (("number", 1), ("offset", count)) if key in page}
            if self.number is not None:  # a page's number means something only among pages of one size
                return turned if "size" not in page else {**turned, "size": page["size"]}
        else:
            turned = {name: find(body, roots) for name, find in self.cursors.items()}
            if any(value is None or value == "" for value in turned.values()):
                return None
        return self._sized(turned, left)

    def _sized(self, page: dict[str, Any], left: int | None) -> dict[str, Any]:
        if self.largest is not None and (left is not None or self.always):
            page["size"] = self.largest if left is None else min(left, self.largest)
        return page


@dataclass(frozen=True, slots=True)
class Follow:
    """How a list of events is kept coming."""

    when: Evaluate
    newest_first: bool
    key: str
    every: float
    module: str
    inputs: Callable[[Roots], Any]
    done: Evaluate


@dataclass(frozen=True, slots=True)
class Stream:
    """How a stream is asked for, read, shown and folded.

    A whole stream ends with `mark`, or has an event that fulfils `complete`.
    """

    set: dict[str, Any]
    format: str
    mark: str | None
    complete: Evaluate | None
    error: Evaluate | None
    delta: Output
    fold: Callable[[Any, Any], Any]


class Case:
    """One way in which an answer is read."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.when = value_of(plan["when"]) if "when" in plan else None
        self.format: str = plan.get("format", "json")
        self.output = Output(plan["output"]) if "output" in plan else None
        self.items = value_of(plan["items"]) if "items" in plan else None
        # Elements of a stream of lines can be shown as they come, where nothing but the line is looked at.
        self.items_are_events = plan.get("items") == "@" and self.format in {"sse", "ndjson"}
        self.envelope = Output(plan["envelope"]) if "envelope" in plan else None
        self._usage = {name: value_of(text) for name, text in plan.get("usage", {}).items()}
        self.limit = text_of(plan["limit"]) if "limit" in plan else None
        self.pages = _pages(plan["pages"]) if "pages" in plan else None
        self.wait = _wait(plan["wait"]) if "wait" in plan else None
        self.follow = _follow(plan["follow"]) if "follow" in plan else None
        self.stream = _stream(plan["stream"]) if "stream" in plan else None

    def bundle(self, subject: Any, roots: Roots) -> Any:
        """Return the output over a body or an item."""
        return subject if self.output is None else self.output(subject, roots)

    def usage(self, body: Any, roots: Roots) -> dict[str, int | float] | None:
        """Return what a call used, as far as its answer tells in numbers."""
        found = {name: find(body, roots) for name, find in self._usage.items()}
        told = {name: one for name, one in found.items() if type(one) in (int, float)}
        return told or None


def _pages(plan: dict[str, Any]) -> Pages:
    size = plan.get("size", {})
    return Pages(
        cursors={name: value_of(text) for name, text in plan.get("next", {}).items()},
        link=plan.get("link"),
        target=value_of(plan["target"]) if "target" in plan else None,
        number=plan["number"].get("start", 1) if "number" in plan else None,
        offset=plan["offset"].get("start", 0) if "offset" in plan else None,
        going_on=value_of(plan["while"]) if "while" in plan else None,
        largest=size.get("max"),
        always=bool(size.get("always")),
    )


def _wait(plan: dict[str, Any]) -> Wait:
    until, fail, target = (value_of(plan[key]) if key in plan else None for key in ("until", "fail", "target"))
    return Wait(
        plan.get("status"), target, text_of(plan.get("every", 5)), until, fail, float(plan.get("deadline", 600))
    )


def _follow(plan: dict[str, Any]) -> Follow:
    until = plan["until"]
    return Follow(
        when=text_of(plan["when"]),
        newest_first=plan.get("newest", "first") == "first",
        key=plan.get("key", "id"),
        every=float(plan.get("every", 5)),
        module=until["module"],
        inputs=compile_template(until.get("inputs", {})),
        done=value_of(until["when"]),
    )


def _stream(plan: dict[str, Any]) -> Stream:
    done = plan.get("done")
    return Stream(
        set=plan.get("set", {}),
        format=plan.get("format", "sse"),
        mark=done if isinstance(done, str) else None,
        complete=value_of(done["when"]) if isinstance(done, dict) else None,
        error=value_of(plan["error"]) if "error" in plan else None,
        delta=Output(plan["delta"]),
        fold=compile_fold(plan["fold"]),
    )


class TelemetryNames:
    """What the conventions for generative AI ask of a call, as a spec says where to find it."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        self.provider: str | None = plan.get("provider")
        self.operation: str | None = plan.get("operation")
        self._asked = text_of(plan["request_model"]) if "request_model" in plan else None
        self._told = {key: value_of(plan[f"response_{key}"]) for key in ("model", "id") if f"response_{key}" in plan}

    def asked(self, inputs: Mapping[str, Any]) -> str | None:
        """Return the model that is asked for."""
        found = self._asked(None, {"input": inputs}) if self._asked else None
        return found if isinstance(found, str) else None

    def told(self, body: Any, roots: Roots) -> dict[str, str]:
        """Return `model` and `id` of an answer, those of them that it tells."""
        found = {key: find(body, roots) for key, find in self._told.items()}
        return {key: one for key, one in found.items() if isinstance(one, str)}


@dataclass(frozen=True, slots=True)
class ErrorMatch:
    """What an entry of the error map says of an answer."""

    kind: Kind
    retry: bool | None = None


class Errors:
    """The error map of an operation, with where the vendor writes what went wrong."""

    def __init__(self, entries: list[dict[str, Any]], body: Mapping[str, str], request_id: str | None) -> None:
        self._entries = [
            (
                _statuses(entry["status"]),
                value_of(entry["when"]) if "when" in entry else None,
                ErrorMatch(entry["kind"], entry.get("retry")),
            )
            for entry in entries
        ]
        #: Whether an answer with a success's status may be an error.
        self.disguised = any(fits(status) for fits, _, _ in self._entries for status in (200, 201, 202))
        self._facts = {name: value_of(text) for name, text in body.items() if not name.startswith("x-")}
        self._request_id = request_id.lower() if request_id else None

    def match(self, status: int, headers: dict[str, str], body: Any) -> ErrorMatch | None:
        """Return the first entry that fits; for an answer that is no success, at least kind runtime."""
        roots: Roots = {"status": status, "headers": headers, "body": body}
        for fits, when, found in self._entries:
            if fits(status) and (when is None or when(body, roots)):
                return found
        return None if 200 <= status < 300 else ErrorMatch("runtime")  # noqa: PLR2004

    def facts(self, status: int, headers: dict[str, str], body: Any) -> dict[str, str | None]:
        """Return the vendor's message, code, type and param, as text."""
        roots: Roots = {"status": status, "headers": headers, "body": body}
        return {name: _fact(find(body, roots)) for name, find in self._facts.items()}

    def request_id(self, headers: Mapping[str, str]) -> str | None:
        """Return the vendor's name for the call."""
        return headers.get(self._request_id) if self._request_id else None


def _fact(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _statuses(plan: Any) -> Callable[[int], bool]:
    ranges = [_range(one) for one in (plan if isinstance(plan, list) else [plan])]
    return lambda status: any(low <= status <= high for low, high in ranges)


def _range(plan: Any) -> tuple[int, int]:
    low, _, high = str(plan).partition("-")
    return int(low), int(high or low)


def media_type(headers: Mapping[str, str]) -> str:
    """Return the media type of an answer, without parameters."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def format_of(form: str, headers: Mapping[str, str]) -> str:
    """Return json, text or bytes for the format `auto`; any other format as it is."""
    if form != "auto":
        return form
    if is_json(headers):
        return "json"
    return "text" if media_type(headers).startswith("text/") else "bytes"


def is_json(headers: Mapping[str, str]) -> bool:
    """Tell whether an answer says that it is JSON."""
    kind = media_type(headers)
    return kind == "application/json" or kind.endswith("+json")


def decode(form: str, data: bytes, status: int, headers: Mapping[str, str]) -> Any:
    """Return a whole body as a value: JSON, text.

    Raises:
        Unreadable: it is not what the format says.
    """
    if form == "text":
        return data.decode(_charset(headers), errors="replace")
    if not data.strip():
        if status in {202, 204, 205}:
            return None
        raise Unreadable("the body is empty where JSON was expected")
    try:
        return _DECODER.decode(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        kind = media_type(headers) or "no media type"
        start = data[:80].decode(errors="replace").strip()
        raise Unreadable(f"the body is no JSON ({kind}); it begins with {start!r}") from None


def _no_constant(text: str) -> Any:
    raise ValueError(text)


_DECODER = json.JSONDecoder(parse_constant=_no_constant)  # NaN and Infinity are no JSON


def _charset(headers: Mapping[str, str]) -> str:
    import codecs

    _, _, found = headers.get("content-type", "").partition("charset=")
    name = found.partition(";")[0].strip(" \"'") or "utf-8"
    try:
        return codecs.lookup(name).name
    except LookupError:
        return "utf-8"


def file_name(headers: Mapping[str, str], url: str) -> str:
    """Return the name of a body that is a file.

    Of Content-Disposition (RFC 6266), else the last segment of the address.
    """
    from urllib.parse import unquote, urlsplit

    disposition = headers.get("content-disposition", "")
    name = ""
    for piece in disposition.split(";")[1:]:
        key, _, value = piece.strip().partition("=")
        if key.lower() == "filename*" and "''" in value:
            name = unquote(value.partition("''")[2])
            break
        if key.lower() == "filename":
            name = value.strip(' "')
    name = name or unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2])
    # A vendor's name for a file is a name, never a way to another folder.
    name = name.replace("\\", "/").rpartition("/")[2].strip()
    return "".join(one for one in name if one.isprintable()).lstrip(".") or "file"


def links_of(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the addresses of a Link header by their rel (RFC 8288)."""
    import re

    found: dict[str, str] = {}
    for address, parameters in re.findall(r"<([^>]*)>((?:\s*;\s*[^,;\"]+(?:\"[^\"]*\")?)*)", headers.get("link", "")):
        rel = re.search(r";\s*rel\s*=\s*\"?([^\";]+)\"?", parameters, re.IGNORECASE)
        for name in rel[1].split() if rel else ():
            found.setdefault(name.lower(), address)
    return found
