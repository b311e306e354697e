"""A vendor's OpenAPI document as specs to be: the connector, and a module for each operation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from koppling_tools.console.mistakes import Misuse
from koppling_tools.openapi.document import Api, Operation
from koppling_tools.rules.credential_literal import looks_like
from koppling_tools.scaffold.answers import Answers, answer_of, error_body
from koppling_tools.scaffold.connector import Address, connector_tree
from koppling_tools.scaffold.draft import Case, Draft, Module, Notes
from koppling_tools.scaffold.inputs import Inputs, Taken
from koppling_tools.scaffold.names import snake, title_of
from koppling_tools.scaffold.schemas import Marks, Translation, shortened
from koppling_tools.scaffold.security import credential_of
from koppling_tools.scaffold.values import Unfit, Values

_LONGEST_TITLE: Final = 50  # characters; what is longer is a sentence, not a title
_VERBS: Final = {"GET": "get", "POST": "create", "PUT": "replace", "PATCH": "update", "DELETE": "delete"}


@dataclass(frozen=True)
class Place:
    """The connector that modules are made for: what it says already, and what stands before each path there."""

    name: str
    shared: Mapping[str, Any]
    prefix: str = ""
    taken: frozenset[str] = frozenset()


def chosen(api: Api, names: Sequence[str]) -> list[Operation]:
    """Return the operations of these names, or all.

    Raises:
        Misuse: there is none of a name, or none at all.
    """
    if not api.operations:
        raise Misuse(f"{api.path} has no operations; nothing can be made of it")
    return list({one.pointer: one for one in map(api.operation, names)}.values()) if names else api.operations


def named(operations: Sequence[Operation], taken: frozenset[str], notes: Notes) -> dict[str, Operation]:
    """Return operations by the names that their modules get. What is there already is not made anew."""
    found: dict[str, Operation] = {}
    for one in operations:
        name = snake(one.id) or _name_of_path(one)
        if not name[0].isalpha():
            name = f"{_VERBS.get(one.method, one.method.lower())}{'' if name[0] == '_' else '_'}{name}"
        if not one.id:
            notes.add("an operation without an id is named after its path", f"{one.method} {one.path}: {name}")
        if name in found:
            other = _name_of_path(one)
            number = 2
            while other in found:
                other, number = f"{name}_{number}", number + 1
            notes.add("two operations of one name; the second has another here", f"{one.id or one.path}: {other}")
            name = other
        found[name] = one
    for name in list(found):
        if name in taken:
            notes.add("a module of this name is there already, and stays as it is", name)
            del found[name]
    return found


def _name_of_path(operation: Operation) -> str:
    steps = [one for one in operation.path.partition("?")[0].split("/") if one]
    words = [one for one in steps if "{" not in one]
    last = re.findall(r"\{([^{}]+)\}", steps[-1]) if steps else []
    verb = _VERBS.get(operation.method, operation.method.lower())
    if operation.method == "GET" and not last:
        verb = "list"
    found = snake(" ".join([verb, *words, *([f"by {' '.join(last)}"] if last else [])]))
    return found or verb


def draft(api: Api, operations: Sequence[Operation], name: str, base_url: str | None, day: str) -> Draft:
    """Return a connector with modules.

    Args:
        api: the vendor's document.
        operations: those that are wanted.
        name: the connector's.
        base_url: where the API is, over what the document says.
        day: the day on which the document was read.
    """
    notes = Notes()
    given = credential_of(api, operations, name, notes)
    address = _address(api, name, base_url, notes)
    api_words = {"version": api.version or None, "docs": _docs(api.document)}
    more: dict[str, Any] = {"api": {key: one for key, one in api_words.items() if one}, "error_body": error_body(api)}
    title = " ".join(api.title.split()) or title_of(name)
    tree = connector_tree(name, title, address, given, more)
    modules, unread = _modules(api, operations, Place(name, tree), notes, day)
    if test := _test(modules):
        connection = tree["connection"]
        connection["test"] = {"module": test}
    found = Draft(name, tree, modules, notes=notes, unread=unread)
    found.comments = [*_head(api), *(f"Not said here: {one}." for one in notes.lines(3))]
    return found


def added(api: Api, operations: Sequence[Operation], place: Place, day: str) -> Draft:
    """Return modules for a connector that is there."""
    notes = Notes()
    modules, unread = _modules(api, operations, place, notes, day)
    return Draft(place.name, None, modules, notes=notes, unread=unread)


def _head(api: Api) -> list[str]:
    return [f"Made from {api.path.name}, OpenAPI {api.document['openapi']}."]


def _docs(holder: Mapping[str, Any]) -> str | None:
    found = holder.get("externalDocs")
    url = found.get("url") if isinstance(found, Mapping) else None
    return url if isinstance(url, str) and url.startswith(("http://", "https://")) else None


def _address(api: Api, name: str, base_url: str | None, notes: Notes) -> Address:
    if base_url is not None:
        return Address(base_url)
    fallback = f"https://{name.replace('_', '-')}.example/"
    if not api.servers:
        notes.add("the document names no server; whoever connects says the base URL")
        return Address(fallback, known=False)
    first, *others = api.servers
    template = str(first.get("url", "")).strip()
    variables = first.get("variables")
    variables = variables if isinstance(variables, Mapping) else {}
    url = api.server_url
    words = [shortened(first.get("description")) or "Where the API is."]
    if others:
        words.append(f"Others: {', '.join(str(one.get('url')) for one in others[:4])}.")
    known = True
    if "{" in template:
        words.append(f"It is made as {template}.")
        open_ones = [key for key in re.findall(r"\{([^{}]+)\}", template) if not _map(variables.get(key)).get("enum")]
        known = not open_ones
        notes.add(
            "a server with variables is one base URL, which the connection holds",
            ", ".join(api.server_variables) or template,
        )
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        notes.add("the document names its server by a path alone; whoever connects says the base URL", template)
        url, known = urljoin(fallback, url), False
    url = url.partition("?")[0].partition("#")[0]
    return Address(url if url.endswith("/") else f"{url}/", known, " ".join(words))


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _test(modules: Sequence[Module]) -> str | None:
    """Return a module that proves a connection: a GET that needs nothing."""
    return next((one.name for one in modules if _asks_for_nothing(one.tree)), None)


def _asks_for_nothing(tree: Mapping[str, Any]) -> bool:
    plain = tree.get("response", {}).get("format", "json") == "json" and "lifecycle" not in tree
    return plain and tree["request"]["method"] == "GET" and not tree.get("required")


def _modules(
    api: Api, operations: Sequence[Operation], place: Place, notes: Notes, day: str
) -> tuple[list[Module], dict[str, str]]:
    """Return the modules of operations, and why others are none."""
    marks = Marks(api)
    answers = Answers(api, marks)
    found: list[Module] = []
    unread: dict[str, str] = {}
    for name, one in named(operations, place.taken, notes).items():
        try:
            found.append(_module(name, one, place, marks, answers, day))
        except Misuse as error:
            unread[f"{name} ({one.method} {one.path})"] = str(error.message)
    return found, unread


def written_headers(shared: Mapping[str, Any]) -> set[str]:
    """Return the headers that a connector writes itself, in lower case."""
    auth = _map(shared.get("auth"))
    key = _map(auth.get("api_key"))
    found = {name.lower() for name in _map(_map(shared.get("request")).get("headers"))}
    found |= {str(key["name"]).lower()} if key.get("in") == "header" else set()
    return found | ({"authorization"} if {"bearer", "basic"} & auth.keys() else set())


def written(shared: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Return the headers, in lower case, and the parameters of a query that a connector writes itself."""
    key = _map(_map(shared.get("auth")).get("api_key"))
    query = [*_map(_map(shared.get("request")).get("query")), *([str(key["name"])] if key.get("in") == "query" else [])]
    return {("header", name) for name in written_headers(shared)} | {("query", name) for name in query}


def _module(name: str, operation: Operation, place: Place, marks: Marks, answers: Answers, day: str) -> Module:
    notes = Notes()
    schemas = Translation(operation.api, notes, marks)
    maker = Inputs(
        operation, schemas, notes, written=written(place.shared), style=_map(place.shared.get("style")), day=day
    )
    taken = maker.all(place.prefix)
    if operation.raw.get("servers") and operation.raw["servers"] != operation.api.servers:
        notes.add("it has a server of its own; here it is asked at the connection's")
    for word in ("callbacks", "links"):
        if operation.raw.get(word):
            notes.add(f"`{word}` are not in the language")
    answer = answer_of(operation, schemas, notes, answers)
    tree: dict[str, Any] = {"name": name, "version": "1.0.0", "kind": "action"}
    tree["title"] = _title(operation, name)
    summary = shortened(operation.raw.get("description"), 300) or shortened(operation.raw.get("summary"), 300)
    tree |= {"summary": summary} if summary and summary.rstrip(".") != tree["title"] else {}
    docs = _docs(operation.raw)
    tree |= {"source": {"page": docs}} if docs else {}
    if operation.deprecated:
        tree["lifecycle"] = {"deprecated": day, "reason": "The vendor's document calls it deprecated."}
    tree |= {
        key: one
        for key, one in (("fields", taken.fields), ("required", taken.required), ("validation", taken.validation))
        if one
    }
    cases = _cases(taken, schemas, answer.example)
    schemas.prune(taken.fields, taken.validation, answer.response)
    tree |= {"$defs": schemas.defs} if schemas.defs else {}
    tree["request"] = taken.request
    tree |= {"response": answer.response} if answer.response else {}
    whence = f"{operation.method} {operation.path}" + (f" ({operation.id})" if operation.id else "")
    module = Module(name, tree, cases, whence, notes)
    module.comments = [
        f"Made from {operation.api.path.name}: {whence}.",
        *(f"Not said here: {one}." for one in notes.lines()),
    ]
    return module


def _title(operation: Operation, name: str) -> str:
    said = operation.raw.get("summary")
    words = " ".join(said.split()).rstrip(".") if isinstance(said, str) else ""
    return words if 0 < len(words) <= _LONGEST_TITLE and not looks_like(words) else title_of(name)


def _cases(taken: Taken, schemas: Translation, answer: dict[str, Any]) -> dict[str, Case]:
    values = Values(schemas.defs)
    made: dict[str, Any] = {}
    stated: dict[str, Any] = {}
    for name in list(taken.fields):
        given = taken.stated.get(name)
        if name in taken.stated and values.fits(taken.fields[name], given) and not looks_like(str(given)):
            stated[name] = given
        try:
            made[name] = values.sample(taken.fields[name])
        except Unfit:
            if name in stated or name not in taken.required:
                continue
            made[name], values = _eased(name, taken, schemas)
    for name, given in stated.items():
        if (
            not values_of_file(taken.fields[name])
            and "$ref" not in str(taken.fields[name])
            and "enum" not in taken.fields[name]
        ):
            taken.fields[name].setdefault("examples", [given])
    needed = [*taken.required, *_alternative(taken.validation), *taken.first]
    every = {name: stated.get(name, made.get(name)) for name in taken.fields if name in stated or name in made}
    smallest = {name: every[name] for name in every if name in needed}
    plain = {name: made.get(name, every[name]) for name in smallest}
    cases = {
        "smallest": Case("The smallest valid call", smallest, answer, otherwise=plain if plain != smallest else None)
    }
    if every != smallest:
        other = {name: made.get(name, every[name]) for name in every}
        cases["every_field"] = Case(
            "Every field", every, answer, optional=True, otherwise=other if other != every else None
        )
    return cases


def _eased(name: str, taken: Taken, schemas: Translation) -> tuple[Any, Values]:
    """Return a value of a required field that nothing fits, once rules that contradict each other are left out of it.

    Documents have alternatives that cannot be told apart, and patterns that their own examples break.
    """
    for ease, what in (
        (_any_of, "alternatives that cannot be told apart: a value may be of several"),
        (_without_patterns, "a pattern that nothing fits is not checked"),
    ):
        taken.fields[name] = ease(taken.fields[name])
        for one in list(schemas.defs):
            schemas.defs[one] = ease(schemas.defs[one])
        values = Values(schemas.defs)
        try:
            found = values.sample(taken.fields[name])
        except Unfit:
            continue
        schemas.note(what, name)
        return found, values
    return "text", Values(schemas.defs)


def _any_of(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_any_of(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    renamed = "oneOf" in schema and "anyOf" not in schema
    return {"anyOf" if renamed and key == "oneOf" else key: _any_of(one) for key, one in schema.items()}


def _without_patterns(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_patterns(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {
        key: _without_patterns(one) for key, one in schema.items() if not (key == "pattern" and isinstance(one, str))
    }


def values_of_file(schema: Mapping[str, Any]) -> bool:
    """Tell whether a field is a file."""
    return "file" in (schema.get("format"), _map(schema.get("items")).get("format"))


def _alternative(validation: Mapping[str, Any]) -> list[str]:
    """Return what the first of several alternatives asks for."""
    for word in ("anyOf", "oneOf"):
        for one in validation.get(word) or ():
            return list(_map(one).get("required") or ())
    return []
