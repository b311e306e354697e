"""A spec holds no credential.

Specs are committed, shared and published. A key in one is a key given away, in an example as much as in a header; what
looks like one makes somebody wonder, and scanners stop the push.

Wrong:

    # modules/get_thing.v1.yaml
    request: {method: GET, path: "/things/${input.id}", headers: {X-Key: ghp_R4nd0mR4nd0mR4nd0mR4nd0mR4nd0mR4nd0m}}

Right:

    # modules/get_thing.v1.yaml
    request: {method: GET, path: "/things/${input.id}", headers: {X-Key: "${connection.api_key}"}}
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from koppling.diagnostics import Severity
from koppling.read import Document, Pointer
from koppling_tools.rules.view import Finding, layers

SEVERITY: Severity = "error"

# The forms that vendors give their keys, so that scanners find them. Each link tells the form.
_FORMS: Final = {
    # https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github
    "a GitHub token": r"\b(?:gh[opsur]_[A-Za-z0-9]{36,}|github_pat_\w{40,})",
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    "an AWS access key": r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    # https://api.slack.com/authentication/token-types
    "a Slack token": r"\bxox[abeoprs]-[0-9A-Za-z-]{20,}",
    # https://docs.stripe.com/keys
    "a Stripe key": r"\b[rs]k_live_[0-9A-Za-z]{20,}",
    "a Google API key": r"\bAIza[0-9A-Za-z_-]{35}\b",
    "an API key": r"\bsk-(?:[a-z]{2,}-)*[A-Za-z0-9_-]*(?=[A-Za-z0-9_-]*\d)(?=[A-Za-z0-9_-]*[A-Z])[A-Za-z0-9_-]{32,}",
    # https://www.rfc-editor.org/rfc/rfc7468
    "a private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
    # https://www.rfc-editor.org/rfc/rfc7519
    "a JSON Web Token": r"\beyJ[A-Za-z0-9_-]{16,}\.eyJ[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    "a password in an address": r"\bhttps?://[^\s/:@\"'$<{]+:[^\s/:@\"'$<{]{3,}@",
}
_ANY: Final = re.compile("|".join(f"(?P<f{index}>{form})" for index, form in enumerate(_FORMS.values())))

# Names under which nothing but a credential is sent.
_NAMED: Final = re.compile(
    r"(?i)(?:^|[_-])(?:api[_-]?key|access[_-]?key|token|secret|password|passwd|bearer|authorization)$"
)
_SHORTEST: Final = 8


def looks_like(text: str) -> str | None:
    """Return what a text looks like that has the form of a credential; None where it has none."""
    found = _ANY.search(text)
    return None if found is None else list(_FORMS)[int(str(found.lastgroup)[1:])]


def of_document(document: Document) -> Iterator[Finding]:
    """Find the texts that have the form of a credential, or stand where only one stands."""
    yield from _formed(document)
    value = document.value
    if not isinstance(value, dict) or "version" not in value:
        return
    places: list[tuple[Pointer, Any]] = [(("auth",), value.get("auth"))]
    places += [((*at, key), request.get(key)) for at, request in layers(value) for key in _SENT]
    for at, found in places:
        for pointer, text in _texts(found, at):
            named = next((step for step in reversed(pointer) if isinstance(step, str)), "")
            if _NAMED.search(named) or (at == ("auth",) and named in _AUTH):
                literal = text.strip()
                if "${" not in literal and len(literal.split()[-1] if literal else "") >= _SHORTEST:
                    told = f"`{named}` is written out here"
                    yield Finding(document, told, pointer, "make it a field of the connection, marked `secret`")


_SENT: Final = ("headers", "query", "json", "form", "multipart")
_AUTH: Final = {"bearer", "password", "value", "client_secret"}


def _texts(value: Any, at: Pointer) -> Iterator[tuple[Pointer, str]]:
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _texts(one, (*at, key))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _texts(one, (*at, index))


def _formed(document: Document) -> Iterator[Finding]:
    if _ANY.search(document.text) is None:
        return
    value = document.value
    for pointer in document.values:
        found = value
        for part in pointer:
            found = _inner(found, part)
        if isinstance(found, str) and (match := _ANY.search(found)):
            what = list(_FORMS)[int(str(match.lastgroup)[1:])]
            help_text = "make it a field of the connection; revoke it, if it was real; in examples, break its form"
            yield Finding(document, f"this looks like {what}", pointer, help_text, offset=match.start())


def _inner(container: Any, part: str | int) -> Any:
    try:
        return container[part]
    except (KeyError, IndexError, TypeError):
        return None
