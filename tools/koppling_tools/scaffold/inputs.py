"""What an operation of a vendor's takes, as fields, and as the request that they are sent in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from koppling.encode import RESERVED_HEADERS
from koppling_tools.console.mistakes import Misuse
from koppling_tools.openapi.document import Api, Operation, Parameter
from koppling_tools.openapi.schema import normal
from koppling_tools.scaffold.bodies import Flat, chosen_body, flat
from koppling_tools.scaffold.draft import Notes
from koppling_tools.scaffold.names import free, identifier, snake, title_of
from koppling_tools.scaffold.schemas import Translation, described, shortened

# https://spec.openapis.org/oas/v3.1.1.html#parameter-object: these three are described elsewhere.
_ELSEWHERE: Final = {"accept", "content-type", "authorization"}
_JOINTS: Final = {"spaceDelimited": " ", "pipeDelimited": "|"}
_ARRAYS: Final = "repeat"
_OBJECTS: Final = "brackets"


@dataclass
class Taken:
    """The inputs of an operation: fields, those that are required, the request, values that the document states."""

    fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    validation: dict[str, Any] = field(default_factory=dict)
    request: dict[str, Any] = field(default_factory=dict)
    stated: dict[str, Any] = field(default_factory=dict)
    first: list[str] = field(default_factory=list)  # what is given, where nothing has to be and yet something is sent


class Inputs:
    """Makes the fields and the request of one operation.

    Args:
        operation: the vendor's.
        schemas: the translation of its module's schemas.
        notes: where is noted what cannot be said.
        written: headers (lower case) and parameters of the query that the connector writes itself, by place and name.
        style: the connector's `style`.
        day: the day on which the document was read, from which what it calls deprecated is so here.
    """

    def __init__(
        self,
        operation: Operation,
        schemas: Translation,
        notes: Notes,
        *,
        written: Iterable[tuple[str, str]],
        style: Mapping[str, str],
        day: str,
    ) -> None:
        self.taken = Taken()
        self._operation = operation
        self._api: Api = operation.api
        self._schemas = schemas
        self._notes = notes
        self._written = set(written)
        self._style = {"arrays": _ARRAYS, "objects": _OBJECTS, **style}
        self._day = day

    def all(self, prefix: str = "") -> Taken:
        """Return them.

        Args:
            prefix: what stands before each path.
        """
        taken, operation = self.taken, self._operation
        path, fixed = self._path(prefix)
        query: dict[str, Any] = dict(fixed)
        headers: dict[str, str] = {}
        for one in operation.parameters:
            if one.where == "query":
                query |= self._query(one)
            elif one.where == "header":
                headers |= self._header(one)
            elif one.where == "cookie":
                needed = ", and the vendor asks for it" if one.required else ""
                self._notes.add(f"a cookie cannot be sent{needed}", one.name)
        taken.request = {"method": operation.method, "path": path}
        taken.request |= {key: one for key, one in (("query", query), ("headers", headers)) if one}
        self._body()
        return taken

    # ---- fields ----

    def _field(
        self,
        name: str,
        where: str,
        raw: Any,
        *,
        required: bool,
        said: Mapping[str, Any],
        schema: dict[str, Any] | None = None,
    ) -> str:
        """Add a field and return its name here.

        Args:
            name: the vendor's.
            where: path, query, header or body.
            raw: its schema in the document.
            required: whether callers have to give it.
            said: description, deprecated: of a parameter, beside its schema.
            schema: its schema here, where that is known.
        """
        mine = identifier(name) if where != "header" or name.islower() else snake(name) or "header"
        if mine in self.taken.fields:
            other = free(f"{where}_{mine}", self.taken.fields)
            self._notes.add("one name for two things; the second has another here", f"{where} {name}: {other}")
            mine = other
        elif mine != name:
            self._notes.add("a name that the language has none for has another here", f"{name}: {mine}")
        found = schema if schema is not None else self._schemas.schema(raw, mine)
        found = dict(found) if isinstance(found, dict) else {} if found else {"not": {}}
        resolved = self._resolved(raw)
        found.setdefault("title", title_of(name))
        description = described(
            {**resolved, **{key: one for key, one in said.items() if one}, "deprecated": False}, 300
        )
        found.pop("description", None)
        if description:
            found["description"] = description
        if resolved.get("format") == "password":
            found["secret"] = True
        if resolved.get("deprecated") is True or said.get("deprecated") is True:
            reason = "The vendor's document calls it deprecated."
            found |= {"advanced": True, "lifecycle": {"deprecated": self._day, "reason": reason}}
        elif where == "header" and not required:
            found["advanced"] = True
        self.taken.fields[mine] = found
        if required:
            self.taken.required.append(mine)
        return mine

    def _resolved(self, raw: Any) -> Mapping[str, Any]:
        try:
            return self._api.resolved(raw)
        except Misuse:
            return {}

    def _stated(self, name: str, holder: Mapping[str, Any]) -> None:
        value, found = stated_value(self._api, holder)
        if found:
            self.taken.stated[name] = value

    # ---- parameters ----

    def _path(self, prefix: str) -> tuple[str, dict[str, Any]]:
        """Return the path, and the query that vendors write into some of them."""
        whole, _, query = (prefix + self._operation.path).partition("?")
        whole, mark, _ = whole.partition("#")
        if mark:
            self._notes.add("what follows the # in a path is not sent", self._operation.path)
        declared = {one.name: one for one in self._operation.parameters if one.where == "path"}
        used: dict[str, str] = {}

        def placed(found: re.Match[str]) -> str:
            name = found[1].strip().lstrip("+").rstrip("*+")
            several = "+" if name != found[1] else ""
            if name not in used:
                used[name] = self._in_path(declared.get(name), name)
            mine = used[name]
            kind = _kind(self._resolved(declared[name].schema)) if name in declared else "value"
            inner = f"join(',', map(&to_string(@), input.{mine}))" if kind == "array" else f"{several}input.{mine}"
            return f"${{{inner}}}"

        path = re.sub(r"\$?\{([^{}]+)\}", placed, whole)
        for name in declared:
            if name not in used:
                self._notes.add("a path parameter that is not in the path is left out", name)
        pairs = (one.partition("=") for one in query.split("&") if one)
        return path if path.startswith("/") else f"/{path}", {name: value for name, _, value in pairs}

    def _in_path(self, declared: Parameter | None, name: str) -> str:
        if declared is None:
            self._notes.add("a parameter of the path that the document does not describe is a text", name)
            return self._field(name, "path", {"type": "string"}, required=True, said={})
        if declared.style in {"matrix", "label"}:
            self._notes.add(f"the style {declared.style} of a path cannot be said; the value stands there alone", name)
        if _kind(self._resolved(declared.schema)) == "object":
            self._notes.add("an object cannot stand in a path; it is a text here", name)
            mine = self._field(name, "path", {"type": "string"}, required=True, said=declared.raw)
        else:
            mine = self._field(name, "path", declared.schema, required=True, said=declared.raw)
        self._stated(mine, declared.raw)
        return mine

    def _header(self, one: Parameter) -> dict[str, str]:
        lower = one.name.lower()
        if lower in _ELSEWHERE or ("header", lower) in self._written:
            return {}
        if lower in RESERVED_HEADERS:
            self._notes.add("a header that belongs to the transport cannot be sent", one.name)
            return {}
        if _kind(self._resolved(one.schema)) == "object":
            self._notes.add("an object in a header cannot be said; it is left out", one.name)
            return {}
        mine = self._field(one.name, "header", one.schema, required=one.required, said=one.raw)
        self._stated(mine, one.raw)
        return {one.name: f"${{input.{mine}}}"}

    def _query(self, one: Parameter) -> dict[str, Any]:
        if ("query", one.name) in self._written:
            return {}
        kind = _kind(self._resolved(one.schema))
        if kind == "object" and one.style == "form" and not self._properties(one.schema):
            self._notes.add("an object in a query, in this style, cannot be said; it is left out", one.name)
            return {}
        if one.raw.get("allowReserved") is True:
            self._notes.add("reserved characters are percent-encoded all the same", one.name)
        mine = self._field(one.name, "query", one.schema, required=one.required, said=one.raw)
        self._stated(mine, one.raw)
        if kind == "object" and one.style == "form" and one.explode:
            return {name: f"${{input.{mine}.{_quoted(name)}}}" for name in self._properties(one.schema)}
        if kind == "object" and one.style == "form":
            self._notes.add("an object in a query, joined by commas, cannot be said; it is sent in brackets", one.name)
        return {one.name: self.written(mine, kind, one.style, explode=one.explode)}

    def _properties(self, raw: Any) -> list[str]:
        found = flat(self._api, raw)
        return list(found.properties) if found is not None else []

    def written(self, mine: str, kind: str, style: str, *, explode: bool) -> Any:
        """Return how a value is written into a query, a form or a multipart body.

        Args:
            mine: the field's name.
            kind: array, object or value.
            style: the vendor's word for it.
            explode: the vendor's other word for it.
        """
        if style == "json":
            return f"${{input.{mine} && to_json(input.{mine})}}"
        if kind == "array" and style in _JOINTS and not explode:
            return f"${{input.{mine} && join('{_JOINTS[style]}', map(&to_string(@), input.{mine}))}}"
        wanted: dict[str, str] = {}
        if kind == "array":
            wanted = {"arrays": "comma" if style in {"form", "simple"} and not explode else "repeat"}
        elif kind == "object":
            wanted = {"objects": "brackets"}
        own = {key: one for key, one in wanted.items() if self._style[key] != one}
        return {"value": f"${{input.{mine}}}", "style": own} if own else f"${{input.{mine}}}"

    # ---- bodies ----

    def _body(self) -> None:
        operation = self._operation
        sent = chosen_body(operation)
        if sent is None:
            return
        media, form, others = sent
        if others:
            self._notes.add(f"the body can be of other kinds, too; here it is {media}", ", ".join(others))
        content = operation.body["content"][media]
        content = content if isinstance(content, Mapping) else {}
        raw = content.get("schema")
        if form == "raw":
            self._raw(media, raw, content)
            return
        if form == "json" and media.partition(";")[0].strip() not in {"application/json", "*/*", "application/*"}:
            self.taken.request.setdefault("headers", {})["Content-Type"] = media
        found = flat(self._api, raw)
        if found is None:
            self._whole(form, raw, content)
        else:
            self._parts(form, found, content)

    def _whole(self, form: str, raw: Any, content: Mapping[str, Any]) -> None:
        """Take the body in one field: it is no object, or one of several."""
        mine = self._field(
            "body", "body", raw if raw is not None else {}, required=self._operation.body_required, said={}
        )
        if form != "json":
            self._notes.add("the parts of this body are not described; all of them are one input", mine)
            self.taken.fields[mine].setdefault("type", "object")
        self.taken.request[form] = f"${{input.{mine}}}"
        self._stated(mine, content)

    def _parts(self, form: str, found: Flat, content: Mapping[str, Any]) -> None:
        body: dict[str, Any] = {}
        names: dict[str, str] = {}
        encodings = content.get("encoding")
        encodings = encodings if isinstance(encodings, Mapping) else {}
        for name, raw in found.properties.items():
            if self._resolved(raw).get("readOnly") is True:
                self._notes.add("what is read only is no input", name)
                continue
            file = self._file(raw) if form == "multipart" else None
            mine = self._field(name, "body", raw, required=name in found.required, said={}, schema=file)
            names[name] = mine
            encoding = encodings.get(name)
            encoding = encoding if isinstance(encoding, Mapping) else {}
            body[name] = (
                f"${{input.{mine}}}" if form == "json" else self._encoded(form, mine, name, raw, encoding, file)
            )
        self.taken.request[form] = body
        if found.more:
            self._notes.add('the body takes other properties, too; callers give them with extra="pass"')
        self._rules(found, names)
        if form != "json" and self._operation.body_required and not set(found.required) & set(names):
            files = [mine for mine in names.values() if "file" in str(self.taken.fields[mine].get("format"))]
            self.taken.first = (files or list(names.values()))[:1]
        value, there = stated_value(self._api, {**content, "schema": content.get("schema")})
        if there and isinstance(value, Mapping):
            self.taken.stated |= {names[name]: one for name, one in value.items() if name in names}

    def _rules(self, found: Flat, names: Mapping[str, str]) -> None:
        if found.rules and any(name != mine for name, mine in names.items()):
            self._notes.add("conditions over several properties are not checked", ", ".join(found.rules))
            return
        for key, one in found.rules.items():
            translated = self._schemas.schema({key: one}, key)
            if isinstance(translated, dict) and key in translated:
                self.taken.validation[key] = translated[key]

    def _encoded(
        self, form: str, mine: str, name: str, raw: Any, encoding: Mapping[str, Any], file: dict[str, Any] | None
    ) -> Any:
        kind = _kind(self._resolved(raw))
        media = str(encoding.get("contentType") or "")
        if encoding.get("headers"):
            self._notes.add("headers of a part cannot be said", name)
        if file is not None:
            return f"${{input.{mine}}}"
        style = str(encoding.get("style") or "")
        if form == "multipart" and not style and (kind == "object" or "json" in media):
            return {"value": f"${{input.{mine}}}", "media_type": "application/json"}
        if form == "form" and "json" in media:
            return self.written(mine, kind, "json", explode=False)
        if kind == "object" and not style:
            self._notes.add(
                "the document does not say how objects are written in this form; here it is in brackets", name
            )
        style = style or "form"
        return self.written(mine, kind, style, explode=bool(encoding.get("explode", style == "form")))

    def _raw(self, media: str, raw: Any, content: Mapping[str, Any]) -> None:
        schema = self._resolved(raw if raw is not None else {})
        text = media.startswith("text/") or "xml" in media or media.endswith("+json")
        required = self._operation.body_required
        if text and schema.get("format") != "binary":
            mine = self._field("body", "body", {"type": "string"}, required=required, said={})
            self.taken.request.setdefault("headers", {})["Content-Type"] = media
            if "text/" not in media or schema.get("type") not in {"string", None}:
                self._notes.add(f"a body of {media} is given as text", mine)
            self._stated(mine, content)
        else:
            said = {"description": shortened(self._operation.body.get("description"))}
            mine = self._field("file", "body", {}, required=required, said=said, schema={"format": "file"})
            if "*" not in media and not media.startswith("application/octet-stream"):
                self.taken.request.setdefault("headers", {})["Content-Type"] = media
        self.taken.request["raw"] = f"${{input.{mine}}}"

    def _file(self, raw: Any) -> dict[str, Any] | None:
        """Return the schema of a part that is a file, a list of files, or one of both; None for any other."""
        schema = normal(self._resolved(raw))
        if _is_binary(schema):
            return {"format": "file"}
        items = schema.get("items")
        if isinstance(items, Mapping) and _is_binary(normal(self._resolved(items))):
            bounds = {key: schema[key] for key in ("minItems", "maxItems") if isinstance(schema.get(key), int)}
            return {"type": "array", "items": {"format": "file"}, **bounds}
        for word in ("anyOf", "oneOf"):
            branches = schema.get(word)
            if not isinstance(branches, list):
                continue
            found = [self._file(one) for one in branches]
            if any(one is not None for one in found):
                known = [
                    one if one is not None else self._schemas.schema(raw, word)
                    for one, raw in zip(found, branches, strict=True)
                ]
                return {"anyOf": known} if len(known) > 1 else known[0]  # type: ignore[return-value]  # none of them is None here
        return None


def stated_value(api: Api, holder: Mapping[str, Any]) -> tuple[Any, bool]:
    """Return the example that a parameter, a body or an answer states, and whether it states one."""
    if "example" in holder:
        return holder["example"], True
    examples = holder.get("examples")
    for one in examples.values() if isinstance(examples, Mapping) else ():
        try:
            found = api.resolved(one)
        except Misuse:
            continue
        if "value" in found:
            return found["value"], True
    try:
        schema = api.resolved(holder.get("schema") or {})
    except Misuse:
        return None, False
    if "example" in schema:
        return schema["example"], True
    listed = schema.get("examples")
    return (listed[0], True) if isinstance(listed, list) and listed else (None, False)


def _kind(schema: Mapping[str, Any]) -> str:
    kinds = schema.get("type")
    named = [kinds] if isinstance(kinds, str) else kinds if isinstance(kinds, list) else []
    for word in ("anyOf", "oneOf", "allOf"):
        branches = schema.get(word)
        for one in branches if isinstance(branches, list) else ():
            named = [*named, _kind(one) if isinstance(one, Mapping) else "value"]
    if "array" in named or ("items" in schema and not named):
        return "array"
    return "object" if "object" in named or "properties" in schema else "value"


def _is_binary(schema: Mapping[str, Any]) -> bool:
    kind = schema.get("type")
    text = kind == "string" or kind is None or (isinstance(kind, list) and "string" in kind)
    encoded = "contentEncoding" in schema
    return text and (schema.get("format") == "binary" or ("contentMediaType" in schema and not encoded))


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else '"' + name.replace('"', '\\"') + '"'
