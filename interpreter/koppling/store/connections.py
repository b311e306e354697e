"""Stored connections: one file of the user's own, and the system's keyring for their secrets where there is one.

The file has mode 0600, is written whole or not at all, and is changed under a lock: what runs at the same time loses
nothing. A file that cannot be read as one of ours is never written over.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex
from typing import Any, Final, Literal

from koppling.diagnostics import suggestion
from koppling.errors import ConnectionInvalid
from koppling.store import vault
from koppling.store.folders import config_folder, write_whole
from koppling.store.lock import TriedLock, locked
from koppling.tokens import Tokens, stored_tokens

Home = Literal["keyring", "file"]

_VERSION: Final = 1
_KEYS: Final = ("identity", "connector", "default", "home", "fields", "secrets", "tokens")
_ABOUT: Final = (
    "Connections of `koppling connection add`. Those whose secrets are not in the system's keyring have them here, "
    "readable to whoever reads this file: keep it to yourself, and out of every repository."
)


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """One stored connection.

    `fields` may be seen. `secrets` and `tokens` have their values here where their `home` is the file; where it is the
    keyring, only the names of the secrets, and no tokens. `identity` is drawn anew for every connection that is stored,
    and names its items of the keyring: what replaces another never mixes with it, and two folders never share one.
    """

    identity: str
    connector: str
    home: Home
    fields: dict[str, Any]
    secrets: dict[str, Any]
    tokens: dict[str, Any] | None = None
    default: bool = False

    @property
    def items(self) -> tuple[str, str]:
        """The items of the keyring: of the secrets, and of the tokens, which change."""
        return self.identity, f"{self.identity} tokens"

    def __repr__(self) -> str:
        return f"Entry({self.connector!r}, {self.home!r})"


def connections_path() -> Path:
    """Return the file of stored connections: connections.json in the folder of configuration.

    Raises:
        ConnectionInvalid: there is no such folder for this user.
    """
    folder = config_folder()
    if folder is None:
        message = "there is no folder for this user's connections; set KOPPLING_CONFIG to one"
        raise ConnectionInvalid("", message)
    return folder / "connections.json"


def entries() -> dict[str, Entry]:
    """Return the stored connections by name.

    Raises:
        ConnectionInvalid: the file is there and cannot be read, or is damaged.
    """
    return _read(connections_path())


def find(name: str) -> Entry:
    """Return a stored connection.

    Raises:
        ConnectionInvalid: there is none of that name.
    """
    return _named(entries(), name)


def _named(known: Mapping[str, Entry], name: str) -> Entry:
    if name not in known:
        said = suggestion(name, known) or "none is stored; `koppling connection add` stores one"
        raise ConnectionInvalid("", f"there is no stored connection {name!r}; {said}")
    return known[name]


def default_name(connector: str) -> str | None:
    """Return the name of the connection that is a connector's default: the one marked so, or the only one there is."""
    known = {name: one for name, one in entries().items() if one.connector == connector}
    marked = [name for name, one in known.items() if one.default]
    return marked[0] if marked else next(iter(known)) if len(known) == 1 else None


def names(connector: str) -> list[str]:
    """Return the names of the connections of a connector."""
    return sorted(name for name, one in entries().items() if one.connector == connector)


def secrets_of(name: str, entry: Entry) -> dict[str, Any]:
    """Return the secrets of a stored connection, from where they live.

    Raises:
        ConnectionInvalid: the keyring does not give them.
    """
    if entry.home == "file" or not entry.secrets:
        return entry.secrets
    found = vault.look_up(entry.items[0], name)
    if found is None:
        message = f"the system's keyring has no secrets of {name!r} any more; store the connection again"
        raise ConnectionInvalid(entry.connector, message)
    return {**entry.secrets, **found}


def add(
    name: str,
    connector: str,
    fields: Mapping[str, Any],
    secrets: Mapping[str, Any],
    *,
    tokens: Mapping[str, Any] | None = None,
    home: Home | None = None,
    default: bool = False,
    overwrite: bool = False,
) -> Entry:
    """Store a connection.

    Args:
        name: what to call it.
        connector: what it connects to.
        fields: its fields that may be seen.
        secrets: those that may not.
        tokens: of OAuth 2, where somebody signed in.
        home: where the secrets go; when not told, into the keyring where that works, else into the file.
        default: make it its connector's default, which the first one is anyway.
        overwrite: take the place of one of that name.

    Raises:
        ConnectionInvalid: the name is taken, the keyring refuses, or the file cannot be read or written.
    """
    given = None if tokens is None else dict(tokens)
    entry = _kept(Entry(token_hex(12), connector, "file", dict(fields), dict(secrets), given), home)
    try:
        before, entry = _added(name, entry, default=default, overwrite=overwrite)
    except BaseException:
        _let_go(entry)
        raise
    if before is not None:
        _let_go(before)
    return entry


def _added(name: str, entry: Entry, *, default: bool, overwrite: bool) -> tuple[Entry | None, Entry]:
    with _changing() as known:
        if name in known and not overwrite:
            raise ConnectionInvalid(entry.connector, f"there is a connection {name!r} already", "name")
        before = known.pop(name, None)
        first = not any(one.connector == entry.connector for one in known.values())
        known[name] = replace(entry, default=first or (before is not None and before.default))
        if default:
            _mark(known, name)
        return before, known[name]


def _let_go(entry: Entry) -> None:
    if entry.home == "keyring":
        for item in entry.items:
            vault.forget(item)
    with suppress(OSError):
        _lock_path(entry.identity).unlink()


def remove(name: str) -> str | None:
    """Forget a stored connection, and its secrets. The last one that a connector has left becomes its default.

    Returns:
        The name of one that became it.

    Raises:
        ConnectionInvalid: there is none of that name.
    """
    with _changing() as known:
        gone = _named(known, name)
        del known[name]
        left = [other for other, one in known.items() if one.connector == gone.connector]
        heir = left[0] if len(left) == 1 and not known[left[0]].default else None
        if heir is not None:
            _mark(known, heir)
    _let_go(gone)
    return heir


def make_default(name: str) -> None:
    """Make a stored connection its connector's default.

    Raises:
        ConnectionInvalid: there is none of that name.
    """
    with _changing() as known:
        _named(known, name)
        _mark(known, name)


def exposed() -> Path | None:
    """Return the file of connections where others may read secrets in it."""
    path = connections_path()
    if not any(one.home == "file" and (one.secrets or one.tokens) for one in entries().values()):
        return None
    return path if stat.S_IMODE(path.stat().st_mode) & (stat.S_IRGRP | stat.S_IROTH) else None


def _mark(known: dict[str, Entry], name: str) -> None:
    for other, one in known.items():
        if one.connector == known[name].connector:
            known[other] = replace(one, default=other == name)


def _kept(entry: Entry, home: Home | None) -> Entry:
    """Put secrets and tokens into the keyring; return the entry as the file has it then."""
    if home == "file":
        return entry
    if why := vault.missing():
        if home == "keyring":
            raise ConnectionInvalid("", f"the secrets cannot go into a keyring: {why}; `--store file` does without")
        return entry
    secrets, tokens = entry.items
    try:
        if entry.secrets:
            vault.keep(secrets, entry.secrets)
        if entry.tokens:
            vault.keep(tokens, entry.tokens)
    except ConnectionInvalid:
        vault.forget(secrets)
        if home == "keyring":
            raise
        return entry
    return replace(entry, home="keyring", secrets=dict.fromkeys(entry.secrets), tokens=None)


# ---- tokens, which change ----


def keep_tokens(name: str, identity: str, tokens: Mapping[str, Any]) -> None:
    """Store new tokens of a connection; nothing where it was replaced or removed meanwhile.

    Raises:
        ConnectionInvalid: they cannot be written.
    """
    entry = entries().get(name)
    if entry is None or entry.identity != identity:
        return
    if entry.home == "keyring":
        vault.keep(entry.items[1], dict(tokens))
        return
    with _changing() as known:
        if name in known and known[name].identity == identity:
            known[name] = replace(known[name], tokens=dict(tokens))


class StoredTokens:
    """The tokens of a stored connection, which other processes renew as well."""

    def __init__(self, name: str, identity: str) -> None:
        self._name, self._identity = name, identity

    def lock(self) -> TriedLock:
        """Return what a process holds while it renews them."""
        return TriedLock(_lock_path(self._identity))

    def load(self) -> Tokens | None:
        """Return the tokens that are stored.

        Raises:
            ConnectionInvalid: the file or the keyring cannot be read.
        """
        entry = entries().get(self._name)
        if entry is None or entry.identity != self._identity:
            return None
        found = entry.tokens if entry.home == "file" else vault.look_up(entry.items[1], self._name)
        try:
            return None if found is None else stored_tokens(found)
        except ValueError:
            return None

    def save(self, tokens: Tokens) -> None:
        """Store these. What cannot be stored can be used still, so that it is a warning."""
        try:
            keep_tokens(self._name, self._identity, tokens.as_json())
        except ConnectionInvalid as error:
            import warnings

            message = f"the new tokens of the connection {self._name!r} are not stored: {error}"
            warnings.warn(message, RuntimeWarning, stacklevel=2)


def _lock_path(identity: str) -> Path:
    return connections_path().with_name(f"{identity}.lock")


@contextmanager
def _changing() -> Iterator[dict[str, Entry]]:
    """Give the stored connections to be changed; they are written at the end, unless it raises."""
    path = connections_path()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(path.with_name("connections.lock")):
            known = _read(path)
            yield known
            write_whole(path.resolve(), _text(known), lasting=True)
    except OSError as error:
        message = f"the connections cannot be written: {error.filename or path}: {error.strerror or error}"
        raise ConnectionInvalid("", message) from None
    except UnicodeEncodeError:  # as a variable has it whose bytes are no UTF-8
        message = "the connections cannot be written: a field holds half a surrogate pair, which is no text"
        raise ConnectionInvalid("", message) from None


def _text(known: dict[str, Entry]) -> str:
    listed = {}
    for name, one in sorted(known.items()):
        shown = {key: getattr(one, key) for key in _KEYS if key != "tokens" or one.tokens}
        listed[name] = shown
    whole = {"about": _ABOUT, "version": _VERSION, "connections": listed}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _read(path: Path) -> dict[str, Entry]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        message = f"the stored connections cannot be read: {path}: {error.strerror or error}"
        raise ConnectionInvalid("", message) from None
    except (ValueError, RecursionError) as error:
        why = f"line {error.lineno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else "it is no UTF-8 JSON"
        raise _damaged(path, why) from None
    if isinstance(found, dict) and isinstance(version := found.get("version"), int) and version > _VERSION:
        raise ConnectionInvalid("", f"{path} was written by a newer version of Koppling; nothing was changed")
    try:
        return {name: _entry(one) for name, one in found["connections"].items()}
    except (KeyError, TypeError, AttributeError):
        raise _damaged(path, "it is no file of connections") from None


def _damaged(path: Path, why: str) -> ConnectionInvalid:
    message = f"the stored connections cannot be read: {path} is damaged: {why}. Mend it or move it away"
    return ConnectionInvalid("", f"{message}; nothing was changed")


def _entry(found: dict[str, Any]) -> Entry:
    """Return an entry as the file has it.

    Raises:
        KeyError, TypeError: it is none.
    """
    entry = Entry(**{key: found[key] for key in _KEYS if key != "tokens"}, tokens=found.get("tokens"))
    texts = isinstance(entry.identity, str) and isinstance(entry.connector, str) and entry.home in {"keyring", "file"}
    if not (texts and isinstance(entry.fields, dict) and isinstance(entry.secrets, dict)):
        raise TypeError
    if not isinstance(entry.tokens, dict | None):
        raise TypeError
    return entry
