"""A connection: whose account, where, with which secret."""

from __future__ import annotations

import os

# What binding needs is loaded when a connection is bound; even `typing` costs as much as all that is left.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Any, NoReturn

    from koppling.masking import Masker
    from koppling.model import ConnectorSpec

if TYPE_CHECKING:
    from koppling.link import Grant
    from koppling.tokens import Held


class Connection:
    """The fields of one connection to one connector. What is secret in it is never shown.

    Args:
        connector: the connector's name.
        fields: as the connector's spec declares them, `api_key="…"`.
    """

    __slots__ = ("_env_file", "_from_env", "connector", "fields", "held", "name")

    def __init__(self, connector: str, /, **fields: Any) -> None:
        if not isinstance(connector, str):
            from koppling.diagnostics import kind_of

            raise TypeError(f"connector is a connector's name, not {kind_of(connector)}")
        self.connector = connector
        self.fields = fields
        self.name: str | None = None
        #: The tokens of OAuth 2, once there are some; shared by all that use this connection.
        self.held: Held | None = None
        self._from_env = False
        self._env_file: str | Path | None = None

    @classmethod
    def from_env(cls, connector: str, *, env_file: str | Path | None = None) -> Connection:
        """Return the connection whose fields are in the environment, under the names that the spec gives (`env`).

        Both are read when a client takes the connection; what is missing then is a ConnectionInvalid.

        Args:
            connector: the connector's name.
            env_file: a file of NAME=value lines, for what the environment itself does not have. No such file is ever
                read unasked: one that came with somebody else's folder could send a key to somebody else's address.
        """
        found = cls(connector)
        found._from_env, found._env_file = True, env_file
        return found

    @classmethod
    def load(cls, name: str) -> Connection:
        """Return a connection that `koppling connection add` has stored.

        Raises:
            ConnectionInvalid: there is none of that name, or the keyring does not give its secrets.
        """
        from koppling.store import connections

        entry = connections.find(name)
        found = cls(entry.connector, **entry.fields, **connections.secrets_of(name, entry))
        found.name = name
        from koppling.tokens import Held

        found.held = Held(None, connections.StoredTokens(name, entry.identity))
        return found

    @classmethod
    def default(cls, connector: str) -> Connection:
        """Return the stored connection that is a connector's default: the one made so, or the only one there is.

        Raises:
            ConnectionInvalid: there is none.
        """
        from koppling.errors import ConnectionInvalid
        from koppling.store import connections

        name = connections.default_name(connector)
        if name is None:
            message = f"no stored connection is the default of {connector}; `koppling connection list` shows them"
            raise ConnectionInvalid(connector, message)
        return cls.load(name)

    def use_tokens(
        self,
        tokens: Mapping[str, Any],
        *,
        changed: Callable[[dict[str, Any]], None] | None = None,
        renew: bool = True,
    ) -> None:
        """Give the connection tokens of OAuth 2 that a program keeps itself.

        Args:
            tokens: as `tokens` gave them, or as a token endpoint answered: `access_token`, `refresh_token`,
                `expires_at` (seconds since 1970).
            changed: is called with new ones, each time that they were renewed. The old ones may be good no more.
            renew: whether they are renewed at all.

        Raises:
            ValueError: there is no access token among them.
        """
        from koppling.tokens import Held, Told, stored_tokens

        self.held = Held(stored_tokens(tokens), None if changed is None else Told(changed), renewable=renew)

    @property
    def tokens(self) -> dict[str, Any] | None:
        """The tokens of OAuth 2 as they are now, real values; None where there are none yet."""
        return None if self.held is None or self.held.tokens is None else self.held.tokens.as_json()

    def bind(self, spec: ConnectorSpec) -> Bound:
        """Return the connection checked against its connector, defaults filled in.

        Raises:
            ConnectionInvalid: a field is missing, unknown or wrong.
        """
        from koppling.diagnostics import suggestion
        from koppling.errors import ConnectionInvalid
        from koppling.masking import Masker

        values = {name: value for name, value in self.fields.items() if value is not None}
        for name in values:
            if name not in spec.fields:
                raise ConnectionInvalid(
                    spec.name,
                    f"a connection to {spec.name} has no field {name!r}; {suggestion(name, spec.fields)}",
                    name,
                )
        variables = environment(self._env_file) if self._from_env else {}
        for name, field in spec.fields.items():
            variable = field.schema.get("env")
            if name not in values and variable and variables.get(variable):
                values[name] = from_text(variables[variable], field.schema)
            if name not in values and "default" in field.schema:
                values[name] = field.schema["default"]
            if name not in values and field.required:
                raise ConnectionInvalid(spec.name, _missing(spec, name, variable), name, variable)
        self._check(spec, values)
        secrets = [str(values[name]) for name, field in spec.fields.items() if field.secret and name in values]
        secrets += _derived(spec.plan["auth"], values)
        return Bound(spec.name, values, tuple(secrets), Masker(secrets), self._grant(spec))

    def _grant(self, spec: ConnectorSpec) -> Grant | None:
        if "oauth2" not in spec.plan["auth"]:
            return None
        from koppling.link import Grant
        from koppling.tokens import held_by

        return Grant(spec, held_by(self))

    def _check(self, spec: ConnectorSpec, values: dict[str, Any]) -> None:
        from koppling.errors import ConnectionInvalid
        from koppling.masking import Masker
        from koppling.validate import Schema
        from koppling.words import cut

        secrets = [str(values[name]) for name, field in spec.fields.items() if field.secret and name in values]
        masker = Masker([*secrets, *(left for one in secrets if (left := cut(one)))])
        for fault in Schema(spec.plan["schema"]).faults(values):
            name = str(fault.pointer[0]) if fault.pointer else ""
            raise ConnectionInvalid(
                spec.name, masker.text(f"the field {name!r} of the connection to {spec.name} {fault.message}"), name
            )
        for name, field in spec.fields.items():
            if field.schema.get("format") == "uri" and name in values and (why := _no_base(values[name])):
                message = masker.text(f"the field {name!r} of the connection to {spec.name} {why}")
                raise ConnectionInvalid(spec.name, message, name)

    def __reduce__(self) -> Any:
        """Pickle what leads to the connection: its name, or that it is the environment's. No secret is pickled."""
        if self.name is not None:
            return _load, (self.name,)
        if self._from_env and not self.fields:
            return _from_env, (self.connector, self._env_file)
        raise TypeError(
            "a Connection is not pickled, for the secrets in it; Connection.load(name) and Connection.from_env(…) are, "
            "without them"
        )

    def __deepcopy__(self, memo: object) -> Connection:
        return self

    def __repr__(self) -> str:
        shown = "".join(f", {name}=***" for name in self.fields)
        return f"Connection({self.connector!r}{shown}{', from the environment' if self._from_env else ''})"


def _derived(auth: Mapping[str, Any], values: Mapping[str, Any]) -> list[str]:
    """Return the credential, where the spec makes it of a secret in a way that the secret cannot be found in it."""
    from koppling.template import compile_template

    for kind, key in (("bearer", None), ("basic", "password"), ("api_key", "value")):
        tree = auth.get(kind) if key is None else (auth.get(kind) or {}).get(key)
        if isinstance(tree, str) and "(" in tree:  # a function: `split` gives a part of a text
            value = compile_template(tree)({"connection": dict(values)})
            return [value] if isinstance(value, str) else []
    return []


def _load(name: str) -> Connection:
    return Connection.load(name)


def _from_env(connector: str, env_file: str | Path | None) -> Connection:
    return Connection.from_env(connector, env_file=env_file)


def environment(env_file: str | Path | None = None) -> dict[str, str]:
    """Return the variables of the environment, and below them those of a file of NAME=value lines.

    Raises:
        ConnectionInvalid: the file cannot be read, or is none.
    """
    found: dict[str, str] = {}
    if env_file is not None:
        from pathlib import Path

        from koppling.dotenv import parse_dotenv
        from koppling.errors import ConnectionInvalid

        try:
            found = parse_dotenv(Path(env_file).read_text(encoding="utf-8-sig"))
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            why = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else why
            raise ConnectionInvalid("", f"the variables of {env_file} cannot be read: {why}") from None
    return {**found, **{name: value for name, value in os.environ.items() if value}}


def from_text(text: str, schema: Mapping[str, Any]) -> Any:
    """Return a text as its field's type, where that can be told; else the text, for the check to refuse."""
    if schema.get("type") in {"integer", "number", "boolean"}:
        import json

        try:
            return json.loads(text.lower())
        except ValueError:
            return text
    return text


def _missing(spec: ConnectorSpec, name: str, variable: str | None) -> str:
    said = f"a connection to {spec.name} needs {name}: pass Connection({spec.name!r}, {name}=…)"
    return f"{said}, or set {variable} in the environment" if variable else said


def _no_base(value: Any) -> str:
    """Say why a value is no address to send to; nothing where it is one."""
    from urllib.parse import urlsplit

    parts = urlsplit(str(value))
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "must be an http or https address"
    if parts.username is not None or parts.password is not None:
        return "must not hold a user name or password"
    if parts.query or parts.fragment:
        return "must not hold a query or a fragment"
    try:
        _ = parts.port
    except ValueError:
        return f"must have a port from 0 to 65535, which {parts.netloc!r} has not"
    return ""


class Bound:
    """A connection that was checked.

    `values` are what templates see, `secrets` what nobody may; `grant` gives tokens.
    """

    __slots__ = ("connector", "grant", "masker", "secrets", "values")

    def __init__(
        self,
        connector: str,
        values: dict[str, Any],
        secrets: tuple[str, ...],
        masker: Masker,
        grant: Grant | None = None,
    ) -> None:
        self.connector, self.values, self.secrets, self.masker = connector, values, secrets, masker
        self.grant = grant

    def __reduce__(self) -> NoReturn:
        raise TypeError("a connection that was checked is not pickled, for the secrets in it")

    def __repr__(self) -> str:
        return f"Bound({self.connector!r})"
