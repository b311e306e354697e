"""What a spec says (…Spec), and what belongs to one call (Request, Response, Result)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from koppling.body import Body, Content, Multipart
from koppling.masking import Masker

State = Literal["planned", "active", "deprecated", "retired"]


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Since when a thing is there, and until when. Dates are ISO days in UTC and count from the day itself."""

    since: str | None = None
    deprecated: str | None = None
    retired: str | None = None
    replaced_by: str | None = None
    reason: str | None = None
    source: str | None = None

    def state(self, day: str) -> State:
        """Return the state on an ISO day."""
        if self.retired and self.retired <= day:
            return "retired"
        if self.deprecated and self.deprecated <= day:
            return "deprecated"
        return "planned" if self.since and self.since > day else "active"

    def as_json(self) -> dict[str, str]:
        """Return the keys that are set."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name))}

    def told(self, day: str) -> str:
        """Return the dates as they look from an ISO day, what to use instead, and why."""
        dates = (("deprecated", "deprecated since", self.deprecated), ("retires on", "retired since", self.retired))
        said = [f"{since if date <= day else to_come} {date}" for to_come, since, date in dates if date]
        if self.retired and self.retired <= day:
            said = said[-1:]
        if self.replaced_by:
            said.append(f"use {self.replaced_by} instead")
        return "; ".join(said) + (f" ({self.reason.rstrip('.')})" if self.reason else "")


def lifecycle_of(plan: Mapping[str, Any]) -> Lifecycle:
    """Return the lifecycle that a part of a plan carries, or the eternal one."""
    known = {key: value for key, value in (plan.get("lifecycle") or {}).items() if not key.startswith("x-")}
    return Lifecycle(**known)


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One input. `schema` is its JSON Schema as the spec wrote it, annotations included."""

    name: str
    schema: dict[str, Any]
    required: bool
    place: str  # file:line:column

    @property
    def title(self) -> str:
        """The label that the vendor's platform shows."""
        return str(self.schema.get("title", self.name))

    @property
    def secret(self) -> bool:
        """Whether its value may never be shown."""
        return bool(self.schema.get("secret"))

    @property
    def advanced(self) -> bool:
        """Whether it hides behind "advanced settings"."""
        return bool(self.schema.get("advanced"))

    @property
    def file(self) -> bool:
        """Whether its value is a file, or a list of files."""
        return takes_file(self.schema)

    @property
    def lifecycle(self) -> Lifecycle:
        """Its own lifecycle."""
        return lifecycle_of(self.schema)

    @property
    def values(self) -> dict[str, Lifecycle]:
        """The dated values."""
        dated = self.schema.get("values") or {}
        keys = Lifecycle.__slots__
        return {
            value: Lifecycle(**{key: said[key] for key in keys if key in (said or {})}) for value, said in dated.items()
        }

    @property
    def closed(self) -> bool:
        """Whether no other values than the dated ones are taken."""
        return "values" in self.schema and "type" not in self.schema


def takes_file(schema: Mapping[str, Any]) -> bool:
    """Tell whether the value of a field of this schema is a file, or a list of files."""
    alternatives = (schema, *schema.get("anyOf", ()), *schema.get("oneOf", ()))
    return any("file" in (one.get("format"), (one.get("items") or {}).get("format")) for one in alternatives)


@dataclass(frozen=True)
class OperationSpec:
    """One thing a module does: its inputs, its request, its response, all merged.

    `run` is what every call needs of it, as JSON; `rest` gives what else the spec says, when somebody asks.
    """

    name: str | None
    run: dict[str, Any]
    rest: Callable[[], dict[str, Any]] = field(repr=False, compare=False)

    @cached_property
    def plan(self) -> dict[str, Any]:
        """The merged spec, whole."""
        return {**self.run, **self.rest()}

    @property
    def title(self) -> str:
        """The label of the choice."""
        return str(self.plan.get("title") or self.name or "")

    @property
    def summary(self) -> str:
        """What it does, for people."""
        return str(self.plan.get("summary", ""))

    @cached_property
    def lifecycle(self) -> Lifecycle:
        """The operation's own lifecycle."""
        return lifecycle_of(self.run)

    @cached_property
    def fields(self) -> dict[str, FieldSpec]:
        """The inputs by name, in the order of the spec."""
        required, places = set(self.plan["required"]), self.plan["places"]
        return {
            name: FieldSpec(name, schema, name in required, places.get(name, ""))
            for name, schema in self.plan["fields"].items()
        }

    @property
    def is_search(self) -> bool:
        """Whether it gives a list of bundles."""
        return any("items" in case for case in self.run["response"])


@dataclass(frozen=True)
class ModuleSpec:
    """One module in one major version. `operations` has the one key None where there is nothing to choose."""

    connector: str
    name: str
    version: str
    title: str
    kind: str
    summary: str
    path: str
    lifecycle: Lifecycle
    select: dict[str, Any] | None
    operations: dict[str | None, OperationSpec]
    plan: dict[str, Any] = field(repr=False)

    @cached_property
    def major(self) -> int:
        """The first number of the version."""
        return int(self.version.split(".", 1)[0])

    @cached_property
    def full_name(self) -> str:
        """The name with everything: `acme.get_thing@2`."""
        return f"{self.connector}.{self.name}@{self.major}"


@dataclass(frozen=True)
class ConnectorSpec:
    """A connector: its connection and what its modules share. `plan` is the spec as JSON."""

    name: str
    title: str
    version: str
    path: str
    plan: dict[str, Any] = field(repr=False)

    @cached_property
    def fields(self) -> dict[str, FieldSpec]:
        """The fields of the connection."""
        connection = self.plan["connection"]
        required = set(connection.get("required", ()))
        places = self.plan["places"]
        return {
            name: FieldSpec(name, schema, name in required, places.get(name, ""))
            for name, schema in connection["fields"].items()
        }


@dataclass(frozen=True)
class Request:
    """A request as it will be sent. The attributes hold real values; `repr`, `str` and `.curl()` mask secrets.

    `headers` are lower-case names with values, in order; Host and Content-Length are the transport's business.
    `timeout` is in seconds: `connect`, `read`, `write`, `pool`, and `total` for all of them and a body that is read
    whole.
    """

    method: str
    url: str
    headers: dict[str, str]
    body: Body | None = None
    timeout: dict[str, float] = field(default_factory=dict, repr=False)
    masker: Masker = field(default_factory=Masker, repr=False, compare=False)

    def __str__(self) -> str:
        lines = [f"{self.method} {self.url}", *(f"{name}: {value}" for name, value in self.headers.items())]
        text = "\n".join(lines)
        shown = _show(self.body)
        return self.masker.text(text + ("\n\n" + shown if shown else ""))

    def __repr__(self) -> str:
        return self.masker.text(f"Request({self.method!r}, {self.url!r}, headers={self.headers!r}, body={self.body!r})")

    def as_json(self) -> dict[str, Any]:
        """Return the request as JSON, secrets masked.

        Method, url, headers, and the body as json, form, parts or file.
        """
        found: dict[str, Any] = {"method": self.method, "url": self.url, "headers": dict(self.headers)}
        match self.body:
            case Content() as content:
                found["body"] = content.value if content.value is not None else content.data.decode(errors="replace")
            case Multipart(parts):
                found["parts"] = [
                    {"name": part.name, "value": part.shown}
                    if isinstance(part.content, bytes)
                    else {
                        "name": part.name,
                        "filename": part.file_name,
                        "media_type": part.media_type,
                        "size": part.content.size,
                    }
                    for part in parts
                ]
            case None:
                pass
            case raw:
                found["file"] = {"name": raw.file.name, "media_type": raw.media_type, "size": raw.file.size}
        masked = self.masker.value(found)
        assert isinstance(masked, dict)  # noqa: S101  (a map stays a map; for the type checker)
        return masked

    def curl(self) -> str:
        """Return the request as a `curl` command line, secrets masked."""
        from shlex import quote

        words = ["curl", "-X", self.method, quote(self.url)]
        for name, value in self.headers.items():
            if not (isinstance(self.body, Multipart) and name == "content-type"):
                words += ["-H", quote(f"{name}: {value}")]
        match self.body:
            case Content(data):
                words += ["--data-raw", quote(data.decode(errors="replace"))]
            case Multipart(parts):
                for part in parts:
                    if isinstance(part.content, bytes):
                        words += ["-F", quote(f"{part.name}={part.shown}")]
                    else:
                        words += ["-F", quote(f"{part.name}=@{part.file_name};type={part.media_type}")]
            case None:
                pass
            case raw:
                words += ["--data-binary", quote(f"@{raw.file.name}")]
        return self.masker.text(" ".join(words))


def _show(body: Body | None) -> str:
    match body:
        case None:
            return ""
        case Content(data):
            return data.decode(errors="replace")
        case Multipart(parts):
            return "\n".join(f"{part.name} = {part.shown}" for part in parts)
        case raw:
            return repr(raw.file)


@dataclass(frozen=True, slots=True)
class Response:
    """What the vendor answered, beside the output. Headers have lower-case names."""

    status: int
    headers: dict[str, str]
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sending of one request, and what came of it. No secret is in it.

    `status` is the answer's, `error` what the network did instead, `request_id` the vendor's name for it. It was
    `queued` for its turn under the rate limits, `began` (seconds since 1970), `took` so many seconds until the answer
    was there (its head, where the body is streamed); then so many were `waited`. `why` says in words why it was or was
    not repeated; it is empty after a success. Attempts of other times are equal, where they were alike otherwise.
    """

    method: str
    url: str
    status: int | None = None
    error: str | None = None
    waited: float = 0.0
    began: float = field(default=0.0, compare=False)
    took: float = field(default=0.0, compare=False)
    request_id: str | None = None
    why: str = ""
    queued: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class Result:
    """What a module gave.

    `output` is the bundle of an action, the list of bundles of a search, a `File` where the answer is a file.
    `envelope` is what a search says once per call. `module` is the full name with the major version that ran. `usage`
    is what the call used, in numbers, where the spec says how the vendor tells it: `{"input_tokens": 9, …}`.
    """

    output: Any
    response: Response
    attempts: tuple[Attempt, ...] = ()
    envelope: Any = None
    module: str = ""
    usage: dict[str, int | float] | None = None
