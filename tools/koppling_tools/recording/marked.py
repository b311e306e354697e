"""Which texts of a call are secret, and what stands for each in an example."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final

from koppling.connection import Bound
from koppling.files import File
from koppling.model import ConnectorSpec, OperationSpec
from koppling_tools.console.mistakes import GivenWrong
from koppling_tools.examples.placeholders import placeholders
from koppling_tools.recording.disguise import Secret
from koppling_tools.recording.spellings import SHORTEST
from koppling_tools.recording.wiretap import Heard

# Headers that carry who somebody is: https://www.iana.org/assignments/http-fields
_CREDENTIALS: Final = frozenset({"authorization", "proxy-authorization", "cookie"})
# What a token endpoint answers with: https://www.rfc-editor.org/rfc/rfc6749#section-5.1
_TOKENS: Final = frozenset({"access_token", "refresh_token", "id_token", "client_secret"})
_COOKIE: Final = 8  # a cookie of fewer characters says yes, no or a language


def of_connection(connector: ConnectorSpec, bound: Bound) -> Iterator[Secret]:
    """Yield the connection's secrets."""
    made_up = placeholders(connector)
    for name, field in connector.fields.items():
        if field.secret and name in bound.values:
            yield Secret(str(bound.values[name]), str(made_up[name]), f"the connection's {name}")


def of_inputs(operation: OperationSpec, inputs: Mapping[str, Any]) -> Iterator[Secret]:
    """Yield the secrets among the inputs."""
    for name, field in operation.fields.items():
        if field.secret and name in inputs:
            instead = stand_in(field.schema, inputs[name], name)
            yield from _pairs(inputs[name], instead, f"the input {name}", f"example-{name}")


def of_wire(heard: Sequence[Heard]) -> Iterator[Secret]:
    """Yield what is secret of itself in what was sent and answered: credentials, cookies, tokens."""
    for one in heard:
        for name, value in one.sent_headers:
            if name in _CREDENTIALS:
                scheme, _, rest = value.partition(" ")
                yield Secret(rest.strip() or scheme, f"example-{name}", f"the header {name}")
        yield from _cookies(one.cookies)
        with contextlib.suppress(ValueError, RecursionError):
            yield from _tokens(json.loads(one.data))


def must_be_long_enough(secrets: Sequence[Secret]) -> None:
    """Refuse secrets that cannot be told from other text.

    Raises:
        GivenWrong: there is one.
    """
    for one in secrets:
        if one.text and one.text != one.stand_in and len(one.text) < SHORTEST:
            error = GivenWrong(f"{one.what} has fewer than {SHORTEST} characters: nobody can tell where it stands")
            error.add_note("record with a longer one")
            raise error


def stand_in(schema: Mapping[str, Any], value: Any, name: str) -> Any:
    """Return what stands for the value of a secret field: its first example, else one that is made up."""
    if schema.get("examples"):
        return schema["examples"][0]
    if isinstance(value, Mapping) and {"data"} <= set(value):
        data = base64.b64encode(f"example-{name}".encode()).decode()
        return {**value, "name": f"example-{name}", "data": data}
    if isinstance(value, Mapping):
        return {key: stand_in({}, one, name) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [stand_in({}, one, name) for one in value]
    if isinstance(value, str):
        return f"example-{name}".ljust(int(schema.get("minLength", 0)), "-")
    return value if value is None or isinstance(value, bool) else 0


def replaced(operation: OperationSpec, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs with something in place of what is secret."""
    secret = {name: field.schema for name, field in operation.fields.items() if field.secret}
    return {name: stand_in(secret[name], value, name) if name in secret else value for name, value in inputs.items()}


def _pairs(value: Any, instead: Any, what: str, otherwise: str) -> Iterator[Secret]:
    """Yield each scalar of a secret value with the one that stands for it."""
    if isinstance(value, File):
        yield from _pairs(value.read().decode("latin-1"), otherwise, what, otherwise)
    elif isinstance(value, Mapping):
        for key, one in value.items():
            inner = instead.get(key, otherwise) if isinstance(instead, Mapping) else otherwise
            yield from _pairs(one, inner, what, otherwise)
    elif isinstance(value, list | tuple):
        for index, one in enumerate(value):
            inner = instead[index] if isinstance(instead, list) and index < len(instead) else otherwise
            yield from _pairs(one, inner, what, otherwise)
    elif value is not None and not isinstance(value, bool) and value != "":
        yield Secret(str(value), str(instead), what)


def _cookies(headers: Sequence[str]) -> Iterator[Secret]:
    for header in headers:
        try:
            jar = SimpleCookie(header)
        except CookieError:
            jar = SimpleCookie()
        found = {name: one.value for name, one in jar.items()}
        if not found:
            name, _, value = header.partition(";")[0].partition("=")
            found = {name.strip(): value.strip()}
        for name, value in found.items():
            if len(value) >= _COOKIE:
                yield Secret(value, f"example-{name}", f"the cookie {name}")


def _tokens(value: Any) -> Iterator[Secret]:
    if isinstance(value, dict):
        for key, one in value.items():
            if key in _TOKENS and isinstance(one, str):
                yield Secret(one, f"example-{key}", f"the answer's {key}")
            yield from _tokens(one)
    elif isinstance(value, list):
        for one in value:
            yield from _tokens(one)
