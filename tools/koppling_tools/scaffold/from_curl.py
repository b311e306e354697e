"""What `koppling import curl` does: a call that was taken apart, put together again as a module."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from koppling.catalog import Catalog
from koppling.encode import RESERVED_HEADERS
from koppling.read import read_document
from koppling_tools.console import terminal
from koppling_tools.console.mistakes import Misuse
from koppling_tools.console.options import today
from koppling_tools.examples.placeholders import base_url as base_url_of
from koppling_tools.examples.placeholders import placeholders
from koppling_tools.rules.credential_literal import looks_like
from koppling_tools.scaffold.connector import Address, Credential, checked_url, connector_tree
from koppling_tools.scaffold.curl import Call, read
from koppling_tools.scaffold.curl_body import body
from koppling_tools.scaffold.draft import Case, Draft, Module, Notes
from koppling_tools.scaffold.finish import home, show, with_grammar, write
from koppling_tools.scaffold.made import KEY, VARIABLE, Made, Proof, text_field
from koppling_tools.scaffold.names import checked, snake, title_of
from koppling_tools.scaffold.new import known_modules
from koppling_tools.scaffold.trial import tried
from koppling_tools.scaffold.vendor import written_headers

# A piece of a path that names one thing among many: a number, a UUID, a place left open, letters with digits in them.
_AS_IT_IS: Final = "!$&'()*+,;=:@"  # beside what is never encoded (RFC 3986, 3.3)
_VARIES: Final = re.compile(
    r"\d+|[0-9a-fA-F-]{32,36}|\{.*\}|:\w+|<.*>|(?=.*\d)[A-Za-z0-9_-]{8,}|[a-z]{1,8}_(?=.*\d)\w{2,}"
)
_VERSION: Final = re.compile(r"v\d+(\.\d+)*|api|rest")
_VERBS: Final = {"GET": "get", "POST": "create", "PUT": "replace", "PATCH": "update", "DELETE": "delete"}


def curl(text: str, specs: tuple[Path, ...], *, target: str | None, base_url: str | None, dry_run: bool) -> int:
    """Write a module, and the connector where there is none.

    Raises:
        Misuse: it is no line of curl, or does not fit the connector.
    """
    notes = Notes()
    call = read(text, notes)
    address = call.url if "://" in call.url else f"https://{call.url}"
    if VARIABLE.match(call.url):
        address = base_url or _refuse_variable(call.url)
        address = address.rstrip("/") + VARIABLE.sub("", call.url, count=1)
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Misuse(f"{call.url!r} is no address of an API")
    if parts.username:
        call.user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    connector, module = _named(target, parts.hostname)
    catalog = Catalog(specs)
    there = connector in catalog.connectors()
    base = _base_of(catalog, connector) if there else checked_url(base_url or origin + _version_of(parts.path))
    below = f"{origin}{parts.path}"
    if not f"{below}/".startswith(base):
        raise Misuse(f"the line asks {origin}{parts.path}, which is not below {base}, where {connector} is")
    made, proof = Made(notes), Proof()
    _query(call, parts.query, made, proof, connector)
    _headers(call, made, proof, connector)
    path = _path(below[len(base) - 1 :], made)
    body(call, made)
    name = checked(module or _name_of(call.method, below[len(base) - 1 :]), "module")
    if there and name in known_modules(catalog, connector):
        raise Misuse(f"there is a module {connector}.{name} already; --as {connector}.NAME gives another name")
    shared = _shared(catalog, connector) if there else None
    if shared is not None:
        _settle(made, proof, shared, connector)
    draft = _draft(made, proof, call, name, path, connector, base, shared)
    return _finish(draft, made, proof, home(specs), specs, there=there, dry_run=dry_run)


def _refuse_variable(url: str) -> str:
    raise Misuse(f"the address begins with a variable, {url}; say what it holds with --base-url")


def _named(target: str | None, host: str) -> tuple[str, str]:
    if target is not None:
        connector, _, module = target.partition(".")
        return checked(connector, "connector"), module
    labels = [one for one in host.split(".") if one not in {"www", "api", "rest"}]
    found = snake(labels[-2] if len(labels) > 1 else labels[0] if labels else "")
    if not found or not found[0].isalpha():
        raise Misuse(f"say --as CONNECTOR.NAME; {host!r} makes no name")
    return found, ""


def _version_of(path: str) -> str:
    """Return the beginning of a path that all calls have alike, with slashes around it."""
    found = []
    for one in path.split("/")[1:-1]:
        if not _VERSION.fullmatch(one):
            break
        found.append(one)
    return "/" + "".join(f"{one}/" for one in found)


def _base_of(catalog: Catalog, connector: str) -> str:
    spec = catalog.connector(connector)
    found = base_url_of(spec.plan.get("request") or {}, placeholders(spec))
    return found if found.endswith("/") else f"{found}/"


def _shared(catalog: Catalog, connector: str) -> Mapping[str, Any]:
    found = read_document(catalog.home(connector) / "connector.yaml").value
    return found if isinstance(found, dict) else {}


def _name_of(method: str, path: str) -> str:
    steps = [one for one in path.split("/") if one]
    words = [one for one in steps if not _VARIES.fullmatch(one) and not VARIABLE.search(one)]
    found = snake(" ".join([_VERBS.get(method, method.lower()), *words]))
    return found or "call"


# ---- what is sent ----


def _query(call: Call, query: str, made: Made, proof: Proof, connector: str) -> None:
    grouped: dict[str, list[str]] = {}
    for name, value in [*parse_qsl(query, keep_blank_values=True), *call.query]:
        grouped.setdefault(name, []).append(value)
    found: dict[str, Any] = {}
    for name, values in grouped.items():
        if KEY.fullmatch(name) or looks_like(values[0]):
            made.withhold(values[0])
            proof.key(connector, "query", name)
        else:
            found[name] = text_field(made, name, values)
    if found:
        made.request["query"] = found


def _headers(call: Call, made: Made, proof: Proof, connector: str) -> None:
    found: dict[str, str] = {}
    if call.bearer is not None:
        call.headers.append(("Authorization", f"Bearer {call.bearer}"))
    if call.user is not None:
        made.withhold(call.user)
        made.withhold(call.user.partition(":")[2])
        if any(name.lower() == "authorization" for name, _ in call.headers):  # which curl sends in its place
            made.notes.add("a user name and a password beside another Authorization are left out", "basic")
        else:
            proof.basic(connector)
    for name, value in call.headers:
        lower = name.lower()
        if lower == "authorization" and {"basic", "Authorization"} & set(proof.names):
            made.withhold(value.partition(" ")[2] or value)
            made.notes.add("a second Authorization is left out", value.partition(" ")[0] if " " in value else name)
        elif lower == "authorization":
            _authorization(value, made, proof, connector)
        elif KEY.fullmatch(name) or looks_like(value):
            made.withhold(value)
            proof.key(connector, "header", name)
        elif lower == "cookie":
            made.withhold(value)
            made.notes.add("a cookie cannot be sent", name)
        elif lower in RESERVED_HEADERS or lower in {"accept", "user-agent", "accept-encoding"}:
            made.notes.add("a header that is the transport's business is left out", name)
        elif lower != "content-type":
            found[name] = made.text(value, snake(name))
    if found:
        made.request["headers"] = found


def _authorization(value: str, made: Made, proof: Proof, connector: str) -> None:
    scheme, space, rest = value.partition(" ")
    made.withhold(rest if space else value)
    if scheme.lower() == "basic":
        proof.basic(connector)
    else:
        before = f"{'Bearer' if scheme.lower() == 'bearer' else scheme} " if space else ""
        proof.key(connector, "header", "Authorization", before)


def _path(path: str, made: Made) -> str:
    found = []
    before = "thing"
    for step in path.split("/"):
        if VARIABLE.search(step):
            found.append(made.text(step, f"{_one_of(before)}_id"))
        elif step and _VARIES.fullmatch(unquote(step)):
            open_name = re.fullmatch(r"[{<:](\w+)[}>]?", unquote(step))
            name = snake(open_name[1]) if open_name else f"{_one_of(before)}_id"
            value = "text" if open_name else unquote(step)
            found.append(made.add(name, {"type": "string", "minLength": 1}, value, required=True))
        else:
            found.append(quote(unquote(step), safe=_AS_IT_IS).replace("${", "$${"))
            before = step or before
    return "/".join(found) or "/"


def _one_of(word: str) -> str:
    """Return what one of these things is called: `users`, a user."""
    found = snake(word) or "thing"
    if found.endswith("ies"):
        return f"{found[:-3]}y"
    return found[:-1] if found.endswith("s") and not found.endswith("ss") else found


# ---- the specs ----


def _settle(made: Made, proof: Proof, shared: Mapping[str, Any], connector: str) -> None:
    """Leave to a connector that is there what it sends itself."""
    headers = made.request.get("headers", {})
    for name in [name for name in headers if name.lower() in written_headers(shared)]:
        del headers[name]
        made.notes.add("a header that the connector writes itself is left out", name)
    if not headers:
        made.request.pop("headers", None)
    if proof.names and not shared.get("auth"):
        made.notes.add(f"the line has a credential, and {connector} sends none", ", ".join(proof.names))


def _draft(
    made: Made,
    proof: Proof,
    call: Call,
    name: str,
    path: str,
    connector: str,
    base: str,
    shared: Mapping[str, Any] | None,
) -> Draft:
    tree: dict[str, Any] = {"name": name, "version": "1.0.0", "kind": "action", "title": title_of(name)}
    tree |= {key: one for key, one in (("fields", made.fields), ("required", made.required)) if one}
    tree["request"] = {"method": call.method, "path": path, **made.request}
    tree["response"] = {"format": "auto"}
    answer = {"status": 200} if call.method == "HEAD" else {"status": 200, "json": {"id": 1}}
    cases = {"as_sent": Case("The call as it stood in the line of curl", made.values, answer)}
    module = Module(name, tree, cases, notes=made.notes)
    module.comments = [f"Not said here: {one}." for one in made.notes.lines()]
    connector_yaml = None
    if shared is None:
        given = Credential(proof.fields, proof.auth, proof.headers, proof.query, list(proof.fields))
        connector_yaml = connector_tree(connector, title_of(connector), Address(base), given)
    return Draft(connector, connector_yaml, [module])


def _finish(
    draft: Draft,
    made: Made,
    proof: Proof,
    folder: Path,
    specs: tuple[Path, ...],
    *,
    there: bool,
    dry_run: bool,
) -> int:
    found = tried(draft, specs, today())
    for name, why in found.refused.items():
        raise Misuse(f"the module {name} would not hold: {why}")
    files = with_grammar(folder, found.texts)
    leaked = [path for path, text in files.items() if any(one in text for one in made.withheld)]
    if leaked:
        raise Misuse(f"a secret of the line would stand in {leaked[0]}; replace it by $NAME in the line, and try again")
    if not dry_run:
        write(files)
    module = draft.modules[0]
    call = " ".join([f"{draft.connector}.{module.name}", *(f"{key}=…" for key in made.required)])
    show(files, f"koppling run {call} --dry-run", dry_run=dry_run)
    for line in made.notes.lines():
        terminal.say(line, "yellow", label="note: ")
    if proof.names:
        where = (
            "the connection of that connector has it" if there else f"the connection has it ({', '.join(proof.fields)})"
        )
        terminal.say(f"the credential of the line is in no file; {where}", "yellow", label="note: ")
    body = [one for one in made.fields if one not in made.required]
    if body:
        terminal.say(
            f"one call does not tell what is required; here it is not: {', '.join(body)}", "yellow", label="note: "
        )
    terminal.say("what it answers is read by its media type; write `response.output` for what callers want of it")
    return 0
