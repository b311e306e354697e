"""A vendor's security schemes as the credential of a connection."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from koppling_tools.openapi.document import Api, Operation
from koppling_tools.scaffold.connector import Credential, secret, variable
from koppling_tools.scaffold.draft import Notes
from koppling_tools.scaffold.names import free, snake, title_of

_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def credential_of(api: Api, operations: Sequence[Operation], connector: str, notes: Notes) -> Credential:
    """Return the credential that most of the operations ask for.

    Args:
        api: the vendor's document.
        operations: those that are imported.
        connector: whose variables it is read from.
        notes: where is noted what cannot be said.
    """
    asked: Counter[tuple[str, ...]] = Counter()
    free_of_it = False
    for operation in operations:
        wanted = [tuple(sorted(one)) for one in operation.security if isinstance(one, Mapping)]
        free_of_it = free_of_it or (() in wanted and len(wanted) > 1)
        for one in wanted:
            asked[one] += 1
    asked.pop((), None)
    able = [one for one in asked if all(name in api.schemes and _speakable(api.schemes[name]) for name in one)]
    for one in asked:
        if one not in able:
            told = " and ".join(f"{name} ({_kind(api.schemes.get(name, {}))})" for name in one)
            notes.add("a credential that the language has no word for", told)
    if not able:
        if not asked and api.schemes:
            notes.add("no operation asks for a credential, and none is sent", ", ".join(api.schemes))
        return Credential()
    chosen = max(able, key=lambda one: (asked[one], -len(one)))
    others = [" and ".join(one) for one in able if one != chosen]
    if others:
        notes.add(
            f"one credential a connector: here it is {' and '.join(chosen)}; there is another way, too",
            ", ".join(others),
        )
    bare = [one for one in operations if not one.security]
    if bare:
        notes.add(
            "an operation that asks for no credential gets it all the same", ", ".join(_name(one) for one in bare[:6])
        )
    scopes = {name: _scopes(name, operations) for name in chosen}
    return _together([(name, api.schemes[name]) for name in chosen], connector, notes, scopes, optional=free_of_it)


def _scopes(scheme: str, operations: Sequence[Operation]) -> list[str]:
    """Return what any of the operations needs of a scheme, in the order in which they ask."""
    asked = (one.get(scheme) for operation in operations for one in operation.security if isinstance(one, Mapping))
    return list(dict.fromkeys(str(scope) for scopes in asked if isinstance(scopes, list) for scope in scopes))


def _name(operation: Operation) -> str:
    return operation.id or f"{operation.method} {operation.path}"


def _kind(scheme: Mapping[str, Any]) -> str:
    kind = str(scheme.get("type", "unknown"))
    return f"{kind} {scheme.get('scheme') or scheme.get('in') or ''}".strip()


def _speakable(scheme: Mapping[str, Any]) -> bool:
    kind = scheme.get("type")
    if kind == "http":
        return str(scheme.get("scheme", "")).lower() in {"bearer", "basic"}
    if kind == "apiKey":
        return scheme.get("in") in ("header", "query") and _HEADER.fullmatch(str(scheme.get("name", ""))) is not None
    return kind in ("oauth2", "openIdConnect")  # tuples: it may be anything at all


def _together(
    schemes: Sequence[tuple[str, Mapping[str, Any]]],
    connector: str,
    notes: Notes,
    scopes: Mapping[str, list[str]],
    *,
    optional: bool,
) -> Credential:
    """Return one credential of schemes that are asked for together: one is `auth`, the others are shared parts."""
    fields: dict[str, dict[str, Any]] = {}
    auth: dict[str, Any] | None = None
    headers: dict[str, str] = {}
    query: dict[str, str] = {}
    free_fields: set[str] = set()
    # What stands in Authorization is `auth`; a key can stand anywhere.
    for name, scheme in sorted(schemes, key=lambda one: one[1].get("type") == "apiKey"):
        kind = scheme.get("type")
        if kind == "http" and str(scheme.get("scheme")).lower() == "basic":
            fields["username"] = {"type": "string", "title": "User Name", "env": variable(connector, "username")}
            fields["password"] = secret("Password", connector, "password")
            made: dict[str, Any] = {
                "basic": {"username": "${connection.username}", "password": "${connection.password}"}
            }
        elif kind == "apiKey":
            header = str(scheme["name"])
            mine = free("api_key" if not fields else snake(header) or "api_key", fields)
            fields[mine] = secret("API Key" if mine == "api_key" else title_of(mine), connector, mine)
            if auth is not None:
                (headers if scheme["in"] == "header" else query)[header] = f"${{connection.{mine}}}"
                continue
            made = {"api_key": {"in": scheme["in"], "name": header, "value": f"${{connection.{mine}}}"}}
        elif kind == "oauth2" and (oauth := _oauth(scheme, scopes[name])) is not None:
            fields["client_id"] = {"type": "string", "title": "Client ID", "env": variable(connector, "client_id")}
            fields["client_secret"] = secret("Client Secret", connector, "client_secret")
            if oauth["grant"] == "authorization_code":
                free_fields.add("client_secret")  # not every client that people sign in with has one
            made = {"oauth2": oauth}
        else:
            mine = "api_key" if kind == "http" else "access_token"
            if kind != "http":
                words = "has no flow that the language knows"
                notes.add(f"{kind} {words}: the connection takes an access token that was got elsewhere", name)
            fields[mine] = secret(title_of(mine), connector, mine)
            made = {"bearer": f"${{connection.{mine}}}"}
        if auth is None:
            auth = made
        else:
            notes.add("two credentials in one header cannot be said", name)
    required = [] if optional else [name for name in fields if name not in free_fields]
    return Credential(fields, auth, headers, query, required)


def _oauth(scheme: Mapping[str, Any], scopes: list[str]) -> dict[str, Any] | None:
    """Return a flow of OAuth 2 as the language has it; None where it has none of them."""
    flows = scheme.get("flows")
    for name, grant, addresses in (
        ("clientCredentials", "client_credentials", {"token_url": "tokenUrl"}),
        ("authorizationCode", "authorization_code", {"token_url": "tokenUrl", "authorize_url": "authorizationUrl"}),
    ):
        flow = flows.get(name) if isinstance(flows, Mapping) else None
        found = {key: str(flow.get(theirs, "")) for key, theirs in addresses.items()} if flow else {}
        if found and all(address.startswith("https://") for address in found.values()):
            client = {"client_id": "${connection.client_id}", "client_secret": "${connection.client_secret}"}
            return {"grant": grant, **found, **client, **({"scopes": scopes} if scopes else {})}
    return None
