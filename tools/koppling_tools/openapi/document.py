"""A vendor's document as it is: read, its references resolved, its operations listed.

https://spec.openapis.org/oas/v3.1.1.html, https://spec.openapis.org/oas/v3.0.4.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal, cast
from urllib.parse import urlsplit

from koppling.diagnostics import split_pointer, suggestion
from koppling_tools.console.mistakes import Misuse

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
Where = Literal["path", "query", "header", "cookie"]
_LONGEST_CHAIN: Final = 50  # of references that lead to references


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an operation. `schema` is as the document has it, `raw` is all that it says."""

    name: str
    where: Where
    required: bool
    schema: Mapping[str, Any]
    deprecated: bool
    style: str
    explode: bool
    description: str
    pointer: str
    raw: Mapping[str, Any]


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    id: str
    method: str
    path: str
    raw: Mapping[str, Any]
    parameters: tuple[Parameter, ...]
    pointer: str
    api: Api

    @property
    def deprecated(self) -> bool:
        """Whether the vendor calls it deprecated."""
        return bool(self.raw.get("deprecated"))

    @cached_property
    def body(self) -> Mapping[str, Any]:
        """What it says of the body: `content`, `required`, `description`."""
        return self.api.resolved(self.raw.get("requestBody") or {})

    @property
    def body_required(self) -> bool:
        """Whether a request has to have a body."""
        return bool(self.body.get("required"))

    @property
    def bodies(self) -> dict[str, Mapping[str, Any]]:
        """The schemas of the body, by media type."""
        return _contents(self.body)

    @cached_property
    def responses(self) -> dict[str, Mapping[str, Any]]:
        """What it says of the answers, by status."""
        found = _map(self.raw.get("responses"))
        return {str(status): self.api.resolved(one) for status, one in found.items()}

    @cached_property
    def answers(self) -> dict[str, dict[str, Mapping[str, Any]]]:
        """The schemas of the answers, by status and by media type."""
        return {status: _contents(one) for status, one in self.responses.items()}

    @property
    def security(self) -> list[Mapping[str, Any]]:
        """What it asks for: one of these maps of schemes."""
        own = self.raw.get("security")
        found = self.api.document.get("security") if own is None else own
        return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []

    @property
    def tags(self) -> list[str]:
        """Its groups."""
        return [str(one) for one in self.raw.get("tags") or ()]


class Api:
    """A document.

    Args:
        document: what the file says.
        path: the file, for messages.

    Raises:
        Misuse: it is no OpenAPI document of a version that is known.
    """

    def __init__(self, document: Any, path: Path) -> None:
        self.path = path
        if not isinstance(document, dict) or not ({"openapi", "swagger"} & document.keys()):
            raise Misuse(f"{path} is no OpenAPI document: it has no `openapi` with a version")
        if "swagger" in document:
            raise Misuse(
                f"{path} is Swagger {document['swagger']}; make it OpenAPI 3 first, with `npx swagger2openapi`"
            )
        if not str(document["openapi"]).startswith(("3.0", "3.1")):
            raise Misuse(f"{path} is OpenAPI {document['openapi']}; 3.0 and 3.1 are read")
        self.document = document

    @property
    def version(self) -> str:
        """The version that the vendor gives the API."""
        return str(_map(self.document.get("info")).get("version", ""))

    @property
    def title(self) -> str:
        """What it is called."""
        return str(_map(self.document.get("info")).get("title", ""))

    @cached_property
    def servers(self) -> list[Mapping[str, Any]]:
        """Where it is."""
        found = self.document.get("servers")
        return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []

    @property
    def server_variables(self) -> dict[str, str]:
        """What the variables in the address of the first server are, where nobody says otherwise."""
        known = _map(self.servers[0].get("variables")) if self.servers else {}
        return {key: str(one.get("default", key)) for key, one in known.items() if isinstance(one, Mapping)}

    @property
    def server_url(self) -> str:
        """The address of the first server, with its variables filled in; empty where there is none."""
        template = str(self.servers[0].get("url", "")).strip() if self.servers else ""
        values = self.server_variables
        return re.sub(r"\{([^{}]+)\}", lambda found: values.get(found[1], found[1]), template)

    @property
    def base_path(self) -> str:
        """The path that all paths are below, without its last slash."""
        url = str(self.servers[0].get("url", "")) if self.servers else ""
        return urlsplit(url).path.rstrip("/")

    @property
    def schemes(self) -> dict[str, Mapping[str, Any]]:
        """How callers prove who they are, by name."""
        found = _map(_map(self.document.get("components")).get("securitySchemes"))
        return {name: self.resolved(one) for name, one in found.items()}

    @cached_property
    def operations(self) -> list[Operation]:
        """All operations, in the order of the document."""
        return list(self._operations())

    def operation(self, name: str) -> Operation:
        """Return the operation of an id, or of a method and a path (`GET /things/{id}`).

        Raises:
            Misuse: there is none, or several have that id.
        """
        having = [f"{one.method} {one.path}" for one in self.operations if one.id == name]
        if len(having) > 1:
            listed = " and ".join(f"'{one}'" for one in having)
            raise Misuse(f"{self.path}: {listed} have the same operationId {name!r}; name one by its method and path")
        found = {one.id: one for one in self.operations if one.id}
        found |= {f"{one.method} {one.path}": one for one in self.operations}
        if name not in found:
            raise Misuse(f"{self.path} has no operation {name!r}; {suggestion(name, found)}")
        return found[name]

    def resolved(self, value: Any) -> Mapping[str, Any]:
        """Return what a reference leads to; anything else is returned as it is.

        Raises:
            Misuse: it leads nowhere, or to another file.
        """
        for _ in range(_LONGEST_CHAIN):
            if not (isinstance(value, dict) and isinstance(value.get("$ref"), str)):
                return value if isinstance(value, dict) else {}
            rest = {key: one for key, one in value.items() if key != "$ref"}
            value = self.at(value["$ref"])
            if rest and isinstance(value, dict):  # 3.1 lets words stand beside a reference
                value = {**value, **rest}
        raise Misuse(f"{self.path}: references that lead round in a circle")

    def at(self, reference: str) -> Any:
        """Return what stands at a `#/…` reference.

        Raises:
            Misuse: nothing does, or it leads to another file.
        """
        from urllib.parse import unquote

        if not reference.startswith("#"):
            raise Misuse(
                f"{self.path} refers to another file, {reference}; bundle them, with `npx @redocly/cli bundle`"
            )
        value: Any = self.document
        for step in split_pointer(unquote(reference[1:])):
            if isinstance(value, list) and step.isdigit() and int(step) < len(value):
                value = value[int(step)]
            elif isinstance(value, dict) and step in value:
                value = value[step]
            else:
                raise Misuse(f"{self.path}: the reference {reference} leads nowhere")
        return value

    def _operations(self) -> Iterator[Operation]:
        for path, item in _map(self.document.get("paths")).items():
            shared = self.resolved(item)
            for method in METHODS:
                raw = shared.get(method)
                if not isinstance(raw, dict):
                    continue
                pointer = f"/paths/{path.replace('~', '~0').replace('/', '~1')}/{method}"
                own = {(one.name, one.where): one for one in self._parameters(raw, pointer)}
                common = {(one.name, one.where): one for one in self._parameters(shared, pointer.rpartition("/")[0])}
                found = tuple({**common, **own}.values())
                yield Operation(str(raw.get("operationId", "")), method.upper(), path, raw, found, pointer, self)

    def _parameters(self, holder: Mapping[str, Any], pointer: str) -> Iterator[Parameter]:
        listed = holder.get("parameters")
        for index, one in enumerate(listed if isinstance(listed, list) else ()):
            raw = self.resolved(one)
            where = raw.get("in")
            if where not in ("path", "query", "header", "cookie"):  # a tuple: it may be anything at all
                continue
            content = _contents(raw)
            schema = raw.get("schema") if isinstance(raw.get("schema"), dict) else next(iter(content.values()), {})
            style = str(raw.get("style") or ("form" if where in {"query", "cookie"} else "simple"))
            yield Parameter(
                str(raw.get("name", "")),
                cast("Where", where),
                bool(raw.get("required")) or where == "path",
                schema or {},
                bool(raw.get("deprecated")),
                "json" if content else style,
                bool(raw.get("explode", style in {"form", "cookie"})),
                str(raw.get("description", "")),
                f"{pointer}/parameters/{index}",
                raw,
            )


def load(path: Path) -> Api:
    """Read a document, YAML or JSON.

    Raises:
        Misuse: it cannot be read, or is no OpenAPI document.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(f"{path} cannot be read: {error}") from None
    return Api(_parsed(text, path), path)


def _parsed(text: str, path: Path) -> Any:
    if text.lstrip()[:1] == "{":
        try:
            return json.loads(text)
        except ValueError as error:
            raise Misuse(f"{path} is no JSON: {error}") from None
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    for pure in (
        False,
        True,
    ):  # the parser in C is quick, and refuses what YAML 1.2 allows: [{url: https://acme.example}]
        try:
            return _plain(YAML(typ="safe", pure=pure).load(text))
        except (YAMLError, ValueError, RecursionError) as error:
            mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
            place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
            problem = error.problem if isinstance(error, MarkedYAMLError) and error.problem else str(error)
            refused = Misuse(f"{place} is no YAML: {' '.join(problem.split())[:300]}")
    raise refused


def _plain(value: Any) -> Any:
    """Return what YAML read as JSON would have it: names are texts, days are texts."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)


def _contents(holder: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {str(media): _map(_map(one).get("schema")) for media, one in _map(holder.get("content")).items()}


def _map(value: Any) -> Mapping[str, Any]:
    """Return a map as it is, and what somebody wrote in its place as an empty one."""
    return value if isinstance(value, Mapping) else {}
